"""The table `listening`: sockets that wait for somebody, with the program behind each.

Rows {protocol (`tcp`, `udp`), address, port, process}; `process` is empty where the system does not tell.
On Linux from /proc/net (proc_pid_net(5)); elsewhere by psutil.
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import psutil

from predvid.checks.readers.proc_net import MOST_SOCKETS, Bound, bound

_FILES = (("tcp", "tcp"), ("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6"))
_owners: dict[str, str] = {}  # the inode of a socket -> the program that had it when it was new


def listening() -> list[dict[str, Any]]:
    """Return the listening sockets of any system; raise psutil.AccessDenied where only root may ask."""
    rows, names = [], dict[int, str]()
    for socket in psutil.net_connections("inet"):
        udp = socket.type == 2  # SOCK_DGRAM has this number on every system
        if not socket.laddr or (socket.raddr if udp else socket.status != psutil.CONN_LISTEN):
            continue
        pid = socket.pid or 0
        if pid and pid not in names:
            names[pid] = _name(pid)
        row = {"protocol": "udp" if udp else "tcp", "address": socket.laddr.ip, "port": socket.laddr.port}
        rows.append(row | {"process": names.get(pid, "")})
    return rows[:MOST_SOCKETS]


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return ""


def linux_listening() -> list[dict[str, Any]]:
    """Return the listening sockets of this network namespace.

    Whose a socket is costs a look at every open file of every process: it is looked up once per socket.
    """
    sockets = [socket for protocol, file in _FILES for socket in _sockets(protocol, file)][:MOST_SOCKETS]
    inodes = {socket.inode for socket in sockets}
    for gone in set(_owners) - inodes:
        del _owners[gone]
    if new := inodes - set(_owners):
        _owners.update(dict.fromkeys(new, ""))
        _owners.update(_holders(new))
    return [
        {"protocol": s.protocol, "address": s.address, "port": s.port, "process": _owners[s.inode]}
        for s in sockets
    ]


def _sockets(protocol: str, file: str) -> Iterator[Bound]:
    try:
        with open(f"/proc/self/net/{file}", encoding="ascii", errors="replace") as lines:
            yield from bound(protocol, lines)
    except FileNotFoundError:  # a kernel without IPv6
        return


def _holders(inodes: Iterable[str]) -> Iterator[tuple[str, str]]:
    wanted = {f"socket:[{inode}]": inode for inode in inodes}
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with os.scandir(f"/proc/{pid}/fd") as files:
                held = {wanted[link] for file in files if (link := os.readlink(file.path)) in wanted}
            if held:
                with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
                    name = file.read().strip()
                yield from ((inode, name) for inode in held)
        except OSError:
            continue
