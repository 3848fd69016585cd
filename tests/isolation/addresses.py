"""Every address of the console and the API, from Django's resolver and the calls, with what fills it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import msgspec
from django.urls import URLPattern, get_resolver

from isolation.marked import Someone, TwoTenants
from predvid.modules.access.models import ApiToken, Person, Secret, Session
from predvid.modules.api.route import Route
from predvid.modules.automation.models import Publication, Task
from predvid.modules.inventory.models import (
    Agent,
    ClientNote,
    Contact,
    DeviceGroup,
    DocumentFile,
    EnrolmentToken,
    SecretBinding,
)
from predvid.modules.monitoring.models import MaintenanceWindow
from predvid.modules.notifying.models import Delivery
from predvid.modules.notifying.models import Route as NoticeRoute

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# What a place in an address may be that is nobody's: the form of a file, a secret that opens nothing.
PLAIN = {"role": ("laptop",), "form": ("csv", "jsonl"), "sheet": ("csv", "xlsx"), "secret": ("nothing",)}
NUMBERED = {
    "pin_id",
    "stand_in_id",
    "view_id",
    "alert_id",
    "window_id",
    "delivery_id",
    "publication_id",
    "key",
}
# What a body holds as another kind of value than a form.
AS_VALUE: dict[str, Callable[[str], object]] = {"tags": lambda word: [word], "minutes": int}
# What strangers ask for: in the sign-in itself.
OPEN = {"healthz", "sign-in/", "forgotten/", "welcome/<str:secret>", "api/v1/openapi.json"}
OPEN |= {"sign-in/second/", "sign-in/passkey/", "sign-in/passkey/options"}
OPEN |= {"acknowledge/<str:secret>"}


class NoRow(LookupError):
    """An address has a place that the matrix cannot fill: give it a value, or it is not tested."""


@dataclass(frozen=True)
class Address:
    """One address as the resolver has it; `verb` of a page, `routes` of the API by method."""

    pattern: str
    name: str
    verb: str | None
    routes: Mapping[str, Route] | None
    places: tuple[str, ...]

    @property
    def api(self) -> bool:
        """Tell whether a token is asked for."""
        return self.routes is not None

    @property
    def about_one(self) -> bool:
        """Tell whether the address names something that belongs to somebody."""
        return any(place not in PLAIN for place in self.places)


def addresses(patterns: Any = None, prefix: str = "") -> Iterator[Address]:
    """Yield every address that Django's resolver knows."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(each.pattern)
        if not isinstance(each, URLPattern):
            yield from addresses(each.url_patterns, route)
            continue
        view = each.callback
        yield Address(
            route,
            each.name or "",
            getattr(view, "verb", None),
            getattr(view, "routes", None),
            tuple(each.pattern.converters),
        )


def filled(address: Address, values: Mapping[str, object]) -> str:
    """Return an address as a request has it."""
    path = address.pattern.replace("^", "")
    for place in address.places:
        head, _, tail = path.partition("<")
        _, _, tail = tail.partition(">")
        path = f"{head}{values[place]}{tail}"
    anything = "v1/no/such/thing" if address.pattern.startswith("^") else ""
    return f"/{path}{anything}"


def things(tenants: TwoTenants, address: Address, whose: str, someone: Someone) -> dict[str, object]:
    """Return what fills the places of an address: things of `own` or `foreign`, or ones that are `missing`.

    Raises NoRow for a place that nobody filled.
    """
    found: dict[str, object] = {}
    for place in address.places:
        if place in PLAIN:
            found[place] = PLAIN[place][0]
        elif whose == "missing":
            found[place] = 2**40 if place in NUMBERED else uuid4()
        else:
            found[place] = _thing(tenants, address, place, int(whose == "foreign"), someone)
    return found


