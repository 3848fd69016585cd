"""What the axis of time and the keys of curves are drawn with."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from predvid.modules.monitoring.queries.compared import EARLIER
from predvid.modules.monitoring.state_words import state_word
from predvid.modules.monitoring.timeline import Bar, Entry, Mark
from predvid.server.templatetags.predvid import clock, in_croatian

register = template.Library()
ROW = 27  # px from one row of bars to the next
NAMED = 3  # entries that the name of a mark spells out


@register.filter
def percent(value: float) -> str:
    """Return a share as SVG reads it."""
    return f"{value:.2f}%"


@register.filter
def lane_height(bars: Sequence[Bar]) -> int:
    """Return how high a lane is that holds these bars, in pixels."""
    return ROW * (1 + max((bar.row for bar in bars), default=0)) + 4


@register.filter
def bar_top(row: int) -> int:
    """Return where a row of bars begins, in pixels."""
    return ROW * row + 3


@register.filter
def tick_word(moment: datetime, step: timedelta) -> str:
    """Return what stands below a tick: the hour, or the day where a day begins."""
    local = timezone.localtime(moment)
    if step < timedelta(days=1) and (local.hour or local.minute):
        return f"{local:%H:%M}"
    return date_format(local, "j. n." if in_croatian() else "j M")


@register.filter
def exact_day(start: datetime, end: datetime) -> str:
    """Return from when to when an axis goes, shortly."""
    return f"{clock(start)} – {clock(end)}"


@register.filter
def told(entry: Entry) -> str:
    """Return a span in one sentence: what, how bad, from when to when."""
    if entry.until:
        when = _("%(start)s to %(end)s") % {"start": clock(entry.start), "end": clock(entry.until)}
    else:
        when = _("since %(start)s, goes on") % {"start": clock(entry.start)}
    return (
        f"{state_word(entry.tone)}: {entry.text} · {when}"
        if entry.kind == "alert"
        else f"{entry.text} · {when}"
    )


@register.filter
def marked(mark: Mark) -> str:
    """Return what a mark stands for: how many changes, the newest of them in words."""
    words = [f"{entry.text} ({clock(entry.start)})" for entry in mark.entries[:NAMED]]
    if len(mark.entries) == 1:
        return words[0]
    n = len(mark.entries)
    head = ngettext("%(n)s change", "%(n)s changes", n) % {"n": n}
    return f"{head}: {'; '.join(words)}{' …' if n > NAMED else ''}"


@register.filter
def shift_name(key: str) -> str:
    """Return how much earlier a chart is compared with, in words."""
    return EARLIER[key].pattern("hr" if in_croatian() else "en")


@register.simple_tag
def curve_key(number: int) -> SafeString:
    """Return the key of a curve: a piece of its line."""
    return format_html(
        '<svg viewBox="0 0 22 6" width="22" height="6" aria-hidden="true">'
        '<path class="curve curve-{}" d="M1 3H21"/></svg>',
        number,
    )
