"""Reads of policies: the settings that hold at a place, where each came from and what it overrides."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from predvid.checks import registry
from predvid.checks.manual import manual
from predvid.checks.v1 import Check, Levels
from predvid.core.policy import RESERVED, Effective, Layer, Running, Setting, effective, running
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.queries.device import settings_of
from predvid.modules.monitoring.queries.places import Ground
from predvid.modules.monitoring.reaching import Place, Reach
from predvid.modules.monitoring.rules import runs_by_default


@dataclass(frozen=True)
class Field:
    """One field of a check at a place: what holds, where from, and what that overrides (strongest first).

    `kind` is levels, flag, whole, number, texts or text; `metric` is what levels guard, for its unit.
    """

    name: str
    label: str
    explained: str
    kind: str
    value: Any
    origin: str
    place: str
    overrides: tuple[Layer, ...]
    metric: str = ""
    here: bool = False

    @property
    def plain(self) -> Any:
        """Return the value JSON-like."""
        return plain(self.value)


@dataclass(frozen=True)
class Kept:
    """The settings of one check at a place; `wrong` names those that do not fit and are left out."""

    check: Check
    fields: list[Field]
    runs: Running
    wrong: tuple[str, ...] = ()

    @property
    def here(self) -> int:
        """Return how many fields are set at the place itself."""
        return sum(field.here for field in self.fields)

    @property
    def explicit(self) -> int:
        """Return how many fields some policy sets, here or above."""
        return sum(field.origin not in ("built-in", "device type") for field in self.fields)


@dataclass(frozen=True)
class Waiting:
    """What is set for a check that is not installed: it holds once the check is there."""

    check: str
    settings: tuple[Setting, ...]


def policies(viewer: Viewer, device: Device) -> list[Kept]:
    """Return what holds for each check that a device can run, by name. Raises NotVisible or Denied."""
    require(viewer, "policy.view", device.client_id)
    at = Place("device", device.pk, device.name, device.client_id)
    settings = settings_of(viewer, device)
    return [kept(check, at, settings, device, viewer.language) for check in able(device)]


def able(device: Device | None) -> list[Check]:
    """Return the checks that a device can run (any, without one), by name."""
    platform = device.platform if device else ""
    found = registry.checks().values()
    return sorted((one for one in found if platform in ("", *one.platforms)), key=lambda one: one.name)


def reaching(here: Ground, device: Device | None) -> list[Setting]:
    """Return the settings that count at a place: its own and those of the places above it."""
    at, known = here.place, here.known
    if device is not None:
        return list(known.settings(device))
    above: list[tuple[str, Any]] = [] if at.client is None else [("client", at.client)]
    keys = dict.fromkeys([*above, (at.kind, at.key)])
    return [setting for key in keys for setting in known.by_place.get(key, ())]


def without(known: Reach, at: Place, check: str) -> Reach:
    """Return what would be if nothing were set for `check` at a place."""
    mine = known.by_place.get((at.kind, at.key), ())
    return known.changed(at, check, {}, [one.field for one in mine if one.check == check])


def kept(check: Check, at: Place, settings: Iterable[Setting], device: Device | None, language: str) -> Kept:
    """Return what holds for one check at a place under `settings`."""
    mine = [one for one in settings if one.check == check.name]
    by_type = check.defaults.get(device.type, {}) if device else {}
    found = effective(check.name, check.params, by_type, mine, strict=False)
    ran = running(check.name, runs_by_default(check, device.platform if device else ""), mine, strict=False)
    metrics = metrics_of(check)
    here = {one.field.partition(".")[0] for one in mine if _is_here(one, at)}
    params = [_field(name, found, check, language, metrics, here) for name in found.layers]
    how = [_field(name, ran, check, language, {}, here, RESERVED) for name in ran.layers]
    return Kept(check, [*params, *how], ran.params, found.wrong + ran.wrong)


def metrics_of(check: Check) -> dict[str, str]:
    """Return, per levels field, the metric whose unit it has: what it guards, or a chart of its name."""
    found = {name: metric for name in vars_of(check) for metric in check.charts if f"_{name}_" in metric}
    return found | {name: metric for metric, name in reversed(list(check.watches.items()))}


def vars_of(check: Check) -> list[str]:
    """Return the names of a check's params fields."""
    return [] if check.params is None else [part.name for part in fields(check.params)]


def _field(
    name: str,
    found: Effective,
    check: Check,
    language: str,
    metrics: Mapping[str, str],
    here: Collection[str],
    prefix: str = "",
) -> Field:
    trail = found.layers[name]
    value = getattr(found.params, name)
    texts = manual(check)
    word, explained = texts.words.get(name), texts.explained.get(name)
    return Field(
        prefix + name,
        word.pattern(language) if word and not prefix else _spoken(name),
        explained.pattern(language) if explained and not prefix else "",
        kind_of(value),
        value,
        trail[-1].origin,
        trail[-1].name,
        trail[-2::-1],
        metrics.get(name, f"{name}_seconds" if prefix else ""),
        prefix + name in here,
    )


def _is_here(one: Setting, at: Place) -> bool:
    """Tell whether a setting is given at the place itself; what a template brings ready is not."""
    mine = one.origin == at.kind and (at.kind in ("client", "device") or one.name == at.name)
    return mine and (at.kind != "template" or one.rank == at.rank)


def _spoken(name: str) -> str:
    return name.replace("_", " ").capitalize()


def kind_of(value: Any) -> str:
    """Return what kind of field a value stands for."""
    if isinstance(value, Levels):
        return "levels"
    if isinstance(value, bool):
        return "flag"
    if isinstance(value, tuple):
        return "texts"
    return {int: "whole", float: "number"}.get(type(value), "text")


def waiting(settings: Iterable[Setting]) -> list[Waiting]:
    """Return what of these settings waits for its check, by name of the check."""
    found: dict[str, list[Setting]] = {}
    for one in settings:
        if one.check not in registry.checks():
            found.setdefault(one.check, []).append(one)
    return [Waiting(name, tuple(mine)) for name, mine in sorted(found.items())]


def plain(value: Any) -> Any:
    """Return a value of a params field JSON-like."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return list(value) if isinstance(value, tuple) else value
