"""Forms of credentials, made from the fields of their kind. What is typed into them is never shown again."""

from typing import Any, get_args, get_type_hints

import msgspec
from django import forms
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.secret_words import FIELDS, NONE, WEAK
from predvid.wire.secrets import KINDS, LONGEST, SecretValue

MANY_LINES = frozenset({"key"})
SHORTEST_SNMP = 8  # characters of a password of SNMP v3 (RFC 3414, 11.2)
NOT_LISTED = {"invalid_choice": _("Choose one of the list.")}  # without repeating what was sent
USUAL = {"auth": "SHA-256", "privacy": "AES-128"}  # what most devices of today speak
QUIET = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class _Unechoed(forms.TextInput):
    def format_value(self, value: Any) -> None:
        """Show nothing of what was typed before."""


class _UnechoedLines(forms.Textarea):
    def format_value(self, value: Any) -> None:
        """Show nothing of what was typed before."""


class ValueForm(forms.Form):
    """The fields of one kind of secret; `value` is what was entered, once it is valid."""

    value: SecretValue

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = KINDS[kind]
        hints = get_type_hints(self.kind)
        for field in msgspec.structs.fields(self.kind):
            self.fields[field.name] = _field(self.kind, field, get_args(hints[field.name]))

    @property
    def parts(self) -> list[Any]:
        """Return the fields of the value, bound, in their order."""
        return [self[name] for name in self.kind.__struct_fields__]

    def clean(self) -> dict[str, Any]:
        """Hold the fields together to what their kind asks."""
        data = super().clean() or {}
        if self.kind is KINDS["snmp_v3"]:
            self._check_snmp(data)
        if not self.errors:
            words = {name: data[name] for name in self.kind.__struct_fields__}
            self.value = self.kind(**words)
        return data

    def clean_key(self) -> str:
        """Take only a private key, with the line ends that programs expect of one."""
        key = "\n".join(str(self.cleaned_data["key"]).strip().splitlines()) + "\n"
        if not key.startswith("-----BEGIN ") or "PRIVATE KEY-----" not in key.partition("\n")[0]:
            raise forms.ValidationError(
                _("Paste the whole private key, from its BEGIN line to its END line.")
            )
        return key

    def _check_snmp(self, data: dict[str, Any]) -> None:
        for method, secret in (("auth", "auth_secret"), ("privacy", "privacy_secret")):
            if data.get(method) and len(data.get(secret) or "") < SHORTEST_SNMP:
                self.add_error(secret, _("SNMP v3 asks for at least 8 characters."))
            if not data.get(method) and data.get(secret):
                self.add_error(method, _("Choose how, or leave the password empty."))
        if data.get("privacy") and not data.get("auth"):
            self.add_error("auth", _("There is no encryption without authentication."))


class SecretForm(ValueForm):
    """A new secret of a client; `sites` are (id, name)."""

    name = forms.CharField(label=_("Name of the credential"), max_length=80, widget=forms.TextInput(QUIET))
    site = forms.ChoiceField(label=_("Where it may be used"), required=False, error_messages=NOT_LISTED)

    def __init__(self, *args: Any, sites: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        chosen: Any = self.fields["site"]
        chosen.choices = [("", _("At every site of the client")), *sites]


def _field(kind: type[SecretValue], field: Any, choices: tuple[str, ...]) -> forms.Field:
    label, required = FIELDS[field.name], field.required
    if choices:
        shown = [(choice, WEAK.get(choice, choice) if choice else NONE) for choice in choices]
        first = USUAL.get(field.name, "")
        return forms.ChoiceField(
            label=label, choices=shown, initial=first, required=required, error_messages=NOT_LISTED
        )
    if field.name in MANY_LINES:
        widget: forms.Widget = _UnechoedLines({**QUIET, "rows": 6, "class": "code"})
    elif field.name in kind.SECRET:
        widget = forms.PasswordInput({"autocomplete": "new-password"})
    else:
        widget = _Unechoed(QUIET)
    longest = LONGEST if field.name in MANY_LINES else 1000
    return forms.CharField(label=label, required=required, strip=False, max_length=longest, widget=widget)
