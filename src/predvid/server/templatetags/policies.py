"""What pages show of policies: where a value comes from, and values in words and in fields of a form."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from predvid.checks.v1 import Levels
from predvid.modules.monitoring.quantities import shown
from predvid.modules.monitoring.ready_templates import templates

register = template.Library()
RUNS = {"@enabled", "@interval", "@hold", "@notify"}


@register.filter
def came_from(origin: str, name: str) -> str:
    """Return in words where a value comes from, with the name of its template, site or group."""
    if origin == "template" and name in templates():
        name = templates()[name].title.pattern(get_language() or "en")
    return {
        "built-in": _("built in"),
        "device type": _("type of device"),
        "template": _("template %(name)s"),
        "client": _("client"),
        "site": _("site %(name)s"),
        "group": _("group %(name)s") if name else _("group of the whole MSP"),
        "device": _("this device"),
    }[origin] % {"name": name}


@register.filter
def worded(value: Any, metric: str = "") -> str:
    """Return a setting's value in words."""
    if isinstance(value, Mapping) and "warning" in value:
        value = Levels(value.get("warning"), value.get("critical"))
    if isinstance(value, Levels):
        parts = [
            f"{name} {shown(level, metric)}"
            for name, level in ((_("warning at"), value.warning), (_("critical at"), value.critical))
            if level is not None and not (name == _("warning at") and value.warning == value.critical)
        ]
        return ", ".join(parts) or _("no limit")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or _("none of them")
    if isinstance(value, int | float):
        return shown(value, metric)
    return str(value) or "–"


@register.filter
def quantity(value: float | None, metric: str) -> str:
    """Return a number as the field of a form shows it."""
    return shown(value, metric)


@register.filter
def lines(value: Any) -> str:
    """Return a list as a field of several lines shows it."""
    return "\n".join(map(str, value))


@register.filter
def label(row: Any) -> str:
    """Return what a field is called."""
    words: dict[str, str] = {
        "@enabled": _("The check runs"),
        "@interval": _("Runs every"),
        "@hold": _("Must be bad this long before an alert opens"),
        "@notify": _("Its alerts notify people"),
    }
    return words.get(row.name, str(row.label))


@register.filter
def flaw(flaws: Mapping[str, str], name: str) -> str:
    """Return what is wrong with a field, empty for nothing."""
    return flaws.get(name, "")


@register.filter
def is_running(row: Any) -> bool:
    """Tell whether a field says how a check runs, not how it judges."""
    return row.name in RUNS
