"""Tags and filters of the pages: icons, numbers, times, states; built into every template."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, ngettext, pgettext

from predvid.core import wording
from predvid.core.trust import fingerprint
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import charts
from predvid.modules.monitoring.queries.devices import SORTS
from predvid.modules.monitoring.state_words import state_word
from predvid.server import assets
from predvid.server.icons import ICONS

register = template.Library()
STATE_ICONS = {
    "ok": "circle-check",
    "warning": "alert-triangle",
    "critical": "alert-octagon",
    "unknown": "help-circle",
    "offline": "plug-connected-x",
    "waiting": "hourglass",
    "holding": "hourglass",
    "info": "info-circle",
    "pending": "hourglass",
    "approved": "circle-check",
    "revoked": "x",
    "locked": "lock",
}
TYPE_ICONS = {
    "server": "server",
    "workstation": "device-desktop",
    "laptop": "device-laptop",
    "network": "router",
    "other": "device-unknown",
}
BAR_WIDTH = 150


def _language() -> str:
    return "hr" if (get_language() or "hr").startswith("hr") else "en"


def in_croatian() -> bool:
    """Tell whether the reader reads Croatian."""
    return _language() == "hr"


@register.filter
def may(viewer: Viewer, verb: str) -> bool:
    """Tell whether the viewer may do `verb` to anything at all: `{% if viewer|may:"device.move" %}`."""
    return viewer.may(verb)


@register.filter
def key_fingerprint(key: bytes) -> str:
    """Return a public key's fingerprint, as the machine that holds the key shows it."""
    return fingerprint(bytes(key))


@register.filter
def of(words: Mapping[str, str], key: str) -> str:
    """Return the word for `key`, or the key itself where there is none."""
    return str(words.get(key, key))


@register.simple_tag
def asset(path: str) -> str:
    """Return the address of a packaged static file, with the digest of its content."""
    return assets.address(path)


@register.simple_tag
@cache
def icon(name: str, size: int = 18) -> SafeString:
    """Return an icon as inline SVG, hidden from screen readers: a word stands beside it."""
    paths = mark_safe(ICONS[name])  # noqa: S308 - a constant of ours
    return format_html(
        '<svg class="ic" width="{0}" height="{0}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{1}</svg>',
        size,
        paths,
    )


@register.filter
def type_icon(device_type: str) -> str:
    """Return the icon's name of a device type."""
    return TYPE_ICONS.get(device_type, "device-unknown")


@register.filter(name="state_word")
def state_word_filter(state: str) -> str:
    """Return a state in the reader's language."""
    return state_word(state)


@register.simple_tag
def state(name: str, quiet: bool = False) -> SafeString:
    """Return a state as icon and word; `quiet` leaves the word to screen readers and the tooltip."""
    return _state(name, quiet, _language())


@cache
def _state(name: str, quiet: bool, _language: str) -> SafeString:
    word = state_word(name)
    shown = format_html('<span class="{}">{}</span>', "visually-hidden" if quiet else "", word)
    return format_html(
        '<span class="st st-{}" title="{}">{}{}</span>',
        name,
        word,
        icon(STATE_ICONS.get(name, "activity"), 17),
        shown,
    )


@register.filter
def amount(value: float | None, decimals: int = 1) -> str:
    """Return a number grouped and rounded as the reader writes it."""
    return "–" if value is None else wording.number(value, _language(), decimals)


@register.filter
def lasting(seconds: float | None) -> str:
    """Return a duration in words."""
    return "–" if seconds is None else wording.duration(abs(seconds), _language())


@register.filter
def in_unit(value: float | None, metric: str) -> str:
    """Return a metric's value with its unit."""
    return "–" if value is None else charts.value_in_words(value, metric, _language())


def _day(local: datetime) -> str:
    return date_format(local, "DATE_FORMAT" if _language() == "hr" else "j F Y")


@register.filter
def exact(moment: datetime | None) -> str:
    """Return a moment in full, with the zone of its clock: 22. studenoga 2026., 21:04:05 CET."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    return f"{_day(local)}, {local:%H:%M:%S} {local:%Z}"


@register.simple_tag
def zone() -> str:
    """Return the zone of every clock on the pages, as it is now: Europe/Zagreb (CET, UTC+1)."""
    local = timezone.localtime()
    offset = (local.utcoffset() or timedelta()).total_seconds()
    hours, minutes = divmod(abs(int(offset)) // 60, 60)
    shown = f"{'-' if offset < 0 else '+'}{hours}" + (f":{minutes:02}" if minutes else "")
    return f"{timezone.get_current_timezone_name()} ({local:%Z}, UTC{shown})"


@register.filter
def clock(moment: datetime) -> str:
    """Return hour and minute of a moment that is near; with its day if that is not today."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localdate() else f"{_day(local)}, {local:%H:%M}"


