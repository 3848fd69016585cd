"""kill -9 of gateway, store and agent, again and again: what was acknowledged is there, exactly once."""

import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from faults.fleet_load import Fleet, balance, deployment_token, enrol, no_traceback, opened, table
from installation import Installation, installation
from predvid.edge import sealing
from predvid.edge.identity import StateFolder

LONG = pytest.mark.long


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose gateway and store may be killed."""
    with installation(tmp_path_factory.mktemp("killed"), "store", "gateway") as running:
        yield running


def kill_while_it_works(one: Installation, part: str, kills: int) -> str:
    """Kill `part` `kills` times while a fleet sends; return the balance in words."""
    fleet, dice = Fleet(one, enrol(one, 50)), random.Random(kills)
    fleet.start()
    try:
        for _ in range(kills):
            fleet.wait_for(dice.randint(1, 150))
            one.kill(part, signal.SIGKILL)
            one.start(part)
        fleet.wait_for(len(fleet.devices))
    finally:
        fleet.finish()
    store = opened(one)
    found = balance(fleet, store)
    store.close()
    tries = f"requests cut {fleet.failures}, put off {fleet.refused}, acks lost {fleet.repeated}"
    words = f"{part}: {kills} kills, {found} ({tries})"
    sys.stderr.write(f"\n{words}\n")
    assert (found.lost, found.duplicated) == (0, 0), words
    assert found.acknowledged >= len(fleet.devices) + kills
    return words


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=LONG)])
def test_the_gateway_is_killed_during_ingest(one: Installation, kills: int) -> None:
    kill_while_it_works(one, "gateway", kills)
    no_traceback(one, "gateway")


@pytest.mark.parametrize("kills", [3, pytest.param(30, marks=LONG)])
def test_the_store_is_killed_during_ingest(one: Installation, kills: int) -> None:
    kill_while_it_works(one, "store", kills)
    no_traceback(one, "gateway")


def wait(done: Callable[[], object], what: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.02)


class RealAgent:
    """The agent process on a state folder, and what its outbox was seen to hold."""

    def __init__(self, one: Installation, folder: Path) -> None:
        self.one, self.state = one, StateFolder(folder)
        secret = deployment_token(one, 1)
        one.predvid("agent", "enroll", one.place.address, "--token", secret, "--state", str(folder))
        self.id = msgspec.json.decode(self.state.membership.read_bytes())["agent"].replace("-", "")
        self.sealed: dict[str, dict[int, bytes]] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "predvid", "agent", "run", "--state", str(self.state.path)]
        with (self.state.path / "test.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, stderr=log, env={**self.one.environment, "NO_PROXY": "*"}
            )

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)
        for boot, seq, body in self.waiting():
            self.sealed.setdefault(boot, {})[seq] = body

    def waiting(self) -> list[tuple[str, int, bytes]]:
        """Return what lies in the outbox."""
        if not self.state.outbox.exists():
            return []
        db = sqlite3.connect(self.state.outbox, timeout=30)
        try:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'batch'").fetchone():
                return []  # its very first start has not come that far
            return db.execute("SELECT boot, seq, body FROM batch ORDER BY id").fetchall()
        finally:
            db.close()

    def taken(self) -> dict[str, int]:
        """Return the last sequence that the server took of each start."""
        rows = table(self.one, "SELECT boot, seq FROM monitoring_stream WHERE agent_id = ?", self.id)
        return {str(boot): int(str(seq)) for boot, seq in rows}

    def starts(self) -> int:
        """Count the events by which starts of the agent were reported."""
        question = (
            "SELECT count(*) FROM monitoring_event e JOIN inventory_agent a ON a.device_id = e.device_id "
            "WHERE a.id = ? AND e.kind = 'agent.started'"
        )
        return int(str(table(self.one, question, self.id)[0][0]))

    def samples(self) -> set[tuple[str, int]]:
        """Return (metric, ms) of every sample that was seen in the outbox."""
        found = set()
        for bodies in self.sealed.values():
            for body in bodies.values():
                columns = sealing.decode(body).columns
                layout = msgspec.msgpack.decode(columns.layout)
                places, times = memoryview(columns.place).cast("H"), memoryview(columns.ts).cast("q")
                found |= {(layout[p][1], at) for p, at in zip(places, times, strict=True)}
        return found


def stored(one: Installation) -> set[tuple[str, int]]:
    """Return (metric, ms) of every sample in the store."""
    store = opened(one)
    rows = store._link.rows("SELECT metric, toUnixTimestamp64Milli(ts) FROM samples FINAL")
    store.close()
    return {(str(metric), int(at)) for metric, at in rows}


@pytest.fixture
def agent(one: Installation, tmp_path: Path) -> Iterator[RealAgent]:
    """An enrolled agent of this machine, not started yet."""
    agent = RealAgent(one, tmp_path / "agent")
    yield agent
    agent.kill()


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=LONG)])
def test_the_agent_is_killed_while_it_delivers(one: Installation, agent: RealAgent, kills: int) -> None:
    dice = random.Random(kills)
    for _ in range(kills):
        before = len(agent.taken()), len(agent.waiting())
        agent.start()
        wait(lambda before=before: (len(agent.taken()), len(agent.waiting())) != before, "a batch")
        time.sleep(dice.uniform(0, 0.5))  # anywhere between sealing, sending and forgetting
        agent.kill()
    reported = agent.starts()
    agent.start()
    wait(lambda: agent.starts() > reported and not agent.waiting(), f"the rest of {agent.state.path}")
    agent.kill()
    taken = agent.taken()
    for boot, bodies in agent.sealed.items():
        assert taken.get(boot, 0) >= max(bodies), f"start {boot} lost a batch"
    lost, twice = agent.samples() - stored(one), agent.starts() - len(taken)
    state = table(one, "SELECT state FROM inventory_agent WHERE id = ?", agent.id)
    assert state == [("approved",)], "a sequence was used twice"
    assert len(taken) <= int(agent.state.generation.read_text())
    words = f"acknowledged {sum(taken.values())}, lost {len(lost)}, duplicated {twice}"
    sys.stderr.write(f"\nagent: {kills} kills, {words}\n")
    assert (len(lost), twice) == (0, 0)
