"""The Zabbix protocol as a light sender: frames built beforehand, one short connection per request.

Source: Zabbix 6.0 manual, appendix "Header" and "Trapper items" (sender data).
"""

import json
import re
import socket
import struct
import threading
import time
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

HEADER = struct.Struct("<4sBII")  # "ZBXD", flags, data length, reserved (length before compression)
PLAIN, COMPRESSED = 0x01, 0x02
PROCESSED = re.compile(rb"processed: (\d+)")

Batch = tuple[int, list[tuple[int, float]]]  # host index, then (item index, value) of that host


def host_name(host: int) -> str:
    return f"device-{host}"


def item_key(item: int) -> str:
    return f"metric.{item}"


def frame(message: object) -> bytes:
    """One protocol packet with `message` as its JSON."""
    data = json.dumps(message, separators=(",", ":")).encode()
    return HEADER.pack(b"ZBXD", PLAIN, len(data), 0) + data


def sender_frame(batch: Batch) -> bytes:
    """One "sender data" request with all values of one host; without clocks: the server stamps them."""
    host, values = batch
    name = host_name(host)
    data = [{"host": name, "key": item_key(item), "value": str(value)} for item, value in values]
    return frame({"request": "sender data", "data": data})


def read_frame(connection: socket.socket) -> bytes:
    """The body of one packet, decompressed; raises ConnectionError when the other side hangs up early."""
    _, flags, length, _ = HEADER.unpack(_read_exactly(connection, HEADER.size))
    body = _read_exactly(connection, length)
    return zlib.decompress(body) if flags & COMPRESSED else body


def _read_exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        chunk = connection.recv(length - len(data))
        if not chunk:
            raise ConnectionError(f"connection closed after {len(data)} of {length} bytes")
        data += chunk
    return data


def exchange(address: tuple[str, int], request: bytes) -> bytes:
    """Send one prepared packet and return the body of the answer."""
    with socket.create_connection(address, timeout=60) as connection:
        connection.sendall(request)
        return read_frame(connection)


def send(address: tuple[str, int], request: bytes) -> int:
    """Send one prepared request; how many of its values the server says it processed."""
    match = PROCESSED.search(exchange(address, request))
    return int(match[1]) if match else 0


@dataclass(frozen=True)
class Sent:
    """What a run of senders got acknowledged."""

    values: int
    requests: int
    seconds: float


class Senders:
    """`connections` threads that send prepared requests round and round, as fast as they are answered.

    `requests_per_s` (all threads together) sets a pace instead; None sends flat out.
    """

    def __init__(self, address: tuple[str, int], requests: Iterable[bytes], connections: int) -> None:
        self._address = address
        self._requests = list(requests)
        self._connections = min(connections, len(self._requests))

    def run(self, seconds: float, requests_per_s: float | None = None) -> Sent:
        """Send for `seconds`; raises the first error that a sender met."""
        gap = self._connections / requests_per_s if requests_per_s else 0.0
        counts = [[0, 0] for _ in range(self._connections)]
        errors: list[OSError] = []
        start = time.monotonic()

        def work(lane: int) -> None:
            try:
                self._lane(lane, start + seconds, gap, counts[lane])
            except OSError as error:
                errors.append(error)

        threads = [
            threading.Thread(target=work, args=(lane,), daemon=True) for lane in range(self._connections)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]
        elapsed = time.monotonic() - start
        return Sent(sum(c[0] for c in counts), sum(c[1] for c in counts), elapsed)

    def _lane(self, lane: int, deadline: float, gap: float, count: list[int]) -> None:
        requests = self._requests[lane :: self._connections]
        due = time.monotonic()
        turn = 0
        while (now := time.monotonic()) < deadline:
            if gap and due > now:
                time.sleep(due - now)
            due += gap
            count[0] += send(self._address, requests[turn % len(requests)])
            count[1] += 1
            turn += 1
