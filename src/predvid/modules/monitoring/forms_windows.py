"""The form of a maintenance window: over what, when, how long, why."""

import re
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from predvid.core.maintenance import Repeat
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring.models import MaintenanceWindow
from predvid.modules.monitoring.window_deeds import Plan, Where

WEEKDAYS = [
    ("1", _("Monday")),
    ("2", _("Tuesday")),
    ("3", _("Wednesday")),
    ("4", _("Thursday")),
    ("5", _("Friday")),
    ("6", _("Saturday")),
    ("7", _("Sunday")),
]


class PlanForm(forms.Form):
    """When a window opens and why."""

    reason = forms.CharField(label=_("Why"), max_length=200)
    repeat = forms.ChoiceField(label=_("How often"), choices=MaintenanceWindow.Repeat.choices)
    first = forms.DateField(
        label=_("On, or from"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    at = forms.TimeField(label=_("At"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    minutes = forms.IntegerField(label=_("Minutes"), min_value=1, max_value=7 * 24 * 60, initial=120)
    weekdays = forms.MultipleChoiceField(
        label=_("Days of the week"),
        choices=WEEKDAYS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    monthdays = forms.CharField(
        label=_("Days of the month"), max_length=90, required=False, help_text=_("Numbers, like 1, 15")
    )
    last = forms.DateField(
        label=_("Last day (optional)"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
    )
    zone = forms.CharField(label=_("Time zone"), max_length=60, initial="Europe/Zagreb")

    def clean_monthdays(self) -> frozenset[int]:
        """Read numbers with anything between them."""
        numbers: list[str] = re.findall(r"[0-9]{1,4}", self.cleaned_data["monthdays"])
        return frozenset(int(number) for number in numbers)

    @property
    def plan(self) -> Plan:
        """Return what was entered, once it is valid."""
        data = self.cleaned_data
        repeat = Repeat(data["repeat"])
        weekly = frozenset(int(day) for day in data["weekdays"])
        days = {Repeat.WEEKLY: weekly, Repeat.MONTHLY: data["monthdays"]}.get(repeat, frozenset())
        first, at, last = data["first"], data["at"], data["last"]
        return Plan(data["reason"], data["zone"], first, at, data["minutes"], repeat, days, last)


class WindowForm(PlanForm):
    """A new window, and over what it is."""

    where = forms.ChoiceField(label=_("Over"))
    field_order = ("where",)

    def __init__(
        self, *args: Any, viewer: Viewer, sites: list[Site], device: Device | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        clients = {site.client_id: site.client.name for site in sites}
        choices: list[tuple[str, Any]] = []
        if device is not None:
            choices.append((f"device:{device.pk}", f"{device.name} · {device.client.name}"))
        if viewer.clients is None:
            choices.append(("all:", _("All clients")))
        for client, name in clients.items():
            choices.append((f"client:{client}", name))
            choices += [
                (f"site:{site.pk}", f"{name} · {site.name}") for site in sites if site.client_id == client
            ]
        field: Any = self.fields["where"]
        field.choices = choices

    @property
    def place(self) -> Where:
        """Return over what the window is, once it is valid."""
        kind, _, key = self.cleaned_data["where"].partition(":")
        return Where() if kind == "all" else Where(**{kind: UUID(key)})


def initial(window: MaintenanceWindow) -> dict[str, Any]:
    """Return what the form of an existing window holds at first."""
    weekly = window.repeat == MaintenanceWindow.Repeat.WEEKLY
    return {
        "reason": window.reason,
        "repeat": window.repeat,
        "first": window.first,
        "at": window.at,
        "minutes": window.minutes,
        "weekdays": [str(day) for day in window.days] if weekly else [],
        "monthdays": "" if weekly else ", ".join(str(day) for day in window.days),
        "last": window.last,
        "zone": window.zone,
    }
