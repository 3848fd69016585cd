"""The straight line: one sample of this machine from its agent's outbox to the page, in both languages."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from faults.fleet_load import deployment_token, enrol, opened, table
from flow.browsing import Visitor
from installation import Installation, installation
from predvid.edge import sealing
from predvid.edge.identity import StateFolder
from predvid.modules.monitoring.store import series_id
from simulated import Link

CPU = "cpu_used_percent"


def wait(done: Callable[[], object], what: str, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"{what}: not within {seconds:.0f} s"
        time.sleep(0.05)


@dataclass
class Whole:
    """A whole installation, and its owner who has signed in."""

    one: Installation
    owner: Visitor

    def read_in(self, language: str, path: str) -> str:
        """Return a page in the owner's language, set on the profile."""
        self.owner.send(
            "/profile/", "/profile/", part="details", name="Ana Anić", language=language, theme="auto"
        )
        return self.owner.page(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    """All processes of `predvid up` but the agent; the owner came by the one-time link."""
    with installation(tmp_path_factory.mktemp("whole"), "store", "gateway", "console", "worker") as one:
        link = one.django("""
from predvid.server.place import Place
from django.conf import settings
from predvid.server.setting_up import first_owner_link
print(first_owner_link(settings.PLACE))
""")
        owner = Visitor(one.place.address)
        person = {"name": "Ana Anić", "email": "ana@example.com", "language": "en"}
        owner.send(link, link, password="dovoljno duga rečenica", **person)
        yield Whole(one, owner)


class Agent:
    """The real agent of this machine, enrolled by its own verb."""

    def __init__(self, one: Installation, folder: Path) -> None:
        token = deployment_token(one, 1)
        one.predvid("agent", "enroll", one.place.address, "--token", token, "--state", str(folder))
        self.state = StateFolder(folder)
        self.id = msgspec.json.decode(self.state.membership.read_bytes())["agent"].replace("-", "")
        command = [sys.executable, "-m", "predvid", "agent", "run", "--state", str(folder)]
        with (folder / "test.log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, env={**os.environ, "NO_PROXY": "*"})

    def sealed(self) -> dict[int, float]:
        """Return ms -> value of the processor's samples that wait in the outbox."""
        found: dict[int, float] = {}
        for (body,) in bodies(self.state.outbox):
            columns = sealing.decode(body).columns
            names = [row[1] for row in msgspec.msgpack.decode(columns.layout)]
            rows = zip(
                memoryview(columns.place).cast("H"),
                memoryview(columns.ts).cast("q"),
                memoryview(columns.values).cast("d"),
                strict=True,
            )
            found |= {at: value for place, at, value in rows if names[place] == CPU}
        return found

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@pytest.fixture
def agent(whole: Whole, tmp_path: Path) -> Iterator[Agent]:
    """The agent of this machine, running."""
    agent = Agent(whole.one, tmp_path / "agent")
    yield agent
    agent.process.kill()
    agent.process.wait(20)


def bodies(outbox: Path) -> list[tuple[bytes]]:
    """Return the sealed bodies in an outbox, oldest first."""
    if not outbox.exists():
        return []
    db = sqlite3.connect(outbox, timeout=30)
    try:
        return db.execute("SELECT body FROM batch ORDER BY id").fetchall()
    finally:
        db.close()


def stored(one: Installation, device: str) -> dict[int, float]:
    """Return ms -> value of the processor's samples in the store."""
    store = opened(one)
    question = "SELECT toUnixTimestamp64Milli(ts), value FROM samples FINAL WHERE series = {series:UInt64}"
    rows = store._link.rows(question, {"series": series_id(device, CPU, {})})
    store.close()
    return {int(at): float(value) for at, value in rows}


def shown(value: float, comma: str) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".").replace(".", comma)


def test_a_sample_walks_from_the_outbox_to_the_page(whole: Whole, agent: Agent) -> None:
    one = whole.one
    wait(agent.state.plan.exists, "the plan")
    one.kill("gateway")
    wait(agent.sealed, "a sample in the outbox")
    waiting = agent.sealed()
    ((row,),) = table(one, "SELECT device_id FROM inventory_agent WHERE id = ?", agent.id)
    device = str(UUID(str(row)))
    assert not stored(one, device).keys() & waiting.keys()
    one.start("gateway")
    wait(lambda: waiting.items() <= stored(one, device).items(), "the sample in the store")
    wait(lambda: not agent.sealed(), "the ack")
    assert agent.end() == 0
    results = "SELECT check_name, said_id FROM monitoring_result WHERE device_id = ? AND said_id = 'cpu.used'"
    assert table(one, results, str(row)) == [("cpu", "cpu.used")]
    value = stored(one, device)[max(stored(one, device))]
    english = whole.read_in("en", f"/devices/{device}/")
    assert f"The processor is {shown(value, '.')}% busy" in english
    croatian = whole.read_in("hr", f"/devices/{device}/")
    assert f"Zauzetost procesora: {shown(value, ',')} %" in croatian
    assert 'lang="hr"' in croatian
    drawn = json.loads(whole.owner.page(f"/devices/{device}/series?metric={CPU}&range=1h"))
    (curve,) = drawn["curves"]
    assert any(low <= value <= high for low, high in zip(curve["min"], curve["max"], strict=True))


def test_an_alert_walks_from_a_batch_through_the_inbox_to_its_end(whole: Whole) -> None:
    one, link = whole.one, Link(whole.one.port)
    (device,) = enrol(one, 1)

    def disk(used: float) -> None:
        rows = [("disk_used_percent", {"mount": "/"}, used), ("disk_free_bytes", {"mount": "/"}, 2e9)]
        link.ack(device, device.batch("disk_space", rows))

    def phases() -> list[tuple[object, ...]]:
        question = (
            "SELECT l.id, l.phase FROM monitoring_alert l "
            "JOIN inventory_agent a ON a.device_id = l.device_id WHERE a.id = ?"
        )
        return table(one, question, UUID(device.agent).hex)

    disk(99)
    ((alert, phase),) = phases()
    assert phase == "open"
    assert "99% of / used, 2 GB free" in whole.read_in("en", "/alerts/")
    assert "Na / zauzeto 99 %, slobodno 2 GB" in whole.read_in("hr", "/alerts/")
    note = "Novi disk stiže u četvrtak."
    whole.owner.send("/alerts/", f"/alerts/{alert}/acknowledge", note=note)
    assert phases() == [(alert, "acknowledged")]
    assert "Na / zauzeto 99 %" not in whole.owner.page("/alerts/")
    assert "Na / zauzeto 99 %" in whole.owner.page("/alerts/?phase=acknowledged")
    disk(40)
    link.close()
    assert phases() == [(alert, "resolved")]
    page = whole.owner.page(f"/alerts/{alert}/")
    assert note in page
    assert "Ana Anić" in page
    kinds = "SELECT kind, reaction FROM monitoring_event WHERE alert_id = ? ORDER BY id"
    names = ("alert.opened", "alert.acknowledged", "alert.resolved")
    wait(lambda: table(one, kinds, alert) == [(kind, "done") for kind in names], "the worker's reactions")
    store = opened(one)
    copied = store._link.rows("SELECT kind FROM events FINAL WHERE kind LIKE 'alert.%' ORDER BY id")
    store.close()
    assert [kind for (kind,) in copied if kind in names] == list(names)


def test_a_stranger_sees_the_sign_in_page_only(whole: Whole) -> None:
    stranger = Visitor(whole.one.place.address)
    for path in ("/", "/alerts/", "/devices/"):
        page = stranger.page(path)
        assert 'type="password"' in page
        assert "zauzeto" not in page
