"""Agents as witnesses of the audit: the server that cuts its newest entries off is told on by the devices."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from django.db import connection, transaction
from django.utils import timezone

import fleet
from predvid.edge.anchors import FACT, Anchors
from predvid.modules.access import audit, queries_audit
from predvid.modules.access.models import AuditChain, AuditEntry
from predvid.modules.access.rules import MSP, PLATFORM, Head, Subject, Viewer
from predvid.modules.inventory.models import Fact
from predvid.modules.inventory.queries import witnesses
from predvid.modules.monitoring.store import Store
from predvid.server import audit as verb
from predvid.server.group import HEADS_SECONDS, Intake
from predvid.wire import v1
from simulated import Device, Link


@pytest.fixture(autouse=True)
def _forgotten(ground: Store) -> Iterator[None]:
    """What these devices claim to keep is not for the tests of other files."""
    yield
    Fact.objects.filter(name=FACT).delete()


def deed(device: Device) -> None:
    with transaction.atomic():
        for client in (fleet.row(device).client_id, None):
            audit.record(PLATFORM, "client.added", Subject("client", "1"), client, timezone.now())


def taken(intake: Intake, device: Device, *facts: v1.FactRow) -> v1.Ack:
    entry = fleet.entry(device, device.batch("cpu", [], facts=list(facts)))
    intake.take([entry])
    assert isinstance(entry.outcome, v1.Ack)
    return entry.outcome


def rewritten(chain: str, number: int) -> None:
    """Do what whoever has the database can do: cut the newest entries off, head and triggers included."""
    before = AuditEntry.objects.get(chain=chain, number=number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%%'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute("DELETE FROM access_auditentry WHERE chain = %s AND number > %s", [chain, number])
        cursor.execute("UPDATE access_auditchain SET number = %s, hash = %s WHERE chain = %s",
                       [number, before.hash, chain])  # fmt: skip
        for _, sql in triggers:
            cursor.execute(sql)


def told(device: Device, anchors: Anchors) -> v1.FactRow:
    fact = anchors.fact()
    assert fact
    return v1.FactRow("agent", fact.name, fact.value)


def test_entries_cut_off_with_their_head_are_missed_by_a_device(
    ground: Store, link: Link, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    device, intake, anchors = fleet.enrol(link), Intake(ground, {}), Anchors(tmp_path / "heads")
    for _ in range(5):
        deed(device)
    chain = str(fleet.row(device).client_id)
    ack = msgspec.msgpack.decode(msgspec.msgpack.encode(taken(intake, device)), type=v1.Ack)
    assert {head.chain for head in ack.audit} == {chain, MSP}
    assert anchors.hear(ack.audit, 0.0) == []
    last = AuditChain.objects.get(chain=chain).number
    rewritten(chain, last - 2)
    assert queries_audit.verify(PLATFORM, chain)[1] == []  # the tables alone tell nothing
    taken(intake, device, told(device, anchors))
    kept = [head for _, head in witnesses(PLATFORM) if head.chain == chain]
    assert queries_audit.disputed(PLATFORM, chain, kept) == [Head(chain, last, ack.audit[0].hash)]
    name = fleet.row(device).name
    found = verb._disputed(kept, [(name, head) for head in kept])
    assert found == [{"number": last, "kind": "disputed", "device": name}]
    for _ in range(3):  # and whoever writes the chain on cannot make the old head true again
        deed(device)
    assert len(queries_audit.disputed(PLATFORM, chain, kept)) == 1
    intake.heads_read -= 2 * HEADS_SECONDS
    newer = taken(intake, device).audit
    assert anchors.hear([v1.AuditHead(chain, last, "0" * 64)], 1e6) == [chain]
    assert [head.number for head in newer if head.chain == chain] == [last + 1]


def test_an_untouched_audit_is_disputed_by_nobody(ground: Store, link: Link, tmp_path: Path) -> None:
    device, intake, anchors = fleet.enrol(link), Intake(ground, {}), Anchors(tmp_path / "heads")
    deed(device)
    anchors.hear(taken(intake, device).audit, 0.0)
    taken(intake, device, told(device, anchors))
    deed(device)
    chain = str(fleet.row(device).client_id)
    mine = [head for _, head in witnesses(PLATFORM) if head.chain == chain]
    assert mine
    assert queries_audit.disputed(PLATFORM, chain, mine) == []


HOSTILE = [
    None, [], {"msp": 5}, {"msp": [[1]]}, {"msp": [[True, "0" * 64]]}, {"msp": [[1 << 63, "0" * 64]]},
    {"msp": [[-1, "0" * 64]]}, {"msp": [["1", "0" * 64]]}, {"msp": [[1, 2]]}, {"OTHER": [[1, "0" * 64]]},
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_a_device_speaks_only_for_its_own_chains_and_only_in_heads(
    ground: Store, link: Link, value: object
) -> None:
    device, other = fleet.enrol(link), fleet.enrol(link)
    sent = json.loads(json.dumps(value).replace("OTHER", str(fleet.row(other).client_id)))
    taken(Intake(ground, {}), device, v1.FactRow("agent", FACT, sent))
    assert witnesses(PLATFORM) == []


def test_who_sees_one_client_sees_its_devices_alone(ground: Store, link: Link) -> None:
    devices = [fleet.enrol(link), fleet.enrol(link)]
    for device in devices:
        chain = str(fleet.row(device).client_id)
        taken(Intake(ground, {}), device, v1.FactRow("agent", FACT, {chain: [[1, "0" * 64]]}))
    client = fleet.row(devices[0]).client_id
    viewer = Viewer("Ana", "manager", frozenset({client}))
    assert {head.chain for _, head in witnesses(viewer)} == {str(client)}
