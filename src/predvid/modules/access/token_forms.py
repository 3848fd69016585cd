"""The form of a new API token, and what its verbs mean in words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from predvid.modules.access.rules import FOR_TOKENS, Viewer

WORDS = {
    "client.view": _("see clients and sites"),
    "device.view": _("see devices and how they stand"),
    "device.detail": _("see measurements, facts and agents"),
    "alert.view": _("see alerts"),
    "event.view": _("see events"),
    "policy.view": _("see the settings of checks"),
    "task.view": _("see tasks and what they printed"),
    "alert.acknowledge": _("take alerts on"),
    "alert.note": _("write notes to alerts"),
    "alert.snooze": _("snooze alerts"),
    "alert.assign": _("assign alerts"),
    "window.view": _("see maintenance windows"),
    "window.change": _("plan and end maintenance windows"),
    "device.approve": _("approve agents"),
    "device.revoke": _("refuse agents"),
    "device.release": _("release locked agents"),
    "device.move": _("move devices"),
    "device.merge": _("merge devices"),
    "device.tag": _("put tags on devices"),
    "policy.change": _("change the settings of checks"),
    "site.add": _("add sites"),
    "client.add": _("add clients"),
}
DAYS = [
    ("30", _("30 days")),
    ("90", _("90 days")),
    ("180", _("180 days")),
    ("365", _("a year")),
]


class ApiTokenForm(forms.Form):
    """What a program is called, what it may do for whom, and until when."""

    name = forms.CharField(
        label=pgettext("token", "What is it for?"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.ChoiceField(label=_("Valid for"), choices=DAYS, initial="90")
    verbs = forms.MultipleChoiceField(label=_("It may"), widget=forms.CheckboxSelectMultiple)
    clients = forms.MultipleChoiceField(
        label=_("Only for these clients"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none to let it see whatever you see, today and later."),
    )

    def __init__(self, *args: Any, viewer: Viewer, clients: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        verbs: Any = self.fields["verbs"]
        verbs.choices = [(verb, WORDS[verb]) for verb in FOR_TOKENS if viewer.may(verb)]
        named: Any = self.fields["clients"]
        named.choices = list(clients.items())

    @property
    def wanted(self) -> tuple[str, list[str], list[UUID] | None, timedelta]:
        """Return what a valid form asks for: name, verbs, clients (None: all), how long."""
        words = self.cleaned_data
        clients = [UUID(client) for client in words["clients"]]
        return words["name"], words["verbs"], clients or None, timedelta(days=int(words["days"]))
