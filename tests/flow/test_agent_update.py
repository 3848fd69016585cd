"""A device that was installed by the page's commands renews itself, and goes back from what does not work."""

import json
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flow.browsing import Visitor
from flow.releasing import BROKEN, Service, later
from flow.test_agent_install import PYTHON, commands
from flow.test_agent_install import owner as owner
from flow.test_agent_install import up as up
from predvid.core.trust import Signer, digest, public_key
from predvid.edge import launch, pin
from predvid.edge.identity import StateFolder
from predvid.operator.release_repository import KeySigner, Repository
from up_process import Up, clean_environment, wait

ROOT, OPERATOR = bytes([1]) * 32, bytes([2]) * 32


class Device:
    """A device with an agent of its own, kept running by a service manager."""

    def __init__(self, up: Up, owner: Visitor, folder: Path) -> None:
        self.up, self.owner = up, owner
        self.home, self.state = folder / "opt", folder / "state"
        steps = commands(owner, "linux")
        for step in ("environment", "agent", "needs", "enrol"):
            extra = f" --state {self.state} --name RENEWED-01" if step == "enrol" else ""
            self.run(
                steps[step].replace("/opt/predvid", str(self.home)).replace("python3 -m", f"{PYTHON} -m")
                + extra
            )
        approve = re.search(r'action="(/agents/[0-9a-f-]{36}/approve)"', owner.page("/enrol/"))
        assert approve
        owner.send("/enrol/", approve.group(1))
        now = int(datetime.now(UTC).timestamp() * 1000)
        pin.write(StateFolder(self.state), digest(public_key(ROOT)), now)
        make = "from predvid.edge import service; print(*service.starting(), sep='\\n')"
        start = self.run(f'{self.home}/bin/python -c "{make}"').split("\n")
        self.service = Service([*filter(None, start), "--state", str(self.state)], folder / "agent.log")

    def run(self, command: str) -> str:
        """Run a command of the shell on the device; return what it says."""
        done = subprocess.run(
            ["sh", "-c", command], env=clean_environment(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def events(self) -> str:
        """Return the page of the device."""
        device = re.search(
            r'href="(/devices/[0-9a-f-]{36}/)"[^>]*>\s*RENEWED-01', self.owner.page("/devices/")
        )
        return self.owner.page(device.group(1)) if device else ""

    def version(self) -> str:
        """Return the version that the command of the first installation leads to."""
        return self.run(f"{self.home}/bin/predvid --version").split()[-1]

    def want(self, version: str) -> None:
        """Let the plan name a release."""
        agent = json.loads((self.state / "agent.json").read_text())["agent"].replace("-", "")
        with sqlite3.connect(self.up.data / "predvid.sqlite3", timeout=30) as db:
            db.execute("UPDATE inventory_agent SET update_to = ? WHERE id = ?", (version, agent))
            db.execute(
                "UPDATE inventory_device SET plan_version = plan_version + 1"
                " WHERE id = (SELECT device_id FROM inventory_agent WHERE id = ?)",
                (agent,),
            )
        db.close()


@pytest.fixture(scope="module")
def releases(up: Up) -> Repository:
    repository = Repository(up.data / "releases")
    repository.create(
        KeySigner(Signer(ROOT)), [public_key(OPERATOR)], KeySigner(Signer(OPERATOR)), datetime.now(UTC)
    )
    return repository


@pytest.fixture(scope="module")
def device(up: Up, owner: Visitor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Device]:
    one = Device(up, owner, tmp_path_factory.mktemp("renewed"))
    yield one
    one.service.stop()


def publish(releases: Repository, folder: Path, version: str, broken: str = "") -> None:
    releases.publish(later(folder, version, broken), KeySigner(Signer(OPERATOR)), datetime.now(UTC))


def test_a_device_renews_itself_and_says_so(device: Device, releases: Repository, tmp_path: Path) -> None:
    publish(releases, tmp_path, "0.1.1")
    wait(lambda: "%" in device.events(), "its samples are on its page")
    device.want("0.1.1")
    wait(lambda: "Agent renewed to version 0.1.1" in device.events(), "the renewal is on its page", 120)
    assert device.version() == "0.1.1"
    standing = launch.read(device.home)
    assert (standing["trial"], standing["counter"], standing["current"]) == (False, 2, "0.1.1-2")


@pytest.mark.parametrize(
    ("number", "broken"),
    [pytest.param(n, one, marks=pytest.mark.long if n > 2 else ()) for n, one in enumerate(BROKEN, start=2)],
)
def test_a_release_that_does_not_work_is_left_again(
    device: Device, releases: Repository, tmp_path: Path, number: int, broken: str
) -> None:
    version = f"0.1.{number}"
    publish(releases, tmp_path, version, broken)
    device.want(version)
    wait(lambda: f"Release {version} did not prove itself" in device.events(), "the way back is told", 120)
    assert device.version() == "0.1.1"
    assert "%" in device.events()


def test_an_older_release_is_not_taken(device: Device, releases: Repository, tmp_path: Path) -> None:
    device.want("0.1.1")
    done = subprocess.run(
        [str(device.home / "bin/predvid"), "agent", "update", "0.1.2", "--state", str(device.state)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "is not newer" in done.stderr
