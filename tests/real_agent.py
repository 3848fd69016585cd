"""The real agent as a process of its own, enrolled at the shared installation and pinned to a test's root."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

import fleet
from installation import Installation
from operators import Office
from predvid.edge import pin
from predvid.edge.identity import StateFolder
from predvid.modules.automation.models import AgentTrust, Task
from predvid.modules.inventory.models import Agent as AgentRow


def wait(done: Callable[[], object], what: str, seconds: float = 40.0) -> None:
    """Wait until `done()` is true; fail the test otherwise."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)


class RealAgent:
    """The agent of this machine in a state folder of its own."""

    def __init__(self, one: Installation, folder: Path, office: Office | None) -> None:
        site = fleet.new_site()
        one.predvid(
            "agent", "enroll", one.place.address, "--token", fleet.token(site), "--state", str(folder)
        )
        self.state = StateFolder(folder)
        self.id = msgspec.json.decode(self.state.membership.read_bytes())["agent"]
        if office is not None:
            pin.write(self.state, office.fingerprint, int(time.time() * 1000))
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        """Start the agent's process."""
        command = [sys.executable, "-m", "predvid", "agent", "run", "--state", str(self.state.path)]
        with (self.state.path / "test.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "NO_PROXY": "*"})
        return self.process

    def log(self) -> str:
        """Return what the agent wrote to its log."""
        return (self.state.path / "test.log").read_text(errors="replace")

    @property
    def row(self) -> AgentRow:
        """Return the agent's row, as it is now."""
        return AgentRow.objects.select_related("device").get(pk=self.id)

    def trusted(self) -> None:
        """Wait until the server has heard what the agent pins."""
        wait(lambda: AgentTrust.objects.filter(agent=self.id).exclude(root=b"").exists(), "the agent's trust")

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the agent's process."""
        self.process.send_signal(number)
        self.process.wait(20)


@contextmanager
def real_agent(one: Installation, folder: Path, office: Office | None) -> Iterator[RealAgent]:
    """Give the running agent; whatever it started ends with it."""
    agent = RealAgent(one, folder, office)
    try:
        yield agent
    finally:
        agent.process.kill()
        agent.process.wait(20)


def ended(task: Task) -> bool:
    """Tell whether a task has ended, as its row says now."""
    task.refresh_from_db()
    return task.state not in ("waiting", "queued", "leased", "started")


def printed(task: Task) -> str:
    """Return what a task has printed so far."""
    return "".join(task.output.order_by("part").values_list("text", flat=True))
