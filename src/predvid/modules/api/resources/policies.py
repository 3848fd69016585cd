"""Policies: what holds on a device and why; what is set for clients, sites, groups, devices and roles."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta

from predvid.core.policy import Layer
from predvid.modules.access.rules import Viewer
from predvid.modules.api.problems import Flaw, Problem
from predvid.modules.api.resources.devices import found_device
from predvid.modules.api.route import route
from predvid.modules.monitoring import policy_actions
from predvid.modules.monitoring.queries import places
from predvid.modules.monitoring.queries import policies as policy_queries
from predvid.modules.monitoring.reaching import Place
from predvid.modules.monitoring.unfit import Unfit

Check = Annotated[str, Meta(max_length=60, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Kept = bool | int | float | str | list[Any] | dict[str, Any]  # null is no value
Field = Annotated[str, Meta(max_length=60, pattern=r"^@?[A-Za-z_][A-Za-z0-9_]*(\.[a-z_]+)?$")]


class Overridden(msgspec.Struct):
    """A weaker value that does not hold, and where it comes from."""

    origin: str
    name: str
    value: Any


class Setting(msgspec.Struct):
    """The value of a setting, and where it comes from.

    `origin` is built-in, device type, template, client, site, group or device, `name` that of the template,
    site or group. `overrides` are the weaker values, the strongest first. Fields with @ say how the check
    runs: @enabled, @interval and @hold in seconds, @notify.
    """

    field: str
    value: Any
    origin: str
    name: str
    overrides: list[Overridden]


class Policy(msgspec.Struct):
    """The settings of one check on a device; `wrong` names those that do not fit and are left out."""

    check: str
    title: str
    interval_seconds: float
    settings: list[Setting]
    wrong: str


class Policies(msgspec.Struct):
    """The settings of every check that a device can run."""

    items: list[Policy]


class Given(msgspec.Struct):
    """One explicit setting at a place; `waits`: its check is not installed yet."""

    check: str
    field: str
    value: Any
    waits: bool


class GivenHere(msgspec.Struct):
    """All that is set at one place, and not above it."""

    items: list[Given]


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What to set for a check at a place, and which fields to take back to what is inherited.

    `values` maps fields to values: levels are objects with warning, critical and margin (or name one part, as
    used.warning); lists are lists. One of a check that is not installed waits for it.
    """

    check: Check
    values: dict[Field, Kept] = {}
    reset: list[Field] = []


@route("GET", "devices/{device_id}/policies", "policy.view")
def list_policies(viewer: Viewer, device_id: UUID) -> Policies:
    """List what holds for each check of a device, with where it was set and what it overrides."""
    kept = policy_queries.policies(viewer, found_device(viewer, device_id, timezone.now()))
    return Policies([_policy(row, viewer.language) for row in kept])


@route("GET", "clients/{client_id}/settings", "policy.view")
def list_client_settings(viewer: Viewer, client_id: UUID) -> GivenHere:
    """List what is set for a client, and not above it."""
    return _here(places.place(viewer, "client", client_id))


@route("POST", "clients/{client_id}/settings", "policy.change")
def set_client_settings(viewer: Viewer, client_id: UUID, body: Change) -> GivenHere:
    """Set or take back settings of a client. The devices concerned are planned and judged anew."""
    return _changed(viewer, "client", client_id, body)


@route("GET", "sites/{site_id}/settings", "policy.view")
def list_site_settings(viewer: Viewer, site_id: UUID) -> GivenHere:
    """List what is set for a site, and not above it."""
    return _here(places.place(viewer, "site", site_id))


@route("POST", "sites/{site_id}/settings", "policy.change")
def set_site_settings(viewer: Viewer, site_id: UUID, body: Change) -> GivenHere:
    """Set or take back settings of a site. The devices concerned are planned and judged anew."""
    return _changed(viewer, "site", site_id, body)


@route("GET", "groups/{group_id}/settings", "policy.view")
def list_group_settings(viewer: Viewer, group_id: UUID) -> GivenHere:
    """List what is set for a group of devices, and not above it."""
    return _here(places.place(viewer, "group", group_id))


@route("POST", "groups/{group_id}/settings", "policy.change")
def set_group_settings(viewer: Viewer, group_id: UUID, body: Change) -> GivenHere:
    """Set or take back settings of a group of devices. The devices concerned are planned and judged anew."""
    return _changed(viewer, "group", group_id, body)


@route("GET", "devices/{device_id}/settings", "policy.view")
def list_device_settings(viewer: Viewer, device_id: UUID) -> GivenHere:
    """List what is set for a device, and not above it."""
    return _here(places.place(viewer, "device", device_id))


@route("POST", "devices/{device_id}/settings", "policy.change")
def set_device_settings(viewer: Viewer, device_id: UUID, body: Change) -> GivenHere:
    """Set or take back settings of a device. The devices concerned are planned and judged anew."""
    return _changed(viewer, "device", device_id, body)


@route("GET", "templates/{role}/settings", "policy.view")
def list_template_settings(viewer: Viewer, role: str) -> GivenHere:
    """List what is set for a device template, over what it brings ready, and not above it."""
    return _here(places.place(viewer, "template", role))


@route("POST", "templates/{role}/settings", "policy.change")
def set_template_settings(viewer: Viewer, role: str, body: Change) -> GivenHere:
    """Set or take back settings of a device template. The devices concerned are planned and judged anew."""
    return _changed(viewer, "template", role, body)


def _changed(viewer: Viewer, kind: str, key: str | UUID, body: Change) -> GivenHere:
    try:
        there = policy_actions.change(viewer, kind, key, body.check, body.values, body.reset, timezone.now())
    except Unfit as error:
        flaw = Flaw(f"body.values.{error.field}", error.why)
        raise Problem(422, "invalid", "This value does not fit.", [flaw]) from None
    return _here(there)


def _here(there: Place) -> GivenHere:
    rows = places.stored(there).order_by("check_name", "field")
    known = {check.name for check in policy_queries.able(None)}
    return GivenHere([Given(r.check_name, r.field, r.value, r.check_name not in known) for r in rows])


def _policy(row: policy_queries.Kept, language: str) -> Policy:
    settings = [
        Setting(one.name, one.plain, one.origin, one.place, [_overridden(layer) for layer in one.overrides])
        for one in row.fields
    ]
    title = row.check.title.pattern(language)
    return Policy(row.check.name, title, row.runs.interval, settings, "; ".join(row.wrong))


def _overridden(layer: Layer) -> Overridden:
    return Overridden(layer.origin, layer.name, policy_queries.plain(layer.value))
