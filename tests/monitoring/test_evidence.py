"""What was running when an alert opened stays with the alert, whatever the device does later."""

from datetime import timedelta

import fleet
from predvid.core.alerting import Condition, Phase, Step
from predvid.core.model import State, say
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring import actions
from predvid.modules.monitoring.models import Alert
from predvid.modules.monitoring.queries import alerts
from predvid.modules.monitoring.rules import Change, Standing
from predvid.wire import v1
from simulated import Device, Link

BUSY = [{"key": "backup.exe", "name": "backup.exe", "cpu_percent": 97.5, "memory_bytes": 200_000_000}]
QUIET = [{"key": "explorer.exe", "name": "explorer.exe", "cpu_percent": 1.0, "memory_bytes": 90_000_000}]


def running(link: Link, device: Device, rows: list[dict[str, object]]) -> None:
    fact = v1.FactRow("top_processes", "top.processes", rows)
    link.ack(device, device.batch("top_processes", [], facts=[fact]))


def opened(device: Device, check: str) -> Alert:
    row = fleet.row(device)
    moment = row.created_at + timedelta(minutes=10)
    condition = Condition(Phase.OPEN, State.CRITICAL, row.created_at)
    standing = Standing(State.CRITICAL, say("cpu.used", used=98.0), row.created_at, None, condition)
    change = Change(row.pk, row.client_id, check, "", standing, Step.OPENED, moment, opened=True)
    actions.record([change], {row.pk: row.judging_version}, moment)
    return Alert.objects.get(device=row, check_name=check)


def test_an_alert_keeps_what_was_running_when_it_opened(link: Link) -> None:
    device = fleet.enrol(link)
    running(link, device, BUSY)
    alert = opened(device, "cpu")
    running(link, device, QUIET)
    [(moment, table)] = alerts.evidence(PLATFORM, alerts.one(PLATFORM, alert.pk))
    assert moment < alert.opened_at
    assert [row[0] for row in table.rows] == ["backup.exe"]
    assert any("200" in cell for cell in table.rows[0])


def test_a_check_without_evidence_copies_nothing(link: Link) -> None:
    device = fleet.enrol(link)
    running(link, device, BUSY)
    assert opened(device, "disk_space").evidence == []
