"""A simulated fleet that never tires: every device resends each batch until it is acknowledged."""

import http.client
import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from installation import Installation
from predvid.modules.monitoring.store import Store, series_id
from predvid.wire import v1
from simulated import Device, Link, now_ms

ROOT = {"mount": "/"}
NUMBER = "disk_free_bytes"


def table(one: Installation, question: str, *values: object) -> list[tuple[object, ...]]:
    """Ask the relational database of an installation from outside, as it lies on the disk."""
    with sqlite3.connect(one.place.data / "predvid.sqlite3", timeout=30) as db:
        rows = db.execute(question, values).fetchall()
    db.close()
    return rows


def deployment_token(one: Installation, uses: int) -> str:
    """Return an approving token for `uses` devices of a new client."""
    return one.django(f"""
from datetime import UTC, datetime, timedelta as delta
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
now = datetime.now(UTC)
site = add_client(PLATFORM, f"Client {{now}}", "", now).sites.first().pk
print(create_token(PLATFORM, site, uses={uses}, valid=delta(hours=1), approves=True, now=now))
""")


def enrol(one: Installation, count: int) -> list[Device]:
    """Return `count` approved devices of a new client, enrolled over the wire by one deployment token."""
    secret = deployment_token(one, count)
    link, devices = Link(one.port), [Device() for _ in range(count)]
    for device in devices:
        status, answer = link.post(device, "enrol", device.enrolment(secret))
        assert status == 200, answer
        device.agent = msgspec.msgpack.decode(answer, type=v1.Enrolled).agent
    link.close()
    return devices


@dataclass
class Fleet:
    """Devices that send numbered samples and events from some threads until told to stop."""

    one: Installation
    devices: list[Device]
    threads: int = 5
    acked: int = 0
    repeated: int = 0
    failures: int = 0
    refused: int = 0
    surprises: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _progress: threading.Condition = field(default_factory=threading.Condition)
    _running: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to send."""
        for n in range(self.threads):
            mine = self.devices[n :: self.threads]
            self._running.append(threading.Thread(target=self._send, args=(mine,)))
            self._running[-1].start()

    def _send(self, devices: list[Device]) -> None:
        link = Link(self.one.port)
        while not self._stop.is_set():
            for device in devices:
                link = self._until_acked(link, device, _numbered(device))
        link.close()

    def _until_acked(self, link: Link, device: Device, body: bytes) -> Link:
        while True:
            try:
                status, answer = link.post(device, "batch", body)
            except (OSError, http.client.HTTPException):
                self.failures += 1
                link.close()
                link = Link(self.one.port)
                self._stop.wait(0.05)
                continue
            if status == 200:
                with self._progress:
                    self.acked += 1
                    self.repeated += msgspec.msgpack.decode(answer, type=v1.Ack).repeated
                    self._progress.notify_all()
                return link
            self.refused += 1
            if status != 503:
                self.surprises.append(f"{status} {answer!r}")
                return link
            self._stop.wait(0.05)

    def wait_for(self, more: int, seconds: float = 60) -> None:
        """Wait until `more` further batches are acknowledged."""
        goal = self.acked + more
        with self._progress:
            enough = self._progress.wait_for(lambda: self.acked >= goal or bool(self.surprises), seconds)
        assert enough, f"{self.acked} of {goal} acknowledged"
        assert not self.surprises, self.surprises[:3]

    def finish(self) -> None:
        """Let every device have its last batch acknowledged, and end."""
        self._stop.set()
        for thread in self._running:
            thread.join(120)
            assert not thread.is_alive()
        assert not self.surprises, self.surprises[:3]


def _numbered(device: Device) -> bytes:
    """Seal the next batch: its number as free bytes and in an event; the disk is always too full."""
    n = device.seq + 1
    event = v1.EventRow("agent.started", v1.Sentence("agent.started", {"version": str(n)}), 0)
    rows = [("disk_used_percent", ROOT, 99.0), (NUMBER, ROOT, float(n))]
    return device.batch("disk_space", rows, now_ms() + n, events=[event])


@dataclass(frozen=True)
class Balance:
    """What came of all acknowledged batches."""

    acknowledged: int
    lost: int
    duplicated: int

    def __str__(self) -> str:
        return f"acknowledged {self.acknowledged}, lost {self.lost}, duplicated {self.duplicated}"


def balance(fleet: Fleet, store: Store) -> Balance:
    """Compare what was acknowledged with the samples, events and alerts that are kept."""
    owner = dict(table(fleet.one, "SELECT id, device_id FROM inventory_agent"))
    lost = duplicated = 0
    for device in fleet.devices:
        row = str(owner[device.agent.replace("-", "")])
        numbers = [int(value) for (value,) in _values(store, row)]
        events = [n for (n,) in table(fleet.one, EVENTS, row)]
        alerts = [n for (n,) in table(fleet.one, "SELECT id FROM monitoring_alert WHERE device_id = ?", row)]
        wanted = set(range(1, device.seq + 1))
        for kept in (numbers, events):
            lost += len(wanted - set(kept))
            duplicated += len(kept) - len(set(kept)) + len(set(kept) - wanted)
        lost, duplicated = lost + (not alerts), duplicated + max(0, len(alerts) - 1)
    return Balance(fleet.acked, lost, duplicated)


EVENTS = (
    "SELECT CAST(json_extract(said_values, '$.version') AS INTEGER) FROM monitoring_event "
    "WHERE device_id = ? AND kind = 'agent.started'"
)


def _values(store: Store, row: str) -> list[tuple[float]]:
    device = f"{row[:8]}-{row[8:12]}-{row[12:16]}-{row[16:20]}-{row[20:]}"
    found = store._link.rows(
        "SELECT value FROM samples FINAL WHERE metric = {metric:String} AND series = {series:UInt64}",
        {"metric": NUMBER, "series": series_id(device, NUMBER, ROOT)},
    )
    return [(float(value),) for (value,) in found]


def opened(one: Installation) -> Store:
    """Return the store of an installation."""
    return Store("127.0.0.1", one.place.store_port, one.place.store_token)


def no_traceback(one: Installation, part: str) -> None:
    """Assert that a part's log holds no traceback."""
    log = Path(one.place.data / f"{part}.log").read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]
