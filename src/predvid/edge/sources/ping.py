"""One ICMP echo (RFC 792, RFC 4443) to an address of the device's own networks, e.g. its gateway."""

import ctypes
import ipaddress
import os
import socket
import struct
import sys
import time
from typing import Any

WAIT = 1.5  # seconds for one answer
TRIES = 2
DATA = b"predvid-echo-data"


def ping(argument: str) -> dict[str, Any]:
    """Return {seconds} of the first answer of ADDRESS, None without one; raise OSError without privilege."""
    address = ipaddress.ip_address(argument)
    for _ in range(TRIES):
        seconds = _windows(address) if sys.platform == "win32" else _posix(address)
        if seconds is not None:
            return {"seconds": seconds}
    return {"seconds": None}


def _posix(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> float | None:
    six = address.version == 6
    family = socket.AF_INET6 if six else socket.AF_INET
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    with _socket(family, protocol) as sock:
        number = os.getpid() & 0xFFFF
        mark = struct.pack(">HH", number, 1) + DATA
        raw = sock.type == socket.SOCK_RAW
        kind = 128 if six else 8
        body = bytes([kind, 0]) + _checksum(bytes([kind, 0, 0, 0]) + mark) + mark
        began = time.monotonic()
        sock.sendto(body, (str(address), 0))
        while (left := began + WAIT - time.monotonic()) > 0:
            sock.settimeout(left)
            try:
                answer, peer = sock.recvfrom(512)
            except TimeoutError:
                return None
            if raw and not six:
                answer = answer[(answer[0] & 15) * 4 :]
            good = answer[:1] == bytes([129 if six else 0]) and answer.endswith(DATA)
            if good and peer[0].partition("%")[0] == str(address) and (not raw or answer[4:6] == mark[:2]):
                return time.monotonic() - began
    return None


def _socket(family: int, protocol: int) -> socket.socket:
    try:
        return socket.socket(family, socket.SOCK_DGRAM, protocol)  # net.ipv4.ping_group_range allows it
    except OSError:
        return socket.socket(family, socket.SOCK_RAW, protocol)


def _checksum(packet: bytes) -> bytes:
    """Return the internet checksum (RFC 1071); the kernel fills in that of ICMPv6 itself."""
    packet += b"\0" * (len(packet) % 2)
    total = sum(struct.unpack(f">{len(packet) // 2}H", packet))
    total = (total >> 16) + (total & 0xFFFF)
    return struct.pack(">H", ~(total + (total >> 16)) & 0xFFFF)


def _windows(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> float | None:
    """Ask Windows' own IcmpSendEcho, which needs no privilege (iphlpapi, IPv4 only)."""
    if address.version == 6:
        raise NotImplementedError("no IPv6 echo on Windows")
    library = ctypes.WinDLL("iphlpapi")  # type: ignore[attr-defined,unused-ignore]
    library.IcmpCreateFile.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.IcmpCreateFile())
    reply = ctypes.create_string_buffer(512)
    try:
        target = ctypes.c_uint32(int.from_bytes(address.packed, "little"))
        count = library.IcmpSendEcho(
            handle,
            target,
            DATA,
            ctypes.c_uint16(len(DATA)),
            None,
            reply,
            512,
            ctypes.c_uint32(int(WAIT * 1000)),
        )
    finally:
        library.IcmpCloseHandle(handle)
    status, milliseconds = struct.unpack_from("<II", reply.raw, 4)
    return milliseconds / 1000 if count and status == 0 else None
