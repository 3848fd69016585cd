"""A real NUT with its dummy driver, and the form of apcupsd's answers."""

import os
import socket
import socketserver
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from predvid.checks.readers.ups_status import parse_apcupsd, parse_nut
from predvid.edge.sources.ups_daemons import apcupsd, nut

UNIT = """ups.mfr: Maker
ups.model: Model 1
battery.charge: 9
battery.runtime: 120
ups.load: 30
ups.status: OB LB
"""


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture
def upsd(tmp_path: Path) -> Iterator[str]:
    port = free_port()
    files = {
        "nut.conf": "MODE=standalone\n",
        "ups.conf": f"[rack]\n driver = dummy-ups\n port = {tmp_path}/rack.dev\n mode = dummy-once\n",
        "rack.dev": UNIT,
        "upsd.conf": f"LISTEN 127.0.0.1 {port}\n",
        "upsd.users": "",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o640)
    places = {name: str(tmp_path) for name in ("NUT_CONFPATH", "NUT_STATEPATH", "NUT_ALTPIDPATH")}
    environment = {**os.environ, **places, "MODE": "standalone"}
    commands = (["/lib/nut/dummy-ups", "-u", "root", "-a", "rack", "-D"], ["/sbin/upsd", "-u", "root", "-D"])
    running = []
    try:
        for command in commands:
            running.append(
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
        yield f"127.0.0.1:{port}"
    finally:
        for process in running:
            process.kill()
            process.wait()


def answered(address: str) -> str:
    """Ask until the daemon has heard of its unit."""
    deadline = time.monotonic() + 20
    while True:
        try:
            if '"OB LB"' in (text := nut(address)):
                return text
        except (OSError, ValueError):
            pass
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_real_upsd_is_understood(upsd: str) -> None:
    [unit] = parse_nut(answered(upsd))
    assert (unit.name, unit.model, unit.on_battery, unit.low) == ("rack", "Maker Model 1", True, True)
    assert (unit.charge, unit.runtime, unit.load) == (9.0, 120.0, 30.0)


def test_records_of_apcupsd_are_put_together() -> None:
    records = [
        b"APC      : 001,000,0000\n",
        b"UPSNAME  : desk\n",
        b"STATUS   : ONLINE\n",
        b"TIMELEFT : 31.5 Minutes\n",
    ]

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            assert self.rfile.read(8) == b"\x00\x06status"
            for record in [*records, b""]:
                self.wfile.write(struct.pack(">H", len(record)) + record)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        [unit] = parse_apcupsd(apcupsd(f"127.0.0.1:{server.server_address[1]}"))
    assert (unit.name, unit.on_battery, unit.runtime) == ("desk", False, 1890.0)
