"""`predvid up`: one command, one address, five processes that come back, and an end without leftovers."""

import json
import os
import pty
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from installation import free_port
from up_process import PARTS, Up, clean_environment, predvid, running, wait, without_colours

STOP_SECONDS = 15


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A running installation for the tests that leave it running."""
    with running(tmp_path_factory.mktemp("up") / "data") as one:
        yield one


def refused(*arguments: str, status: int) -> str:
    """Return the one line with which `predvid up` refuses."""
    done = predvid("up", *arguments)
    assert (done.returncode, done.stdout) == (status, ""), done.stderr
    lines = [
        line
        for line in done.stderr.splitlines()
        if not line.startswith(("predvid: all stopped", "predvid: sve je"))
    ]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_ready_line_page_and_samples(up: Up) -> None:
    assert up.ready["event"] == "ready"
    assert up.ready["url"] == f"http://127.0.0.1:{up.port}/"
    assert up.ready["data"] == str(up.data)
    assert up.page() == 200
    assert up.status()["devices"] == {"total": 1, "online": 1, "offline": 0}
    assert up.page(up.ready["sign_in"].removeprefix(up.ready["url"])) == 200


def test_plain_lines_without_a_terminal(up: Up) -> None:
    shown = up.shown.read_text()
    assert "\x1b" not in shown
    assert "predvid: Waiting for the store …\n" in shown
    assert up.ready["sign_in"] in shown
    assert str(up.data) in shown
    assert "automation is off" in shown
    assert f"predvid trust init --data {up.data}" in shown


def test_refusals_in_croatian(up: Up, tmp_path: Path) -> None:
    assert "navedite port od 1 do 65535" in refused("--port", "0", "--lang", "hr", status=2)
    line = refused("--data", str(up.data), "--port", str(free_port()), "--lang", "hr", status=1)
    assert f"na mapi {up.data} već radi" in line
    line = refused("--data", str(tmp_path / "other"), "--port", str(up.port), "--lang", "hr", status=1)
    assert f"Port {up.port} na adresi 127.0.0.1 nije moguće upotrijebiti" in line
    file = tmp_path / "file"
    file.touch()
    assert "nije moguće upotrijebiti" in refused("--data", str(file), "--lang", "hr", status=2)


def test_the_data_are_for_our_eyes_only(up: Up) -> None:
    assert stat.S_IMODE(up.data.stat().st_mode) == 0o700
    for secret in [
        *(up.data / "keys").iterdir(),
        up.data / "agent" / "agent.key",
        up.data / "run/place.json",
        up.data / "predvid.sqlite3",
        *(up.data / "log").iterdir(),
    ]:
        assert not secret.stat().st_mode & 0o077, secret


def test_only_loopback_listens(up: Up) -> None:
    processes = up.processes()
    assert len(processes) >= len(PARTS)
    listening = [
        link.laddr
        for process in processes
        for link in process.net_connections("inet")
        if link.status == psutil.CONN_LISTEN
    ]
    assert up.port in {address.port for address in listening}
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_a_second_start_on_the_same_data_is_refused(up: Up) -> None:
    line = refused("--data", str(up.data), "--port", str(free_port()), status=1)
    assert f"already runs on {up.data}" in line
    assert str(up.process and up.process.pid) in line
    assert up.page() == 200


def test_a_taken_port_is_refused(up: Up, tmp_path: Path) -> None:
    line = refused("--data", str(tmp_path / "other"), "--port", str(up.port), status=1)
    assert f"Port {up.port} on 127.0.0.1 cannot be used" in line
    assert "Choose another with --port" in line
    assert f"doctor --port {up.port} --data {tmp_path / 'other'}" in line
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_out_of_range_is_refused(port: str, tmp_path: Path) -> None:
    assert "from 1 to 65535" in refused("--data", str(tmp_path / "d"), "--port", port, status=2)
    assert not (tmp_path / "d").exists()


def test_an_address_that_is_none_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert "no.such.invalid" in refused("--data", str(data), "--listen", "no.such.invalid", status=2)
    assert not data.exists()


def test_data_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("not a folder")
    assert "cannot be used" in refused("--data", str(file), status=2)
    assert "cannot be used" in refused("--data", "/proc/predvid", status=2)
    assert file.read_text() == "not a folder"


@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_comes_back(up: Up, part: str) -> None:
    before = up.parts()
    family = [before[part], *before[part].children(recursive=True)]
    before[part].send_signal(signal.SIGKILL)
    wait(lambda: part in (now := up.parts()) and now[part].pid != before[part].pid, f"{part} comes back")
    wait(lambda: up.page() == 200, "the page answers")
    # a program that a check had started, such as apt-get, may finish first
    wait(lambda: not any(process.is_running() for process in family), "nothing of it stays")
    assert {name: one.pid for name, one in up.parts().items() if name != part} == {
        name: one.pid for name, one in before.items() if name != part
    }


def test_after_all_that_samples_are_delivered(up: Up) -> None:
    began = time.time()
    wait(lambda: delivered(up) > began, "the agent delivers")


def delivered(up: Up) -> float:
    """Return when the local agent last had something acknowledged (seconds since 1970)."""
    text = str(up.agent()["delivered"]).removesuffix("Z")
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S")) - time.timezone if text != "None" else 0.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_it_ends_nothing_stays_and_it_starts_again(up: Up, number: signal.Signals) -> None:
    began, left = time.monotonic(), up.processes()
    status = up.end(number)
    if number == signal.SIGKILL:
        up.start()  # at once, while what the killed one left is still stopping
    else:
        assert status == 0
        assert up.shown.read_text().endswith("predvid: all stopped\n")
        assert time.monotonic() - began < STOP_SECONDS
        assert not up.processes()
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", up.port))
        up.start()
    assert not [process for process in left if process.is_running()]
    assert up.page() == 200
    assert set(up.parts()) == set(PARTS)
    assert up.status()["devices"] == {"total": 1, "online": 1, "offline": 0}


def test_an_unwilling_part_does_not_hold_up_the_end(up: Up) -> None:
    stuck = up.parts()["worker"]
    stuck.suspend()
    began = time.monotonic()
    assert up.end(signal.SIGINT) == 0
    assert time.monotonic() - began < STOP_SECONDS
    assert not up.processes()
    up.start()


def test_a_part_that_cannot_run_ends_it_with_its_log(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "store").mkdir(parents=True)
    (data / "store" / "data").write_text("in the way")
    (data / "store" / "metadata").write_text("in the way")
    done = predvid("up", "--data", str(data), "--port", str(free_port()))
    assert done.returncode == 1
    assert "The store does not stay up. Its log says:" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_terminal_shows_the_steps(tmp_path: Path) -> None:
    """The start is shown in a line that changes; Ctrl-C in the middle ends it as cleanly as later."""
    ours, theirs = pty.openpty()
    data, port = str(tmp_path / "data"), str(free_port())
    process = subprocess.Popen(
        [sys.executable, "-m", "predvid", "up", "--data", data, "--port", port, "--no-browser"],
        env=clean_environment(TERM="xterm", COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while b"Starting gateway" not in seen:
        seen += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
    except OSError:  # the other side is closed
        os.close(ours)
    assert process.wait(60) == 130
    assert b"\x1b[" in seen
    assert "all stopped" in without_colours(seen.decode())
    assert "Traceback" not in seen.decode()
    assert not Up(Path(data)).processes()


def test_status_in_a_line_of_json(up: Up) -> None:
    status = up.status()
    assert {"devices", "samples_per_s", "alerts", "version"} <= status.keys()
    assert set(status["alerts"]) == {"critical", "warning", "unknown", "acknowledged"}
    json.dumps(status)
