"""Simulated devices of the shared installation: enrolled over the wire, read back from its tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec

from predvid.core.model import State
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
from predvid.modules.inventory.models import Agent, Site
from predvid.modules.inventory.models import Device as DeviceRow
from predvid.modules.monitoring.delivery import decode
from predvid.modules.monitoring.models import Alert, Event, PolicySetting, Result
from predvid.modules.monitoring.store import Store, series_id
from predvid.server.door import Door
from predvid.server.group import Entry
from predvid.wire import v1
from simulated import Device, Link

Samples = Sequence[tuple[str, Mapping[str, str], float]]


def now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


def new_site() -> Site:
    """Return the site of a client made for one test."""
    site = add_client(PLATFORM, f"Client {uuid4().hex[:8]}", "", now()).sites.first()
    assert site is not None
    return site


def token(site: Site, *, uses: int = 1, approves: bool = True, valid: timedelta = timedelta(hours=1)) -> str:
    """Return an enrolment token for `site`; `valid` may be negative."""
    return create_token(PLATFORM, site.pk, uses=uses, valid=valid, approves=approves, now=now())


def ask(link: Link, device: Device, secret: str, **parts: object) -> tuple[int, bytes]:
    """Ask to enrol `device`; return status and answer."""
    return link.post(device, "enrol", device.enrolment(secret, **parts))  # type: ignore[arg-type]  # hostname, claims


def enrol(
    link: Link, site: Site | None = None, *, approves: bool = True, claims: Sequence[tuple[str, str]] = ()
) -> Device:
    """Return a new device enrolled at `site` (of a client of its own if not given)."""
    device = Device()
    status, answer = ask(link, device, token(site or new_site(), approves=approves), claims=claims)
    assert status == 200, answer
    device.agent = msgspec.msgpack.decode(answer, type=v1.Enrolled).agent
    return device


def row(device: Device) -> DeviceRow:
    """Return the row of the device that a simulated agent reports for, as it is now."""
    return DeviceRow.objects.get(agents=device.agent)


def agent(device: Device) -> Agent:
    """Return the row of a simulated agent, as it is now."""
    return Agent.objects.get(pk=device.agent)


def disk(used: float, mount: str = "/") -> Samples:
    """Return the samples of one file system with little room left, so that its percentage decides."""
    label = {"mount": mount}
    return [("disk_used_percent", label, used), ("disk_free_bytes", label, 1e9)]


def states(device: Device) -> dict[tuple[str, str], State]:
    """Return the state of each (check, item) of a device."""
    rows = Result.objects.filter(device__agents=device.agent)
    return {(found.check_name, found.item): State(found.state) for found in rows}


def alerts(device: Device) -> list[tuple[str, str, str]]:
    """Return (check, item, phase) of each alert of a device, oldest first."""
    rows = Alert.objects.filter(device__agents=device.agent).order_by("pk")
    return list(rows.values_list("check_name", "item", "phase"))


def events(device: Device) -> list[str]:
    """Return the kinds of a device's events in the order of their writing."""
    return list(
        Event.objects.filter(device__agents=device.agent).order_by("pk").values_list("kind", flat=True)
    )


def set_policy(device: DeviceRow, where: str, field: str, value: object, check: str = "disk_space") -> None:
    """Give `check` a setting on the `client`, `site` or `device` of a device, as the console does."""
    PolicySetting.objects.update_or_create(
        client=device.client,
        site=device.site if where == "site" else None,
        device=device if where == "device" else None,
        group=None,
        check_name=check,
        field=field,
        defaults={"value": value},
    )
    fresh = DeviceRow.objects.get(pk=device.pk)
    fresh.judging_version += 1
    fresh.save(update_fields=["judging_version"])


def agent_id(device: Device) -> UUID:
    """Return the agent's id."""
    return UUID(device.agent)


def entry(device: Device, body: bytes, waited: int = 0) -> Entry:
    """Return a signed and verified batch as the gateway hands it to its intake."""
    path = f"{v1.PREFIX}/batch"
    return Entry(Door().check(path, device.headers(path, body, waited), body), decode(body, ""))


def stored(store: Store, device: Device, metric: str, labels: Mapping[str, str]) -> list[tuple[int, float]]:
    """Return (ms, value) of every sample of one series, each once, by time."""
    found = store._link.rows(
        "SELECT toUnixTimestamp64Milli(ts), value FROM samples FINAL "
        "WHERE metric = {metric:String} AND series = {series:UInt64} ORDER BY ts",
        {"metric": metric, "series": series_id(str(row(device).pk), metric, labels)},
    )
    return [(int(at), float(value)) for at, value in found]