@register.filter
def today(moment: datetime) -> str:
    """Return weekday, date and time: nedjelja, 22. studenoga 2026., 21:04."""
    local = timezone.localtime(moment)
    return f"{date_format(local, 'l')}, {_day(local)}, {local:%H:%M}"


def relative(moment: datetime, now: datetime) -> str:
    """Return how long ago `moment` was, shortly; beyond a month its date."""
    seconds = int((now - moment).total_seconds())
    if seconds < 5:
        return gettext("just now")
    if seconds < 60:
        return gettext("%(n)d s ago") % {"n": seconds}
    if seconds < 3600:
        return gettext("%(n)d min ago") % {"n": seconds // 60}
    if seconds < 86400:
        return gettext("%(n)d h ago") % {"n": seconds // 3600}
    days = seconds // 86400
    if days <= 30:
        return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days}
    return _day(timezone.localtime(moment))


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Return a moment as relative time, the exact one on hover."""
    if moment is None:
        return "–"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        exact(moment),
        relative(moment, timezone.now()),
    )


@register.filter
def initials(name: str) -> str:
    """Return one or two letters for a round badge."""
    parts = [part for part in name.split() if part[:1].isalnum()]
    letters = [part[0] for part in parts]
    return "".join((letters[0], letters[1]) if len(letters) > 1 else letters[:1]).upper() or "?"


@register.simple_tag
def health_bar(parts: Sequence[tuple[str, int]], width: int = BAR_WIDTH) -> SafeString:
    """Return shares of devices by standing as a bar; each part names itself on hover."""
    total = sum(n for _, n in parts)
    if not total:
        return mark_safe("")
    gap, least = 2, 5
    room = width - gap * (len(parts) - 1)
    widths = [max(least, room * n / total) for _, n in parts]
    scale = room / sum(widths)
    left, cells = 0.0, []
    for (name, n), wide in zip(parts, widths, strict=True):
        cells.append((name, f"{left:.1f}", f"{wide * scale:.1f}", f"{state_word(name)}: {amount(n)}"))
        left += wide * scale + gap
    label = ", ".join(cell[3] for cell in cells)
    rects = format_html_join(
        "", '<rect class="fill-{}" x="{}" y="0" width="{}" height="8" rx="3"><title>{}</title></rect>', cells
    )
    return format_html(
        '<svg class="hbar" viewBox="0 0 {0} 8" width="{0}" height="8" role="img" aria-label="{1}" '
        'preserveAspectRatio="none">{2}</svg>',
        width,
        label,
        rects,
    )


@register.simple_tag
def sparkline(points: str, kind: str = "accent") -> SafeString:
    """Return a sparkline of the points that `charts.spark` worked out."""
    if not points:
        return mark_safe("")
    last = points.rpartition(" ")[2]
    x, _, y = last.partition(",")
    return format_html(
        '<svg class="spark spark-{}" viewBox="-2 0 102 26" width="102" height="26" aria-hidden="true">'
        '<polygon points="0,26 {} {},26"/><polyline points="{}"/><circle cx="{}" cy="{}" r="2.2"/></svg>',
        kind,
        points,
        x,
        points,
        x,
        y,
    )


@register.filter
def words(text: str) -> list[str]:
    """Return the words of a text, for a loop."""
    return text.split()


@register.filter
def columns(_name: str) -> list[tuple[str, str, str, str]]:
    """Return (sort key, heading, class, direction) of the columns of the device list."""
    columns = [
        ("state", gettext("State"), ""),
        ("name", gettext("Device"), ""),
        ("client", gettext("Client"), "wide-only"),
        ("type", gettext("Type"), "wide-only"),
        ("os", gettext("System"), "wide-only"),
        ("alerts", gettext("Alerts"), "num"),
        ("seen", gettext("Last data"), "num"),
    ]
    return [(*column, "descending" if SORTS[column[0]][1] else "ascending") for column in columns]


@register.filter
def origin(name: str) -> str:
    """Return in words where a limit was set."""
    return {
        "built-in": gettext("built in"),
        "device type": gettext("for this type of device"),
        "client": gettext("set for the client"),
        "site": gettext("set for the site"),
        "device": gettext("set for this device"),
    }.get(name, name)


@register.filter
def plain(value: float) -> str:
    """Return a number as programs read it."""
    return repr(float(value))


@register.filter
def metric_name(metric: str) -> str:
    """Return a metric's name in words."""
    return charts.name_of(metric, _language())


@register.filter
def range_name(key: str) -> str:
    """Return the name of a chart's range: 24 h, 7 d."""
    unit = pgettext("hours", "h") if key.endswith("h") else pgettext("days", "d")
    return f"{key[:-1]} {unit}"
