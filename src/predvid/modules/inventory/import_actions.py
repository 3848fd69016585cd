"""Import of clients, sites and devices from a list: what it would do, and doing it in one transaction.

A device of a list is an expected one: it has no agent yet. If its serial number is known, the agent that
enrols with that number becomes its own (`enrolment.enrol`); without, a person merges the two.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from django.db import transaction

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.guard import require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Subject, Viewer, may
from predvid.modules.inventory import actions
from predvid.modules.inventory.import_rules import TYPES, Line, Sheet
from predvid.modules.inventory.models import Device, DeviceClaim, Site, Tenure

VERBS = {"clients": "client.add", "sites": "site.add", "devices": "device.enrol"}
STATES = ("add", "change", "same", "bad")
Deed = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one line: `state` is one of STATES, `wrong` says why it is bad."""

    line: int
    state: str
    name: str
    wrong: UserError | None = None


@dataclass(frozen=True)
class Outcome:
    """What a list would do, or did (`applied`)."""

    sheet: Sheet
    verdicts: list[Verdict]
    applied: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Return how many lines there are of each state."""
        found = Counter(verdict.state for verdict in self.verdicts)
        return {state: found[state] for state in STATES}


@dataclass
class _World:
    """What there is before the import, as far as the viewer sees it, by names in lower case."""

    viewer: Viewer
    now: datetime
    clients: dict[str, Client] = field(default_factory=dict)
    sites: dict[tuple[UUID, str], Site] = field(default_factory=dict)
    of_client: dict[UUID, list[Site]] = field(default_factory=lambda: defaultdict(list))
    devices: dict[tuple[UUID, str], list[Device]] = field(default_factory=lambda: defaultdict(list))
    serials: dict[tuple[UUID, str], Device] = field(default_factory=dict)
    has_serial: dict[UUID, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        mine = {} if self.viewer.clients is None else {"client__in": self.viewer.clients}
        seen = {} if self.viewer.clients is None else {"pk__in": self.viewer.clients}
        self.clients = {row.name.lower(): row for row in Client.objects.filter(**seen)}
        for site in Site.objects.filter(**mine):
            self.sites[site.client_id, site.name.lower()] = site
            self.of_client[site.client_id].append(site)
        for device in Device.objects.filter(merged_into=None, **mine):
            self.devices[device.client_id, device.name.lower()].append(device)
        claims = DeviceClaim.objects.filter(kind="serial", device__merged_into=None, **mine)
        for claim in claims.select_related("device"):
            self.serials[claim.client_id, claim.value] = claim.device
            self.has_serial[claim.device_id] = claim.value


def plan(viewer: Viewer, sheet: Sheet, now: datetime) -> Outcome:
    """Return what a list would do, changing nothing. Raises Denied."""
    return Outcome(sheet, [verdict for verdict, _ in _planned(viewer, sheet, now)])


@transaction.atomic
def apply(viewer: Viewer, sheet: Sheet, now: datetime) -> Outcome:
    """Do what `plan` tells, all of it or nothing. Raises Denied, or UserError while a line is bad."""
    planned = _planned(viewer, sheet, now)
    outcome = Outcome(sheet, [verdict for verdict, _ in planned], applied=True)
    if bad := outcome.counts["bad"]:
        raise UserError("Nothing was imported: %(n)d lines are bad. Mend them, then import again.", n=bad)
    for _, deed in planned:
        deed()
    words: dict[str, str | int | bool | None] = {"kind": sheet.kind, **outcome.counts}
    audit.record(viewer, "list.imported", Subject("list", sheet.kind), None, now, after=words)
    return outcome


def _planned(viewer: Viewer, sheet: Sheet, now: datetime) -> list[tuple[Verdict, Deed]]:
    require(viewer, "import.run")
    require(viewer, VERBS[sheet.kind])
    world = _World(viewer, now)
    judge = {"clients": _client, "sites": _site, "devices": _device}[sheet.kind]
    seen: dict[tuple[str, ...], int] = {}
    planned: list[tuple[Verdict, Deed]] = []
    for line in sheet.lines:
        name = line.cells.get("name", "")
        try:
            if line.wrong is not None:
                raise line.wrong
            _once(line, seen)
            state, deed = judge(world, line)
            planned.append((Verdict(line.number, state, name), deed))
        except UserError as error:
            planned.append((Verdict(line.number, "bad", name, error), _nothing))
    return planned


def _nothing() -> None:
    """Do what a line asks for that changes nothing."""


def _once(line: Line, seen: dict[tuple[str, ...], int]) -> None:
    """Refuse a line that says the same thing's name or serial number again."""
    client = line.cells.get("client", "").lower()
    keys = [("name", client, line.cells["name"].lower())]
    if serial := line.cells.get("serial"):
        keys.append(("serial", client, serial))
    for key in keys:
        if key in seen:
            raise UserError("Line %(n)d has the same name or serial number.", n=seen[key])
    seen.update(dict.fromkeys(keys, line.number))


