"""A real NUT with its dummy driver, and the form of apcupsd's answers."""

import os
import socket
import socketserver
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.elsewhere import Elsewhere
from predvid.checks.collecting import collect, judge
from predvid.checks.errors import CannotRead
from predvid.checks.readers.ups_status import parse_apcupsd, parse_nut
from predvid.checks.registry import checks
from predvid.checks.v1 import Check, Result, State
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.questions import QUERIES
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


@dataclass(frozen=True)
class Daemons:
    """Where upsd answers, and the processes of the driver and of upsd."""

    address: str
    driver: subprocess.Popen[bytes]
    server: subprocess.Popen[bytes]


@pytest.fixture
def upsd(tmp_path: Path) -> Iterator[Daemons]:
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
    commands = (
        ["/lib/nut/dummy-ups", "-u", "root", "-a", "rack", "-D"],
        ["/lib/nut/upsd", "-u", "root", "-D"],
    )
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(
                subprocess.Popen(
                    command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
        yield Daemons(f"127.0.0.1:{port}", *running)
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


def ended(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def test_a_unit_whose_driver_died_is_lost_and_a_stopped_daemon_is_a_finding(
    upsd: Daemons, tmp_path: Path
) -> None:
    check, source = checks()["ups"], Elsewhere({"/etc/nut": str(tmp_path), "/etc/apcupsd": str(tmp_path)})
    answered(upsd.address)
    ended(upsd.driver)
    deadline = time.monotonic() + 20
    while not parse_nut(nut(upsd.address))[0].lost:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    bad = {r.item for r in judged(check, source) if r.state is State.CRITICAL}
    assert bad == {"rack lost"}
    ended(upsd.server)
    assert {r.item for r in judged(check, source) if r.state is State.CRITICAL} == {"nut silent"}


def judged(check: Check, source: HostSource) -> list[Result]:
    got = collect(check, source, check.params, {})
    assert got.error is None
    return judge(check, got.samples, check.params)[0]


def test_nobody_listening_is_told_without_words_of_the_system() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(CannotRead) as refused:
        HostSource("windows", {}, queries=QUERIES).query("nut", address)
    assert refused.value.said.id == "read.refused"


def test_a_real_upsd_is_understood(upsd: Daemons) -> None:
    [unit] = parse_nut(answered(upsd.address))
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
