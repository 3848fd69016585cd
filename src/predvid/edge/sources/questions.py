"""Questions with an argument that every system answers alike.

`http` "ADDRESS PATH" (ADDRESS `unix:/run/x.sock` or a loopback `127.0.0.1:80`): {status, body}.
`ping` ADDRESS: {seconds}, None without an answer. `resolve` NAME: {addresses, seconds}.
`connect` "HOST:PORT": {seconds}. `sntp` HOST: {offset, delay, stratum}. `nut`, `apcupsd` "HOST:PORT": text.
`clamd` SOCKET: text. `bytes` PATH: base64. `link` PATH: what a symbolic link names.
`status` PATH: {size, modified, mode, owner, folder}. `wtmpdb` PATH: [{began,
ended}]. Seconds are floats.
"""

import base64
import os
import stat
from typing import Any

from predvid.edge.sources import clamd, wtmpdb
from predvid.edge.sources.host import refusal
from predvid.edge.sources.loopback_http import fetch
from predvid.edge.sources.ping import ping
from predvid.edge.sources.reach import connect, resolve
from predvid.edge.sources.sntp import ask as sntp
from predvid.edge.sources.ups_daemons import apcupsd, nut

MAX_BYTES = 4 << 20


def content(path: str) -> str:
    """Return the bytes of a regular file in base64; raise OSError, or ValueError where it is over 4 MiB."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise ValueError("not a regular file")
        read = file.read(MAX_BYTES + 1)
    if len(read) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    return base64.b64encode(read).decode()


def status(path: str) -> dict[str, Any]:
    """Return what the file system says of `path` (links followed): size in bytes, times in epoch seconds."""
    try:
        found = os.stat(path)
    except OSError as error:
        raise refusal(path, error) from None
    return {
        "size": found.st_size,
        "modified": found.st_mtime,
        "mode": stat.S_IMODE(found.st_mode),
        "owner": found.st_uid,
        "folder": stat.S_ISDIR(found.st_mode),
    }


QUERIES = {
    "http": fetch,
    "ping": ping,
    "nut": nut,
    "apcupsd": apcupsd,
    "resolve": resolve,
    "connect": connect,
    "sntp": sntp,
    "bytes": content,
    "link": os.readlink,
    "status": status,
    "clamd": clamd.ask,
    "wtmpdb": wtmpdb.starts,
}
