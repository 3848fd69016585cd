"""The value of a check's setting on one device, and where it came from."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from predvid.core.model import Levels

LEVEL_PARTS = ("warning", "critical", "margin", "lower_is_worse")
ORIGINS = ("built-in", "device type", "client", "site", "device")  # weakest first


@dataclass(frozen=True, slots=True)
class Setting:
    """One explicit setting: `check`.`field` = JSON-like `value`, given at `origin` (one of ORIGINS)."""

    origin: str
    check: str
    field: str
    value: Any


@dataclass(frozen=True, slots=True)
class Effective:
    """A check's params on one device, with the origin of each field."""

    params: Any
    origins: Mapping[str, str]


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


def effective(check: str, builtin: Any, by_type: Mapping[str, Any], settings: Iterable[Setting]) -> Effective:
    """Return the params of `check`: built-in defaults, then those of the device type, then `settings`.

    `settings` come in any order; the strongest origin (see ORIGINS) wins each field.
    """
    params, origins = builtin, {}
    if is_dataclass(builtin):
        origins = {field.name: "built-in" for field in fields(builtin)}
    layers = [("device type", by_type)]
    mine = [setting for setting in settings if setting.check == check]
    for origin in ORIGINS[2:]:
        layers.append((origin, {s.field: s.value for s in mine if s.origin == origin}))
    for origin, values in layers:
        params = with_values(check, params, values)
        origins.update((name.partition(".")[0], origin) for name in values)
    return Effective(params, origins)
