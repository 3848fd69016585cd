"""Forms of the inventory: client, site, enrolment token."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.models import Client

VALID_HOURS = [("24", _("24 hours")), ("168", _("7 days")), ("720", _("30 days"))]


class ClientForm(forms.Form):
    """A new client."""

    name = forms.CharField(label=_("Client"), max_length=120)
    sector = forms.CharField(label=_("Sector"), max_length=80, required=False)


class SiteForm(forms.Form):
    """A new site of a client."""

    name = forms.CharField(label=_("Site"), max_length=120)
    timezone = forms.CharField(label=_("Time zone"), max_length=40, initial="Europe/Zagreb")

    def clean_timezone(self) -> str:
        """Accept only names of the IANA time zone database."""
        name: str = self.cleaned_data["timezone"]
        if name not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone; an example is Europe/Zagreb."))
        return name


class TokenForm(forms.Form):
    """Where a new device belongs and how many may come by one token."""

    site = forms.ChoiceField(label=_("Site"))
    uses = forms.IntegerField(label=_("Number of devices"), min_value=1, max_value=10_000, initial=1)
    hours = forms.ChoiceField(label=_("Valid for"), choices=VALID_HOURS, initial="24")
    approves = forms.BooleanField(label=_("Approve these devices without asking"), required=False)

    def __init__(self, *args: Any, clients: list[Client], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = [
            (str(site.pk), f"{client.name} · {site.name}")
            for client in clients
            for site in client.sites.all()
        ]
        sites: Any = self.fields["site"]
        sites.choices = places if len(places) == 1 else [("", _("Choose")), *places]
        self.has_sites = bool(places)