def _thing(tenants: TwoTenants, address: Address, place: str, tenant: int, someone: Someone) -> object:
    world = tenants.world
    client = world.clients[tenant]
    if address.name == "api-token-revoke":
        mine = someone.own_token.pk if someone.own_token else uuid4()
        return mine if not tenant else tenants.foreign[ApiToken].pk
    if place == "session_id":
        holder = tenants.foreign[Person] if tenant else someone.person
        return Session.objects.filter(person_id=holder.pk)[0].pk
    if place == "key":
        return tenants.passkey(tenants.foreign[Person] if tenant else someone.person).pk  # type: ignore[arg-type]
    if place == "pin_id":
        return tenants.pin(tenants.foreign[Person] if tenant else someone.person).pk  # type: ignore[arg-type]
    if place == "view_id":
        return tenants.view(tenants.foreign[Person] if tenant else someone.person).pk  # type: ignore[arg-type]
    rows = (tenants.mine, tenants.foreign)[tenant]
    known: dict[str, Any] = {
        "person_id": (tenants.people[2].person, tenants.foreign[Person])[tenant].pk,
        "client_id": client.pk,
        "device_id": world.devices[2 * tenant].pk,
        "alert_id": world.alerts[tenant].pk,
        "agent_id": Agent.objects.filter(client=client, state="pending"),
        "token_id": EnrolmentToken.objects.filter(client=client),
        "secret_id": rows[Secret].pk,
        "binding_id": rows[SecretBinding].pk,
        "task_id": rows[Task].pk,
        "request_id": rows[Task].request_id,  # type: ignore[attr-defined]
        "publication_id": rows[Publication].pk,
        "window_id": rows[MaintenanceWindow].pk,
        "rollout_id": tenants.rollout.pk,
        "route_id": rows[NoticeRoute].pk,
        "delivery_id": rows[Delivery].pk,
        "channel_id": tenants.channel.pk,
        "rota_id": tenants.stand_in.rota_id,
        "stand_in_id": tenants.stand_in.pk,
        "site_id": world.sites[tenant].pk,
        "group_id": rows[DeviceGroup].pk,
        "contact_id": rows[Contact].pk,
        "note_id": rows[ClientNote].pk,
        "document_id": rows[DocumentFile].document_id,  # type: ignore[attr-defined]
        "field_id": tenants.custom_field.pk,
    }
    if place not in known:
        raise NoRow(f"{address.pattern}: nothing is known to stand for <{place}>")
    value = known[place]
    return value[0].pk if hasattr(value, "filter") else value


def words(tenants: TwoTenants, tenant: int) -> dict[str, str]:
    """Return what a form or a body may ask for, naming things of a tenant."""
    world = tenants.world
    return {
        "name": f"Novo {uuid4().hex[:6]}",
        "sector": "x",
        "timezone": "Europe/Zagreb",
        "text": "x",
        "note": "x",
        "reason": "x",
        "first": world.now.date().isoformat(),
        "at": "22:00",
        "minutes": "60",
        "repeat": "once",
        "where": f"client:{world.clients[tenant].pk}",
        "person": "",
        "since": world.now.date().isoformat(),
        "site": str(world.sites[tenant].pk),
        "other": str(world.devices[2 * tenant + 1].pk),
        "uses": "1",
        "hours": "24",
        "days": "30",
        "verbs": "device.view",
        "language": "hr",
        "theme": "auto",
        "part": "details",
        "role": "technician",
        "email": f"{uuid4().hex}@example.com",
        "clients": str(world.clients[tenant].pk),
        "check": "disk_space",
        "tags": "x",
        "metric": "cpu_used_percent",
        "room": "devices",
        "query": "type=server",
        "with": str(world.devices[2 * tenant].pk),
        "title": "x",
        "url": "https://example.com/x",
        "subject": "client",
        "kind": "text",
        "position": "1",
    }


def body(route: Route, given: Mapping[str, str]) -> bytes:
    """Return a body that fits a call. Raises NoRow for a part that no word stands for."""
    if route.body is None:
        return b""
    given = {**given, "client": given["clients"]}
    parts = msgspec.structs.fields(route.body)
    needed = [part.name for part in parts if part.required or part.name == "client"]
    if missing := [name for name in needed if name not in given]:
        raise NoRow(f"{route.method} {route.path}: nothing is known to stand for {missing}")
    return msgspec.json.encode({name: AS_VALUE.get(name, str)(given[name]) for name in needed})
