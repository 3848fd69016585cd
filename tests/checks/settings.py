"""Every setting of every check, with its default by type of device: `docs/settings.md` is made from this.

make tables
"""

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from predvid.checks import manual, registry
from predvid.checks.groups import GROUPS, grouped
from predvid.checks.v1 import Check, Levels
from predvid.core.wording import duration, size

HEAD = """# The settings of the checks

Made from the checks and their manuals by `make tables`; a test holds it, and that no setting is left out.

A policy gives a setting another value, for a client, a site or one device. To try one at the desk:
`predvid check run cpu --param used.warning=80`.

- **Levels** become a warning or critical where the value reaches them, upwards (≥) or downwards (≤). A state
  is left only when the value is back by the margin. "Not judged" means that the value is recorded and charted
  only, until a policy sets a level.
- **Default** is what holds where no policy says otherwise; beneath it stand the types of device that have a
  default of their own.
- Most levels of a yes or no *guard* a value: 1 is so, 0 is not so.
"""


def number(value: float) -> str:
    """Return a number as people write it: 2,147,483,648 or 0.5."""
    return f"{value:,}".removesuffix(".0") if isinstance(value, float) else f"{value:,}"


def measured(value: float, unit: str) -> str:
    """Return a level, and where it is long in seconds or bytes also as people say it."""
    said = {"seconds": duration, "bytes": size}.get(unit)
    return f"{number(value)} ({said(value, 'en')})" if said and value >= 100 else number(value)


def unit_of(check: Check, name: str) -> str:
    """Return the unit of what the setting guards: the end of its metric's name."""
    metrics = [metric for metric, field in check.watches.items() if field == name]
    return metrics[0].rpartition("_")[2] if metrics else ""


def shown(value: Any, unit: str = "") -> str:
    """Return a value of a setting in words."""
    if isinstance(value, Levels):
        sign = "≤" if value.lower_is_worse else "≥"
        named = (("warning", value.warning), ("critical", value.critical))
        parts = [f"{name} {sign} {measured(level, unit)}" for name, level in named if level is not None]
        margin = f" (margin {number(value.margin)})" if value.margin else ""
        return f"{', '.join(parts)}{margin}" if parts else "not judged"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ", ".join(f"`{part}`" for part in value) or "none"
    return number(value) if isinstance(value, int | float) else f"`{value}`" if value else "none"


def default(check: Check, name: str) -> str:
    """Return the default of one setting, and the other ones by type of device."""
    others = {device_type: values[name] for device_type, values in check.defaults.items() if name in values}
    unit = unit_of(check, name)
    named = [f"{device_type}: {shown(value, unit)}" for device_type, value in sorted(others.items())]
    return "<br>".join([shown(getattr(check.params, name), unit), *named])


def rows(check: Check) -> Iterator[str]:
    """Yield a line for each setting of `check`."""
    for part in fields(check.params) if check.params is not None else ():
        label, said = (ask(check, part.name, "en") for ask in (manual.label, manual.explained))
        yield f"| `{part.name}` | {label} | {said} | {default(check, part.name)} |"


def page() -> Iterator[str]:
    """Yield the lines of the document."""
    yield from HEAD.splitlines()
    for group, members in grouped(registry.checks().values()).items():
        yield from ("", f"## {GROUPS[group].en}")
        for check in sorted(members, key=lambda check: check.name):
            yield from ("", f"### {check.title.en} (`{check.name}`)", "")
            if lines := list(rows(check)):
                yield from (
                    "| Setting | Name | What it does | Default |",
                    "| --- | --- | --- | --- |",
                    *lines,
                )
            else:
                yield "It has no settings."
