"""The value of a check's setting on one device, where it came from, and what it overrides."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Any

from predvid.core.model import Levels

LEVEL_PARTS = ("warning", "critical", "margin", "lower_is_worse")
ORIGINS = ("built-in", "device type", "template", "client", "site", "group", "device")  # weakest first
RESERVED = "@"  # begins the fields that say how a check runs, whatever its own params are called


@dataclass(frozen=True, slots=True)
class Setting:
    """One explicit setting: `check`.`field` = JSON-like `value`, given at `origin` (one of ORIGINS).

    `name` is that of the template, site or group. Of several of one origin the one with the highest `rank`
    wins: a device may be in several groups and have several roles.
    """

    origin: str
    check: str
    field: str
    value: Any
    name: str = ""
    rank: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Layer:
    """What a field was worth once `origin` (called `name`) had its say."""

    origin: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Effective:
    """A check's params on one device, with the origin of each field.

    `layers` holds, per field, everything that had a say, weakest first: the last is what holds, those before
    are what it overrides. `wrong` names settings that do not fit the check; they are left out.
    """

    params: Any
    origins: Mapping[str, str]
    layers: Mapping[str, tuple[Layer, ...]] = field(default_factory=dict)
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Running:
    """How a check runs and speaks up: the fields that policies can set of every check.

    `interval` between runs and `hold` (how long a bad state lasts before an alert opens) are in seconds;
    without `notify` its alerts are shown, and nobody is notified of them.
    """

    enabled: bool = True
    interval: int = 60
    hold: int = 0
    notify: bool = True


BOUNDS = {"interval": (10, 7 * 86_400), "hold": (0, 30 * 86_400)}  # seconds


class BadSetting(ValueError):
    """A setting names no field of the check or has a value of the wrong kind; the message names the field."""


def convert(check: str, name: str, default: Any, value: Any) -> Any:
    """Return JSON-like `value` as the kind of thing that `default` is; raise BadSetting naming the field."""
    try:
        if isinstance(default, Levels):
            return value if isinstance(value, Levels) else _levels(default, value)
        if isinstance(default, bool):
            return _flag(value)
        if isinstance(default, int | float):
            return _number(value) if isinstance(default, float) else _whole(value)
        if isinstance(default, tuple):
            return _texts(value)
        return type(default)(value)
    except (TypeError, ValueError) as error:
        raise BadSetting(f"{check}.{name}: {value!r} does not fit ({error})") from None


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(word for part in value.split(",") if (word := part.strip()))
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError("give a list of texts")
    return tuple(value)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("give a finite number")
    return number


def _whole(value: Any) -> int:
    if not (number := _number(value)).is_integer():
        raise ValueError("give a whole number")
    return int(number)


def _levels(default: Levels, value: Any) -> Levels:
    """Return Levels of a JSON-like mapping; unless its levels tell a direction, that of `default` holds."""
    if not isinstance(value, Mapping):
        raise ValueError(f"give {', '.join(LEVEL_PARTS)} by name")
    if unknown := set(value) - set(LEVEL_PARTS):
        raise ValueError(f"no such part: {', '.join(sorted(unknown))}; levels have {', '.join(LEVEL_PARTS)}")
    warning, critical = value.get("warning"), value.get("critical")
    return Levels(
        warning=None if warning is None else _number(warning),
        critical=None if critical is None else _number(critical),
        margin=_number(value.get("margin", 0.0)),
        lower_is_worse=_flag(value.get("lower_is_worse", default.lower_is_worse)),
    )


def _flag(value: Any) -> bool:
    if str(value).lower() in ("true", "1", "yes"):
        return True
    if str(value).lower() in ("false", "0", "no"):
        return False
    raise ValueError("give true or false")


def with_values(check: str, params: Any, values: Mapping[str, Any]) -> Any:
    """Return `params` with `values` (JSON-like) set; `field.part` reaches into Levels. Raises BadSetting."""
    if not values:
        return params
    if not is_dataclass(params) or isinstance(params, type):
        raise BadSetting(f"{check} has no parameters")
    known = {field.name for field in fields(params)}
    for name, value in values.items():
        base, _, part = name.partition(".")
        if base not in known:
            raise BadSetting(f"{check}.{base}: no such parameter; it has {', '.join(sorted(known))}")
        default = getattr(params, base)
        if part:
            value = _part(check, base, default, part, value)
        params = replace(params, **{base: convert(check, base, default, value)})
    return params


def _part(check: str, base: str, default: Any, part: str, value: Any) -> Any:
    if not isinstance(default, Levels) or part not in LEVEL_PARTS:
        raise BadSetting(f"{check}.{base}.{part}: no such part; levels have {', '.join(LEVEL_PARTS)}")
    now = {name: getattr(default, name) for name in LEVEL_PARTS}
    try:
        return _levels(default, {**now, part: value})
    except (TypeError, ValueError) as error:
        raise BadSetting(f"{check}.{base}.{part}: {value!r} does not fit ({error})") from None


def effective(
    check: str,
    builtin: Any,
    by_type: Mapping[str, Any],
    settings: Iterable[Setting],
    *,
    strict: bool = True,
) -> Effective:
    """Return the params of `check`: built-in defaults, then those of the device type, then `settings`.

    `settings` come in any order; the strongest origin (see ORIGINS) wins each field, within one origin the
    highest rank. Raises BadSetting, unless not `strict`: then what does not fit is left out and named.
    """
    typed = [Setting("device type", check, name, value) for name, value in by_type.items()]
    mine = [one for one in settings if one.check == check and not one.field.startswith(RESERVED)]
    return _layered(check, builtin, [*typed, *mine], strict=strict)


def running(check: str, builtin: Running, settings: Iterable[Setting], *, strict: bool = True) -> Effective:
    """Return how `check` runs, as `effective` tells its params: from the settings with reserved fields."""
    mine = [
        replace(one, field=one.field.removeprefix(RESERVED))
        for one in settings
        if one.check == check and one.field.startswith(RESERVED)
    ]
    return _layered(check, builtin, mine, strict=strict)


def _layered(check: str, builtin: Any, settings: list[Setting], *, strict: bool) -> Effective:
    params, wrong = builtin, []
    layers: dict[str, list[Layer]] = {}
    if is_dataclass(builtin) and not isinstance(builtin, type):
        layers = {part.name: [Layer("built-in", "", getattr(builtin, part.name))] for part in fields(builtin)}
    for one in sorted(settings, key=strength):
        try:
            params = bounded(check, with_values(check, params, {one.field: one.value}))
        except BadSetting as error:
            if strict:
                raise
            wrong.append(str(error))
            continue
        name = one.field.partition(".")[0]
        layers[name].append(Layer(one.origin, one.name, getattr(params, name)))
    origins = {name: trail[-1].origin for name, trail in layers.items()}
    return Effective(params, origins, {name: tuple(trail) for name, trail in layers.items()}, tuple(wrong))


def strength(setting: Setting) -> tuple[int, tuple[int, ...], int, str]:
    """Return what orders settings, weakest first; a part of levels is set after the whole of them."""
    return ORIGINS.index(setting.origin), setting.rank, "." in setting.field, setting.name


def bounded(check: str, params: Any) -> Any:
    """Return `params`; raise BadSetting where they are a Running beyond its bounds."""
    for name, (least, most) in BOUNDS.items() if isinstance(params, Running) else ():
        if not least <= getattr(params, name) <= most:
            raise BadSetting(f"{check}.{RESERVED}{name}: give {least} to {most} seconds")
    return params


def checked(check: str, params: Any, running: Running, name: str, value: Any) -> Any:
    """Return JSON-like `value` of the field `name` of a check as it will hold; raise BadSetting naming it."""
    if name.startswith(RESERVED):
        bare = name.removeprefix(RESERVED)
        return getattr(bounded(check, with_values(check, running, {bare: value})), bare.partition(".")[0])
    return getattr(with_values(check, params, {name: value}), name.partition(".")[0])