def _client(world: _World, line: Line) -> tuple[str, Deed]:
    name, sector = line.cells["name"], line.cells.get("sector", "")
    row = world.clients.get(name.lower())
    if row is None:
        return "add", lambda: actions.add_client(world.viewer, name, sector, world.now)
    if not sector or sector == row.sector:
        return "same", _nothing
    subject = Subject("client", str(row.pk), row.name)
    return "change", lambda: _changed(world, row, {"sector": sector}, subject, row.pk)


def _changed(
    world: _World, row: Client | Site | Device, values: dict[str, str], subject: Subject, client: UUID
) -> None:
    """Give a row other values; the audit names them, but for a note, which is anybody's words."""
    before = {name: str(getattr(row, name)) for name in values if name != "note"}
    type(row)._default_manager.filter(pk=row.pk).update(**values)
    after = {name: "…" if name == "note" else value for name, value in values.items()}
    audit.record(
        world.viewer, f"{subject.kind}.changed", subject, client, world.now, before=before, after=after
    )


def _owner(world: _World, line: Line, verb: str) -> Client:
    client = world.clients.get(line.cells["client"].lower())
    if client is None or not may(world.viewer, verb, client.pk):
        raise UserError(
            "There is no client called %(name)s; import clients first.", name=line.cells["client"]
        )
    return client


def _site(world: _World, line: Line) -> tuple[str, Deed]:
    client = _owner(world, line, "site.add")
    name, zone = line.cells["name"], line.cells.get("timezone", "")
    if zone and zone not in available_timezones():
        raise UserError("There is no time zone %(name)s; an example is Europe/Zagreb.", name=zone)
    row = world.sites.get((client.pk, name.lower()))
    if row is None:
        first = zone or "Europe/Zagreb"
        return "add", lambda: actions.add_site(world.viewer, client.pk, name, world.now, first)
    if not zone or zone == row.timezone:
        return "same", _nothing
    subject = Subject("site", str(row.pk), row.name)
    return "change", lambda: _changed(world, row, {"timezone": zone}, subject, client.pk)


def _place(world: _World, client: Client, name: str) -> Site:
    """Return the site that a line names, or the only one of its client."""
    site = world.sites.get((client.pk, name.lower()))
    if site is not None:
        return site
    if name:
        raise UserError("The client has no site called %(name)s; import sites first.", name=name)
    sites = world.of_client[client.pk]
    if len(sites) != 1:
        raise UserError("The client has several sites; say which one.")
    return sites[0]


def _device(world: _World, line: Line) -> tuple[str, Deed]:
    client = _owner(world, line, "device.enrol")
    site = _place(world, client, line.cells.get("site", ""))
    values = {"type": TYPES[line.cells.get("type", "").lower()], "note": line.cells.get("note", "")}
    values = {name: value for name, value in values.items() if value}
    serial = line.cells.get("serial", "")
    row = _known(world, client, line.cells["name"], serial)
    if row is None:
        return "add", lambda: _expected(world, site, line.cells["name"], values, serial)
    if line.cells.get("site") and row.site_id != site.pk:
        raise UserError("The device stands at another site; move it on its own page.")
    if serial and world.has_serial.get(row.pk, serial) != serial:
        raise UserError("The device of this name has another serial number.")
    fresh = {name: value for name, value in values.items() if getattr(row, name) != value}
    claims = serial if serial and row.pk not in world.has_serial else ""
    if not fresh and not claims:
        return "same", _nothing
    return "change", lambda: _told(world, row, fresh, claims)


def _known(world: _World, client: Client, name: str, serial: str) -> Device | None:
    if serial and (found := world.serials.get((client.pk, serial))):
        return found
    named = world.devices.get((client.pk, name.lower()), [])
    if len(named) > 1:
        raise UserError("Several devices of this client have this name; give the serial number.")
    return named[0] if named else None


def _expected(world: _World, site: Site, name: str, values: dict[str, str], serial: str) -> None:
    """Make a device that has no agent yet."""
    row = Device.objects.create(client_id=site.client_id, site=site, name=name, **{"type": "other", **values})
    Tenure.objects.create(device=row, client_id=site.client_id, site=site, since=world.now)
    _claim(row, serial)
    subject, words = Subject("device", str(row.pk), name), {"site": site.name, "type": row.type}
    audit.record(world.viewer, "device.expected", subject, site.client_id, world.now, after=words)


def _claim(row: Device, serial: str) -> None:
    if serial:
        DeviceClaim.objects.create(device=row, client_id=row.client_id, kind="serial", value=serial)


def _told(world: _World, row: Device, values: dict[str, str], serial: str) -> None:
    _claim(row, serial)
    subject = Subject("device", str(row.pk), row.name)
    if values:
        _changed(world, row, values, subject, row.client_id)
        return
    after = {"fields": "serial"}
    audit.record(world.viewer, "device.changed", subject, row.client_id, world.now, after=after)
