"""`predvid doctor` finds what usually goes wrong and says what to do; each finding is provoked for real."""

import contextlib
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from predvid.core.model import Said
from predvid.core.wording import plainly
from predvid.server import certificates, look_notices, look_secrets, looks_data, looks_machine
from predvid.server import doctor as doctor_verb
from predvid.server.clock_look import EPOCH, clock_offset, time_server
from predvid.server.doctor_texts import TEXTS
from predvid.server.findings import Finding, said
from up_process import Up, clean_environment, predvid, running, wait

LOOKS = (doctor_verb, look_notices, look_secrets, looks_data, looks_machine)
NOBODY = ("127.0.0.1", 9)  # the discard port: nobody answers


class TimeServer:
    """A time server (SNTP) on loopback whose clock is `ahead` seconds ahead of ours."""

    def __init__(self, ahead: float, first: int = 0x24, stratum: int = 2) -> None:
        self.ahead, self.first, self.stratum = ahead, first, stratum
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = ("127.0.0.1", int(self.socket.getsockname()[1]))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                _, asker = self.socket.recvfrom(64)
                now = time.time() + self.ahead + EPOCH
                stamp = struct.pack("!II", int(now) % (1 << 32), int(now % 1 * (1 << 32)))
                self.socket.sendto(bytes((self.first, self.stratum)) + 38 * b"\0" + stamp, asker)


@pytest.fixture
def right_time() -> Iterator[str]:
    """The address of a time server that agrees with this machine."""
    server = TimeServer(0.0)
    yield "{}:{}".format(*server.address)
    server.socket.close()


