"""Forms of automation: an ad-hoc command, and the typed parameters of a published template."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from predvid.modules.inventory.models import Device
from predvid.wire.authority import Parameter

LANGUAGES = [("sh", "sh"), ("bash", "bash"), ("powershell", "PowerShell"), ("python", "Python")]
HOURS = [("1", _("1 hour")), ("24", _("24 hours")), ("168", _("7 days"))]
PREFIX = "p-"


class DevicesField(forms.MultipleChoiceField):
    """Several devices out of those that the viewer may ask something of, grouped by client."""

    def __init__(self, devices: Iterable[Device]) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for device in devices:
            groups.setdefault(device.client.name, []).append((str(device.pk), device.name))
        widget = forms.SelectMultiple(attrs={"size": "8"})
        super().__init__(label=_("Devices"), choices=list(groups.items()), widget=widget)


class CommandForm(forms.Form):
    """An ad-hoc command: what operators sign, byte for byte."""

    title = forms.CharField(label=_("What it is for"), max_length=160)
    language = forms.ChoiceField(label=_("Script language"), choices=LANGUAGES)
    body = forms.CharField(
        label=_("Script"), strip=False, widget=forms.Textarea(attrs={"rows": "10", "spellcheck": "false"})
    )
    timeout = forms.IntegerField(label=_("Time limit in seconds"), min_value=1, max_value=21_600, initial=300)
    hours = forms.ChoiceField(label=_("Expires after"), choices=HOURS, initial="24")
    why = forms.CharField(label=_("Why (for the audit)"), max_length=255, required=False)

    def __init__(self, *args: Any, devices: Iterable[Device], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["devices"] = DevicesField(devices)


class TemplateForm(forms.Form):
    """Devices and parameters of a published template; only what its publisher allows can be chosen."""

    why = forms.CharField(label=_("Why (for the audit)"), max_length=255, required=False)

    def __init__(
        self, *args: Any, devices: Iterable[Device], parameters: Iterable[Parameter], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.order_fields([])
        for parameter in parameters:
            self.fields[PREFIX + parameter.name] = field_of(parameter)
        self.fields["devices"] = DevicesField(devices)
        self.order_fields(["devices", *(name for name in self.fields if name.startswith(PREFIX)), "why"])

    def params(self) -> dict[str, str]:
        """Return what was given, by the parameters' names; what was left empty is left out."""
        return {
            name.removeprefix(PREFIX): str(value)
            for name, value in self.cleaned_data.items()
            if name.startswith(PREFIX) and value not in (None, "")
        }


def field_of(parameter: Parameter) -> forms.Field:
    """Return the field of one parameter: a list, a whole number in its range, or a text of its length."""
    words: dict[str, Any] = {
        "label": parameter.name,
        "required": parameter.default is None,
        "initial": parameter.default,
    }
    if parameter.values:
        choices = [(value, value) for value in parameter.values]
        return forms.ChoiceField(choices=choices, **words)
    if parameter.low is not None and parameter.high is not None:
        limits = {"low": parameter.low, "high": parameter.high}
        words["help_text"] = _("A whole number from %(low)s to %(high)s.") % limits
        return forms.IntegerField(min_value=parameter.low, max_value=parameter.high, **words)
    return forms.CharField(max_length=max(parameter.longest, 1), strip=False, **words)
