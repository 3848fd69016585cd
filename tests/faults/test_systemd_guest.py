"""The agent as a service under a live systemd, in a Debian 12 made for it: `make faults` runs this."""

import json
import re
import sqlite3
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.guest import Guest, missing
from flow.browsing import Visitor
from flow.test_agent_install import CLIENT, commands
from up_process import Up, running, wait

pytestmark = pytest.mark.long
ROOT = Path(__file__).parents[2]
UNIT = "predvid-agent"
PREDVID = "/opt/predvid/bin/predvid"
STATE = "var/lib/predvid-agent"
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/opt/wheels"}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A server with TLS by its own authority."""
    with running(tmp_path_factory.mktemp("server") / "data", "--listen", "127.0.0.2") as one:
        yield one


@pytest.fixture(scope="module")
def owner(up: Up) -> Visitor:
    """The owner, who has added a client."""
    visitor = Visitor(up.ready["url"], up.data / "tls" / "ca.pem")
    link = up.ready["sign_in"].removeprefix(up.ready["url"].rstrip("/"))
    person = {"name": "Iva Ivić", "email": "iva@example.com", "language": "en"}
    visitor.send(link, link, password="dovoljno duga rečenica", **person)
    visitor.send("/clients/", "/clients/add", name=CLIENT)
    return visitor


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    """A booted machine without Predvid; what its pip will need lies in a folder."""
    if lacks := missing():
        pytest.fail(f"this machine cannot boot a guest; missing: {', '.join(lacks)}")
    guest = Guest(tmp_path_factory.mktemp("machine") / "guest")
    guest.make()
    lock, wheels = ROOT / "src/predvid/edge/agent.lock", guest.root / "opt/wheels"
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--require-hashes")
    subprocess.run((*pip, "-r", str(lock), "-d", str(wheels)), check=True, timeout=300)
    try:
        guest.boot()
        yield guest
    finally:
        guest.stop()


@pytest.fixture(scope="module")
def guest(bare: Guest, owner: Visitor) -> Guest:
    """The machine with the agent's service, set up by the commands of the enrolment page and approved."""
    for step, command in commands(owner, "linux").items():
        bare.shell(command, **(OFFLINE if step in ("environment", "needs") else {}))
    approve = re.search(r'action="(/agents/[0-9a-f-]{36}/approve)"', owner.page("/enrol/"))
    assert approve
    owner.send("/enrol/", approve.group(1))
    return bare


def status(guest: Guest) -> dict[str, object]:
    found: dict[str, object] = json.loads(guest.run(PREDVID, "agent", "status", "--json"))
    return found


def delivered(guest: Guest) -> bool:
    link = status(guest)["link"]
    return isinstance(link, dict) and link["state"] == "well" and bool(link["delivered"])


def works(guest: Guest) -> bool:
    return guest.state(UNIT, "ActiveState", "SubState") == {"ActiveState": "active", "SubState": "running"}


def sealed(guest: Guest) -> set[tuple[str, int]]:
    with sqlite3.connect(guest.root / STATE / "outbox.db", timeout=30) as db:
        rows = {(str(boot), int(seq)) for boot, seq in db.execute("SELECT boot, seq FROM batch")}
    db.close()
    return rows


def test_the_installed_service_delivers(guest: Guest, owner: Visitor) -> None:
    assert works(guest)
    wait(lambda: delivered(guest), "a delivery")
    device = re.search(rf'href="(/devices/[0-9a-f-]{{36}}/)"[^>]*>\s*{guest.name}', owner.page("/devices/"))
    assert device
    wait(lambda: "%" in owner.page(device.group(1)), "its samples are on its page")


def test_killed_it_starts_again_and_stopped_it_ends_at_once(guest: Guest) -> None:
    guest.run("systemctl", "kill", "-s", "KILL", UNIT)
    wait(lambda: guest.state(UNIT, "NRestarts") == {"NRestarts": "1"} and works(guest), "the next start")
    wait(lambda: status(guest)["running"], "the agent")
    guest.run("systemctl", "stop", UNIT)
    assert guest.state(UNIT, "Result") == {"Result": "success"}, "it took too long or failed"
    guest.run("systemctl", "start", UNIT)


def tool_of_32_bits() -> bytes:
    """Return a program that ends well by system calls of i386, as some tools of RAID controllers use."""
    code, start, size = b"\xb8\x01\0\0\0\x31\xdb\xcd\x80", 0x08048000, 84
    ident = b"\x7fELF\x01\x01\x01" + bytes(9)
    head = struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, start + size, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    load = struct.pack("<IIIIIIII", 1, 0, start, start, size + len(code), size + len(code), 5, 0x1000)
    return ident + head + load + code


