"""The form of a route, and what a channel's form has besides its kind's own fields."""

from collections.abc import Collection
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from predvid.core.model import Severity
from predvid.modules.notifying.actions import NewRoute
from predvid.modules.notifying.models import Route
from predvid.modules.notifying.rules import Hours, bits

FLOORS = [
    (str(int(Severity.WARNING)), _("warnings and critical ones")),
    (str(int(Severity.CRITICAL)), _("critical ones only")),
]
EVERYWHERE = "all"  # all clients, as the form has it
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


class RouteForm(forms.Form):
    """Who is told of which alerts, and when."""

    name = forms.CharField(
        label=pgettext("route", "Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    where = forms.ChoiceField(label=pgettext("route", "Alerts of"))
    floor = forms.ChoiceField(label=pgettext("route", "Which"), choices=FLOORS)
    people = forms.MultipleChoiceField(
        label=_("Told by e-mail"), required=False, widget=forms.CheckboxSelectMultiple
    )
    channel = forms.ChoiceField(label=_("And by channel"), required=False)
    days = forms.MultipleChoiceField(
        label=_("On these days"),
        choices=[(str(day), name) for day, name in WEEKDAYS.items()],
        initial=[str(day) for day in WEEKDAYS],
        widget=forms.CheckboxSelectMultiple,
    )
    since = forms.TimeField(label=pgettext("route", "From"), initial="00:00", widget=CLOCK)
    until = forms.TimeField(
        label=pgettext("route", "To"),
        initial="00:00",
        widget=CLOCK,
        help_text=_("The same as the beginning: round the clock. Earlier than it: into the next day."),
    )
    timezone = forms.CharField(label=_("Time zone"), max_length=40, initial="Europe/Zagreb")

    def __init__(self, *args: Any, offered: dict[str, list[tuple[str, Any]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in offered.items():
            field: Any = self.fields[name]
            field.choices = choices

    @staticmethod
    def of(route: Route, people: Collection[UUID]) -> dict[str, Any]:
        """Return what a route is, as the form begins with it; `people` are those that it may name."""
        clock = {
            name: f"{at // 60:02}:{at % 60:02}"
            for name, at in (("since", route.since), ("until", route.until))
        }
        where = str(route.client_id or EVERYWHERE)
        return clock | {
            "name": route.name,
            "where": f"{where}/{route.site_id}" if route.site_id else where,
            "floor": str(route.floor),
            "people": [str(person.pk) for person in route.people.all() if person.pk in people],
            "channel": str(route.channel_id or ""),
            "days": [str(day) for day in range(7) if route.days >> day & 1],
            "timezone": route.timezone,
        }

    def clean_timezone(self) -> str:
        """Refuse what is no time zone."""
        name: str = self.cleaned_data["timezone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("Write a time zone such as Europe/Zagreb."))
        return name

    def wanted(self) -> NewRoute:
        """Return what a valid form asks for."""
        words = self.cleaned_data
        client, _slash, site = words["where"].partition("/")
        since, until = (words[name].hour * 60 + words[name].minute for name in ("since", "until"))
        return NewRoute(
            name=words["name"],
            client=None if client == EVERYWHERE else UUID(client),
            site=UUID(site) if site else None,
            floor=int(words["floor"]),
            people=[UUID(key) for key in words["people"]],
            channel=UUID(words["channel"]) if words["channel"] else None,
            hours=Hours(bits(int(day) for day in words["days"]), since, until, words["timezone"]),
        )


class ChannelName(forms.Form):
    """What a channel is called."""

    name = forms.CharField(
        label=pgettext("channel", "Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