def doctor(data: Path, server: str, *more: str, **env: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Return the exit status of `predvid doctor` and its findings by what was looked at."""
    done = predvid("doctor", "--json", "--data", str(data), "--time-server", server, *more, **env)
    assert not done.stderr, done.stderr
    return done.returncode, {finding["what"]: finding for finding in json.loads(done.stdout)}


def test_nothing_bad_before_the_first_start(tmp_path: Path, right_time: str) -> None:
    status, found = doctor(tmp_path / "data", right_time, "--port", "1")
    assert {what for what, one in found.items() if one["state"] == "bad"} <= {"Disk"}
    assert status == (1 if found["Disk"]["state"] == "bad" else 0)
    assert found["Clock"]["state"] == "ok"
    assert all(one["do"] for one in found.values() if one["state"] != "ok")
    assert not (tmp_path / "data").exists()


def test_words_for_people(tmp_path: Path, right_time: str) -> None:
    done = predvid("doctor", "--data", str(tmp_path), "--time-server", right_time, PATH="/nowhere")
    assert f"warning  Data directory: {tmp_path} can be read by others" in done.stdout or not (
        tmp_path.stat().st_mode & 0o077
    )
    assert re.search(r"^ok       Clock: 0\S* s (ahead|behind)$", done.stdout, re.MULTILINE)


def test_words_in_croatian(tmp_path: Path, right_time: str) -> None:
    tmp_path.chmod(0o755)
    words = ("doctor", "--data", str(tmp_path), "--time-server", right_time, "--port", "1")
    croatian = {"LANG": "hr_HR.UTF-8", "LC_ALL": "", "LC_MESSAGES": ""}
    for done in (predvid(*words, **croatian), predvid(*words, "--lang", "hr")):
        assert f"upozorenje  Mapa s podacima: mapu {tmp_path} mogu čitati i drugi korisnici" in done.stdout
        assert re.search(r"^u redu      Sat: (žuri|kasni) 0\S* s$", done.stdout, re.MULTILINE)
        assert "warning" not in done.stdout
    done = predvid(*words, "--json", "--lang", "hr")
    port = next(one for one in json.loads(done.stdout) if one["what"] == "Port")
    assert port == {"what": "Port", "state": "ok", "seen": "port 1 je slobodan; predvid ne radi", "do": ""}


def test_every_sentence_takes_the_same_values_in_both_languages() -> None:
    for id, text in TEXTS.items():
        places = [set(re.findall(r"\{(\w+)", pattern)) for pattern in (text.en, text.hr)]
        assert places[0] == places[1], id


def test_every_sentence_that_a_look_says_exists() -> None:
    code = "".join(Path(str(one.__file__)).read_text() for one in LOOKS)
    for id in re.findall(r'said\(\s*"([\w.]+)"', code):
        assert id in TEXTS, id
    assert (
        plainly(Said("space", {"free": 1.5e9, "path": "/srv"}), "hr", TEXTS) == "slobodno 1,5 GB, mapa /srv"
    )


def test_a_taken_port(tmp_path: Path, right_time: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        status, found = doctor(tmp_path, right_time, "--port", port)
    assert status == 1
    assert found["Port"]["state"] == "bad"
    assert port in found["Port"]["seen"]
    assert "--port" in found["Port"]["do"]


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A disk with little room: a small file system in memory; without root, the one there is will do."""
    folder = tmp_path / "tiny"
    folder.mkdir(mode=0o700)
    if os.geteuid():
        yield folder
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(tiny: Path) -> None:
    finding = looks_data.space(tiny / "data")
    assert (finding.state == "bad") == (shutil.disk_usage(tiny).free < looks_data.LOW_BYTES)
    if os.path.ismount(tiny):
        assert finding.state == "bad"
        assert finding.seen().endswith(f" MB free on {tiny}")
        assert "nothing is lost" in finding.do()


def test_data_that_are_no_folder_or_open_to_others(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    assert looks_data.folder(file).state == "bad"
    (tmp_path / "open").mkdir(mode=0o755)
    finding = looks_data.folder(tmp_path / "open")
    assert (finding.state, finding.do()) == ("warning", f"chmod 700 {tmp_path / 'open'}")


def test_data_of_somebody_else(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o000)
    script = (
        "import os, sys; from pathlib import Path; from predvid.server import looks_data\n"
        "if not os.geteuid(): os.seteuid(65534)\n"
        "print(looks_data.folder(Path(sys.argv[1])).state)"
    )
    for part in (tmp_path, *tmp_path.parents[:-2]):
        part.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", script.replace("os.seteuid(65534)", "os.setuid(65534)"), str(data)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "bad\n", done.stderr


@pytest.mark.parametrize(("ahead", "state"), [(0.0, "ok"), (-3600.0, "bad"), (90.0, "bad"), (4e8, "bad")])
def test_a_wrong_clock(ahead: float, state: str) -> None:
    server = TimeServer(ahead)
    finding = looks_machine.clock([NOBODY, server.address])
    server.socket.close()
    assert finding.state == state
    slow = {90.0: "90 s behind", -3600.0: "3,600 s ahead", 4e8: "400,000,000 s behind"}
    assert finding.seen() == slow.get(ahead, finding.seen())


def test_a_time_server_that_knows_no_time_is_not_believed() -> None:
    for first, stratum in ((0xE4, 2), (0x24, 0), (0x21, 2)):
        server = TimeServer(3600, first, stratum)
        assert clock_offset([server.address], timeout=0.5) is None
        server.socket.close()
    assert looks_machine.clock([NOBODY]).state == "warning"


def test_time_servers_are_named_by_host_and_port() -> None:
    assert time_server("ntp.example") == ("ntp.example", 123)
    assert time_server("[2001:db8::1]") == ("2001:db8::1", 123)
    assert time_server("[2001:db8::1]:1123") == ("2001:db8::1", 1123)
    done = predvid("doctor", "--time-server", "host:none")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_a_missing_program(tmp_path: Path, right_time: str) -> None:
    missing = looks_machine.program("predvid-no-such-program", "smart.missing", "no-such-package")
    assert missing.state == "warning"
    assert missing.seen() == "not installed: drive health cannot be read"
    assert "no-such-package" in missing.do()
    (tmp_path / "smartctl").write_text("#!/bin/sh\n")
    (tmp_path / "smartctl").chmod(0o755)
    assert doctor(tmp_path, right_time, PATH=str(tmp_path))[1]["smartctl"]["state"] == "ok"


def test_a_missing_time_service() -> None:
    assert looks_machine.time_service(["no-such-service"]).state == "warning"
    own = Path("/proc/self/comm").read_text().strip()
    assert looks_machine.time_service([own]) == Finding("Time service", "ok", said("time.runs", name=own))


def test_an_environment_of_another_python(tmp_path: Path) -> None:
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.9.2\n")
    finding = looks_machine.python(tmp_path)
    assert finding.state == "bad"
    assert "3.9" in finding.seen()
    (tmp_path / "pyvenv.cfg").write_text("version_info = {}.{}.1\n".format(*sys.version_info))
    assert looks_machine.python(tmp_path).state == "ok"
    assert looks_machine.python().state == "ok"


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ("console", "2026-11-23 00:00:00,000 ERROR django.request: Internal Server Error: /"),
        ("gateway", "Traceback (most recent call last):"),
        ("store", "predvid serve: The store cannot serve"),
    ],
)
def test_errors_in_logs(part: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    log = tmp_path / "log" / f"{part}.log"
    log.write_text("all is well\n")
    assert looks_data.logs(tmp_path).state == "ok"
    log.write_text(f"all is well\n{line}\n")
    finding = looks_data.logs(tmp_path)
    assert finding.state == "warning"
    assert part in finding.seen()
    assert line in finding.seen()
    assert looks_data.logs(tmp_path, time.time() + 100_000).state == "ok"


def test_a_certificate_that_ends(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert looks_data.certificate(tmp_path, now).state == "ok"
    certificates.ensure(tmp_path / "tls", ["localhost"], now)
    assert looks_data.certificate(tmp_path, now).state == "ok"
    assert looks_data.certificate(tmp_path, now + timedelta(days=380)).state == "bad"
    (tmp_path / "tls" / "gateway.pem").write_text("nonsense")
    assert looks_data.certificate(tmp_path, now).state == "bad"


def test_an_authority_that_ends_is_told_a_year_before(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    assert looks_data.authority(tmp_path, now).state == "ok"
    certificates.ensure(tmp_path / "tls", ["localhost"], now)
    end = now + timedelta(days=certificates.CA_DAYS)
    states = [looks_data.authority(tmp_path, end - timedelta(days=n)).state for n in (366, 364, 20, -1)]
    assert states == ["ok", "warning", "bad", "bad"]
    told = looks_data.authority(tmp_path, end - timedelta(days=300))
    assert "every agent" in told.do()
    assert "svakog agenta" in told.do("hr")
    (tmp_path / "tls" / "ca.pem").unlink()  # what it advises works: both are made anew and belong together
    (tmp_path / "tls" / "ca.key").unlink()
    certificates.ensure(tmp_path / "tls", ["localhost"], end)
    assert looks_data.authority(tmp_path, end).state == looks_data.certificate(tmp_path, end).state == "ok"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with running(tmp_path_factory.mktemp("patient") / "data") as one:
        yield one


def test_a_healthy_installation(up: Up, right_time: str) -> None:
    _, found = doctor(up.data, right_time)
    assert found["Port"] == {
        "what": "Port",
        "state": "ok",
        "seen": f"{up.port} answers: predvid is running",
        "do": "",
    }
    assert found["Agent"]["state"] == "ok"
    assert found["Logs"]["state"] == "ok", found["Logs"]
    assert found["Data directory"] == {
        "what": "Data directory",
        "state": "ok",
        "seen": str(up.data),
        "do": "",
    }


def test_an_agent_without_a_usable_identity(tmp_path: Path) -> None:
    assert looks_data.agent(tmp_path).state == "ok", "there is no agent"
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "agent.json").write_text("{}")
    finding = looks_data.agent(tmp_path)
    assert finding.state == "bad"
    assert finding.seen().count("\n") == 0


def test_an_agent_that_does_not_deliver(up: Up) -> None:
    up.end()
    assert looks_data.agent(up.data).seen().startswith("not running")
    process = subprocess.Popen(
        [sys.executable, "-m", "predvid", "agent", "run", "--state", str(up.data / "agent")],
        env=clean_environment(),
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(lambda: looks_data.agent(up.data).state == "bad", "the doctor sees it")
        assert f"127.0.0.1:{up.port}" in looks_data.agent(up.data).seen()
    finally:
        process.terminate()
        process.wait(20)