def test_what_the_unit_forbids_hinders_no_check(guest: Guest) -> None:
    tool = guest.root / "opt/tool32"
    tool.write_bytes(tool_of_32_bits())
    tool.chmod(0o755)
    ask = f"{PREDVID} agent selftest --json --lang en"
    before = guest.root / f"etc/systemd/system/{UNIT}.service.d/before.conf"
    before.parent.mkdir()
    before.write_text(
        f"[Service]\nExecStartPre=/opt/tool32\nExecStartPre=/bin/sh -c '{ask} >/var/tmp/inside.json'\n"
    )
    guest.run("systemctl", "daemon-reload")
    guest.run("systemctl", "restart", UNIT)
    remove_drop_in(before)
    guest.run("systemctl", "daemon-reload")
    inside = json.loads((guest.root / "var/tmp/inside.json").read_text())
    outside = json.loads(guest.shell(ask))
    said = [{row["check"]: row["verdict"] for row in each["checks"]} for each in (inside, outside)]
    assert said[0] == said[1]
    assert "ok" in said[0].values()


def remove_drop_in(file: Path) -> None:
    file.unlink()
    file.parent.rmdir()


def test_a_wrong_policy_keeps_it_down_and_installing_says_so(guest: Guest) -> None:
    policy = guest.root / STATE / "policy.toml"
    policy.write_text("checks = 1\n")
    said = guest.run(PREDVID, "agent", "service", "install", check=False)
    assert "is installed but does not run" in said
    down = guest.state(UNIT, "ActiveState", "NRestarts", "ExecMainStatus")
    assert down == {"ActiveState": "failed", "NRestarts": "0", "ExecMainStatus": "2"}
    policy.unlink()
    assert "runs now" in guest.run(PREDVID, "agent", "service", "install")


def test_the_outbox_outlives_a_restart_of_the_machine(guest: Guest, up: Up) -> None:
    wait(lambda: delivered(guest) and not sealed(guest), "nothing waits")
    up.end()
    wait(lambda: sealed(guest), "a batch waits")
    waiting = sealed(guest)
    guest.reboot()
    wait(lambda: works(guest) and status(guest)["running"], "the service after the restart")
    assert waiting <= sealed(guest)
    up.start()
    wait(lambda: not waiting & sealed(guest), "the old batches are delivered", 330)


def test_every_state_of_a_service(guest: Guest) -> None:
    units = {
        "broken": "ExecStart=/bin/false",
        "loops": "ExecStart=/bin/false\nRestart=always\nRestartSec=60",
        "lives": "ExecStart=/bin/sleep 1d\n[Install]\nAlias=nick.service",
        "once": "Type=oneshot\nExecStart=/bin/true",
        "remains": "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true",
        "stopped": "ExecStart=/bin/sleep 1d",
    }
    for name, lines in units.items():
        (guest.root / f"etc/systemd/system/{name}.service").write_text(f"[Service]\n{lines}\n")
    guest.run("systemctl", "daemon-reload")
    guest.run("systemctl", "enable", "lives")
    for name in units:
        guest.run("systemctl", "start", name, check=False)
    guest.run("systemctl", "stop", "stopped")
    wait(lambda: guest.state("loops", "SubState") == {"SubState": "auto-restart"}, "it waits for its start")
    guest.run("systemctl", "mask", "--runtime", "absent.service", check=False)
    wanted = "wanted=nick,loops,once,remains,stopped,absent,systemd-tmpfiles-clean.timer"
    said = json.loads(guest.run(PREDVID, "check", "run", "services", "--json", "--param", wanted))
    states = {result["item"]: result["state"] for result in said["results"]}
    assert states["broken.service"] == "CRITICAL"
    assert {states[f"{name}.service"] for name in ("loops", "lives", "remains")} == {"OK"}
    assert "stopped.service" not in states
    good = ("nick.service", "remains.service", "systemd-tmpfiles-clean.timer")
    assert {states[f"{name} running"] for name in good} == {"OK"}
    bad = ("loops.service", "once.service", "stopped.service", "absent.service")
    assert {states[f"{name} running"] for name in bad} == {"CRITICAL"}


def test_an_ordinary_user_may_look_but_not_install(guest: Guest) -> None:
    guest.run("useradd", "--create-home", "tech")
    said = guest.run("runuser", "-u", "tech", "--", PREDVID, "agent", "selftest", "--lang", "en")
    assert "ordinary user" in said
    for verb in ("install", "uninstall"):
        refused = guest.run("runuser", "-u", "tech", "--", PREDVID, "agent", "service", verb, check=False)
        assert "needs root" in refused
    assert works(guest)


def test_uninstalled_it_is_gone_and_the_identity_stays(guest: Guest) -> None:
    before = status(guest)["agent"]
    assert "stopped and removed" in guest.run(PREDVID, "agent", "service", "uninstall")
    assert guest.state(UNIT, "LoadState") == {"LoadState": "not-found"}
    assert "no service to remove" in guest.run(PREDVID, "agent", "service", "uninstall", check=False)
    guest.run(PREDVID, "agent", "service", "install")
    assert works(guest)
    assert status(guest)["agent"] == before
