"""Puts an event of an alert into a message: for a person in their language, for programs as data."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from predvid.core.model import State
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring.models import Alert, Event
from predvid.modules.monitoring.queries.standing import WORD_OF, narrowed
from predvid.modules.monitoring.words import sentence, title
from predvid.modules.notifying.messages import Message
from predvid.modules.notifying.models import Delivery

COLOURS = {"critical": "#c0262d", "warning": "#b45309", "unknown": "#6b4fbb", "ok": "#15803d"}


@dataclass(frozen=True)
class Line:
    """One alert within a message."""

    alert: Alert
    sentence: str
    check: str
    state: str
    word: str
    colour: str
    link: str


def compose(delivery: Delivery, viewer: Viewer, address: str, acknowledge: str, now: datetime) -> Message:
    """Return the message of a delivery (all that it names loaded) as `viewer` may read it.

    `address` is the console's, `acknowledge` the link by which the alert is acknowledged, empty for none.
    """
    event = delivery.event
    with translation.override(viewer.language):
        lines = [_line(alert, event, viewer.language, address) for alert in _alerts(viewer, delivery)]
        words: dict[str, Any] = {
            "lines": lines,
            "head": _("Nobody has taken this alert on yet") if delivery.escalates else _head(event.kind),
            "when": date_format(localtime(event.at), "DATETIME_FORMAT"),
            "acknowledge": acknowledge,
            "address": address,
        }
        subject = _subject(event.kind, lines)
        text = _text(words["head"], words["when"], lines, acknowledge)
        html = render_to_string("notifying/mail.html", words)
    who = delivery.person_id or delivery.channel_id
    first = f"alert-{delivery.alert_id}-{who}" if delivery.alert_id else f"delivery-{delivery.pk}"
    opens = event.kind in ("alert.opened", "alert.due") or not delivery.alert_id
    return Message(
        key=first if opens else f"delivery-{delivery.pk}",
        subject=subject,
        text=text,
        html=html,
        moment=int(now.timestamp()),
        to=delivery.person.email if delivery.person else "",
        answers="" if opens else first,
        data={"event": event.kind, "at": event.at.isoformat(), "alerts": [_data(line) for line in lines]},
    )


def _text(head: str, when: str, lines: list[Line], acknowledge: str) -> str:
    """Return the plain text: one block for each alert, then the link to take it on."""
    blocks = [f"{head}, {when}"]
    for line in lines:
        device = line.alert.device
        where = f"{line.alert.client.name}, {device.site.name}"
        blocks.append(f"{line.word}: {device.name}, {line.check}\n{line.sentence}\n{where}\n{line.link}")
    if acknowledge:
        take = _("Take it on (a page opens and asks once more; works for you alone, once, within two days):")
        blocks.append(f"{take}\n{acknowledge}")
    return "\n\n".join(blocks) + "\n"


def _alerts(viewer: Viewer, delivery: Delivery) -> list[Alert]:
    named = delivery.event.source.get("alerts")
    several = delivery.event.kind == "alert.due" and isinstance(named, list)
    keys = named if several and named else [delivery.alert_id]
    rows = Alert.objects.filter(pk__in=[key for key in keys if key]).select_related("device__site", "client")
    return list(narrowed(viewer, rows.order_by("-state", "pk")))


def _line(alert: Alert, event: Event, language: str, address: str) -> Line:
    said, values = alert.said_id, alert.said_values
    source = event.source
    if event.alert_id == alert.pk and "said_id" in source and isinstance(source.get("said_values"), dict):
        said, values = str(source["said_id"]), source["said_values"]
    state = "ok" if event.kind == "alert.resolved" else WORD_OF[State(alert.state)]
    return Line(
        alert,
        sentence(said, values, language),
        f"{title(alert.check_name, language)} {alert.item}".strip(),
        state,
        _word(state),
        COLOURS[state],
        f"{address}/alerts/{alert.pk}/",
    )


def _word(state: str) -> str:
    words = {
        "critical": pgettext("mail", "Critical"),
        "warning": pgettext("mail", "Warning"),
        "unknown": pgettext("mail", "Unknown"),
        "ok": pgettext("mail", "Resolved"),
    }
    return words[state]


def _head(kind: str) -> str:
    heads = {
        "alert.opened": _("A new alert"),
        "alert.changed": _("An alert has changed"),
        "alert.reopened": _("An alert is open again"),
        "alert.due": _("These alerts still need somebody"),
        "alert.resolved": _("An alert is resolved"),
        "alert.assigned": _("An alert has been given to you"),
    }
    return heads.get(kind, "")


def _subject(kind: str, lines: list[Line]) -> str:
    if not lines:
        return _head(kind)
    first = lines[0]
    one = f"{first.word}: {first.alert.device.name}, {first.check}"
    return one if len(lines) == 1 else f"{one} (+{len(lines) - 1})"


def _data(line: Line) -> dict[str, Any]:
    alert = line.alert
    return {
        "id": alert.pk,
        "state": line.state,
        "sentence": line.sentence,
        "check": alert.check_name,
        "item": alert.item,
        "client": alert.client.name,
        "site": alert.device.site.name,
        "device": alert.device.name,
        "link": line.link,
    }
