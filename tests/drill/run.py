"""The drill: all of the server in hostile hands but the operators' and root keys, against a real agent.

    python -m drill.run [--tasks 1000] [--seed N]

Prints what was tried and refused; the last line is `N tasks, M executed`. Exit status 1 unless M is 0, every
task was refused and told of, and the positive controls ran: a drill that cannot fail proves nothing.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from drill.attacks import Stage, leases
from drill.lying_page import lying_pages
from drill.server import HostileServer
from edge.authority import Authority as TestCA
from edge.peer import serve
from operators import Office, signer
from predvid.core.trust import Signer
from predvid.edge.enrol import Request, enrol
from predvid.edge.identity import StateFolder
from predvid.wire import authority as wire
from predvid.wire.token import format_token, parse
from predvid.wire.v1 import PlannedCheck, TaskLease

PATIENCE = 240.0  # seconds for all of it


@dataclass
class Outcome:
    """What a drill found: tasks handed over, marks left by any, refusals by code, controls that ran."""

    tasks: int
    executed: int
    refused: Counter[str]
    told: dict[str, int]
    tried: Counter[str]
    by_push: int
    controls: int
    pages: tuple[int, int]

    @property
    def good(self) -> bool:
        """Tell whether nothing hostile ran, all of it was refused and told of, and what is right did run."""
        shown, hidden = self.pages
        return (
            self.executed == 0
            and self.refused.total() == self.tasks
            and self.told == dict(self.refused)
            and self.controls == 3
            and shown > 0
            and hidden == 0
        )


def drill(tasks: int, seed: int, folder: Path) -> Outcome:
    """Run the drill with `tasks` hostile tasks below `folder`."""
    ca = TestCA(folder)
    server = HostileServer(checks=[PlannedCheck("uptime", 3600)], ca_pem=ca.pem)
    listening = serve(server, ca.context())
    try:
        state = StateFolder(folder / "agent")
        office = Office()
        token = replace(parse(server.token()), root_fingerprint=office.fingerprint.hex())
        enrolled = enrol(state, Request(server.url, format_token(token), proxy="none"), [])
        stage = _stage(office, server, enrolled.agent, folder / "marks", random.Random(seed))
        with _agent(state):
            tried = _attacked(stage, server, tasks - 1)
        with _agent(state):  # started anew, it tells of all that it counted, and remembers what ran
            return _counted(stage, server, tried, folder)
    finally:
        listening.shutdown()
        listening.server_close()


def _stage(office: Office, server: HostileServer, agent: str, marks: Path, dice: random.Random) -> Stage:
    eva, junior = signer(), signer()
    ana, ivo = wire.OperatorKey("Ana", office.ana.public), wire.OperatorKey("Ivo", office.ivo.public)
    younger = wire.OperatorKey("Jan", junior.public, (1,))
    revoked = office.publication(f"echo revoked >> '{marks}'\n", id="revoked")
    limited = office.publication(f"echo limited >> '{marks}'\n", id="limited", rate=1)
    first = office.keyset(operators=[ana, ivo, younger, wire.OperatorKey("Eva", eva.public)])
    newest = office.keyset(operators=[ana, ivo, younger], revoked=["revoked"])
    empty = wire.Signed(b"", [])
    stage = Stage(
        *(office, Signer(server.plan_seed), agent, server.client, server.site, marks, dice),
        *(first, newest, eva, junior, revoked, limited, empty),
    )
    stage.ran = stage.signed(stage.order("control-order"), office.ana)
    return stage


@contextmanager
def _agent(state: StateFolder) -> Iterator[None]:
    """Give the real agent as a process of its own; it ends with the block."""
    command = (sys.executable, "-m", "predvid", "agent", "run", "--state", str(state.path))
    with (state.path / "drill.log").open("wb") as log:
        process = subprocess.Popen(command, stderr=log, env={**os.environ, "NO_PROXY": "*"})
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _attacked(stage: Stage, server: HostileServer, tasks: int) -> Counter[str]:
    """Hand over what is right and ran before, then all attacks; return how many of each there were."""
    _control(stage, server, "control-order", wire.Leased(order=stage.ran, keyset=stage.newest))
    start = wire.Leased(publication=stage.limited, start=stage.started(stage.limited))
    _control(stage, server, "limited", start)
    tried: Counter[str] = Counter()
    for number, (attack, lease) in enumerate(leases(stage, tasks)):
        tried[attack] += 1
        (server.by_push if number % 2 else server.by_ack).append(lease)
    _wait(lambda: len(_refused(server)) == tasks, lambda: f"{len(_refused(server))} refused")
    return tried


def _counted(stage: Stage, server: HostileServer, tried: Counter[str], folder: Path) -> Outcome:
    """Replay once more after the restart; then count what ran, was refused, and was told of."""
    server.by_push.append(TaskLease("again", msgspec.msgpack.encode(wire.Leased(order=stage.ran))))
    tried["replayed"] += 1
    tasks, told = tried.total(), server.refused_events
    _wait(lambda: sum(told().values()) >= tasks, lambda: f"{sum(told().values())} told of")
    last = stage.signed(stage.order("control-last"), stage.office.ana)
    _control(stage, server, "control-last", wire.Leased(order=last))
    marks = Counter(stage.marks.read_text().split())
    controls = sum(marks[name] > 0 for name in ("control-order", "limited", "control-last"))
    refused = Counter(_refused(server).values())
    pages = lying_pages(stage, folder)
    return Outcome(tasks, marks.total() - controls, refused, told(), tried, server.pushed, controls, pages)


def _control(stage: Stage, server: HostileServer, name: str, leased: wire.Leased) -> None:
    """Hand over what is rightly signed, and wait until it ran."""
    server.by_push.append(TaskLease(name, msgspec.msgpack.encode(leased)))
    _wait(lambda: _state(server, name) == "done", lambda: f"{name} is {_state(server, name)}")


def _state(server: HostileServer, task: str) -> str:
    return next((one.state for one in reversed(server.outcomes()) if one.task == task), "unknown to all")


def _refused(server: HostileServer) -> dict[str, str]:
    """Return the codes of what was refused, by lease."""
    found = [(one.task, one.reason) for one in server.outcomes() if one.state == "refused"]
    return {task: reason.id.removeprefix("task.refused.") for task, reason in found if reason}


def _wait(done: Callable[[], bool], what: Callable[[], str]) -> None:
    until = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > until:
            raise SystemExit(f"the drill stands still: {what()}")
        time.sleep(0.1)


def report(found: Outcome, seconds: float) -> Iterator[str]:
    """Yield the lines of the report, the last one the figure that counts."""
    yield f"{len(found.tried)} kinds of attack, {found.by_push} messages by push, {seconds:.0f} s"
    yield from (f"  {n:>5}  refused: {code}" for code, n in found.refused.most_common())
    events = ", ".join(f"{code} {n}" for code, n in sorted(found.told.items()))
    yield f"security events told of: {events}"
    yield f"lying pages: {found.pages[0]} shown as signed, {found.pages[1]} hidden"
    yield f"controls that are rightly signed: {found.controls} of 3 ran"
    yield f"{found.tasks} tasks, {found.executed} executed"


def main() -> int:
    """Run the drill; return the exit status."""
    parser = argparse.ArgumentParser(description="Task authority against a hostile server.")
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = drill(options.tasks, options.seed, Path(folder))
    sys.stdout.write("\n".join(report(found, time.monotonic() - began)) + "\n")
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
