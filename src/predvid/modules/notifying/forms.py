"""The forms of a route and a rota, and what a channel's form has besides its kind's own fields."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.utils.translation import pgettext_lazy as pgettext

from predvid.core.model import Severity
from predvid.modules.access.models import Person
from predvid.modules.notifying.actions import NewRoute
from predvid.modules.notifying.models import Rota, Route
from predvid.modules.notifying.rotas import MOST_TURNS, NewRota
from predvid.modules.notifying.rules import Hours, bits

FLOORS = [
    (str(int(Severity.WARNING)), _("warnings and critical ones")),
    (str(int(Severity.CRITICAL)), _("critical ones only")),
]
AFTER = (0, 5, 10, 15, 30, 60, 120, 240)  # minutes
EVERYWHERE = "all"  # all clients, as the form has it
CLOCK = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
SPARE = 2  # empty turns that a form offers


def _later() -> list[tuple[str, str]]:
    later = [(str(n), ngettext("%(n)d minute later", "%(n)d minutes later", n) % {"n": n}) for n in AFTER[1:]]
    return [(str(AFTER[0]), str(_("at once"))), *later]


def zone(name: str) -> str:
    """Return the name of a time zone. Raises ValidationError for what is none."""
    if name not in available_timezones():
        raise forms.ValidationError(_("Write a time zone such as Europe/Zagreb."))
    return name


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
    rota = forms.ChoiceField(label=_("And whoever is on call"), required=False)
    channel = forms.ChoiceField(label=_("And by channel"), required=False)
    after = forms.ChoiceField(
        label=pgettext("route", "When"),
        choices=_later,
        required=False,
        help_text=_("Later: only of what nobody has taken on by then."),
    )
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
            "rota": str(route.rota_id or ""),
            "channel": str(route.channel_id or ""),
            "after": str(route.after),
            "days": [str(day) for day in range(7) if route.days >> day & 1],
            "timezone": route.timezone,
        }

    def clean_timezone(self) -> str:
        """Refuse what is no time zone."""
        return zone(self.cleaned_data["timezone"])

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
            rota=UUID(words["rota"]) if words["rota"] else None,
            after=int(words["after"] or 0),
            hours=Hours(bits(int(day) for day in words["days"]), since, until, words["timezone"]),
        )


class RotaForm(forms.Form):
    """Who is on call in turn: the order of people, from when on, and for how long each."""

    name = forms.CharField(
        label=pgettext("rota", "Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    begins = forms.DateField(
        label=_("First turn begins on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    at = forms.TimeField(label=_("Handover at"), initial="08:00", widget=CLOCK)
    days = forms.IntegerField(label=_("Days of a turn"), min_value=1, max_value=90, initial=7)
    timezone = forms.CharField(label=_("Time zone"), max_length=40, initial="Europe/Zagreb")

    def __init__(self, *args: Any, people: list[tuple[str, str]], turns: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = [f"turn_{number}" for number in range(1, min(turns + SPARE, MOST_TURNS) + 1)]
        for number, name in enumerate(self.order, start=1):
            self.fields[name] = forms.ChoiceField(
                label=_("Turn %(number)d") % {"number": number}, choices=[("", "–"), *people], required=False
            )

    @property
    def turns(self) -> list[Any]:
        """Return the fields of the order."""
        return [self[name] for name in self.order]

    @staticmethod
    def of(rota: Rota, people: Sequence[Person]) -> dict[str, Any]:
        """Return what a rota is, as the form begins with it."""
        order = {f"turn_{number}": str(person.pk) for number, person in enumerate(people, start=1)}
        return order | {
            "name": rota.name, "begins": rota.begins, "at": f"{rota.at // 60:02}:{rota.at % 60:02}",
            "days": rota.days, "timezone": rota.timezone,
        }  # fmt: skip

    def clean_timezone(self) -> str:
        """Refuse what is no time zone."""
        return zone(self.cleaned_data["timezone"])

    def wanted(self) -> NewRota:
        """Return what a valid form asks for; turns left empty are left out."""
        words = self.cleaned_data
        return NewRota(
            words["name"], [UUID(words[name]) for name in self.order if words[name]], words["begins"],
            words["at"].hour * 60 + words["at"].minute, words["days"], words["timezone"],
        )  # fmt: skip


class StandInForm(forms.Form):
    """Who stands in, and from when to when by the clock of the rota."""

    person = forms.ChoiceField(label=_("Who stands in"))
    since = forms.DateTimeField(label=pgettext("stand-in", "From"), widget=MOMENT)
    until = forms.DateTimeField(label=pgettext("stand-in", "To"), widget=MOMENT)

    def __init__(self, *args: Any, people: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["person"]
        field.choices = people


class ChannelName(forms.Form):
    """What a channel is called."""

    name = forms.CharField(
        label=pgettext("channel", "Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
