"""A second machine for tests: a network namespace behind a virtual cable, or without root this one again."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Cable:
    """`server` is the address on which the first machine listens; `prefix` runs a command on the second."""

    server: str
    prefix: tuple[str, ...]


@contextmanager
def cable() -> Iterator[Cable]:
    """Give a second machine that reaches this one by an address off loopback (RFC 2544's test range)."""
    if os.geteuid() or not shutil.which("ip"):
        yield Cable("127.0.0.2", ())
        return
    number = os.getpid() % 16384
    name, net = f"pv{os.getpid()}", f"198.{18 + number // 8192}.{number // 64 % 128 * 2}.{number % 64 * 4}"
    low = net.rpartition(".")
    server, client = (f"{low[0]}.{int(low[2]) + n}" for n in (1, 2))
    try:
        for line in (
            f"netns add {name}",
            f"link add {name}a type veth peer name {name}b netns {name}",
            f"addr add {server}/30 dev {name}a",
            f"link set {name}a up",
            f"-n {name} addr add {client}/30 dev {name}b",
            f"-n {name} link set lo up",
            f"-n {name} link set {name}b up",
        ):
            subprocess.run(["ip", *line.split()], check=True, capture_output=True, text=True)
        yield Cable(server, ("ip", "netns", "exec", name))
    finally:
        subprocess.run(["ip", "link", "del", f"{name}a"], check=False, capture_output=True)
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
