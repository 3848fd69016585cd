"""Forms of people's access: invite, rights, join by an invitation, forgotten password."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.forms import LANGUAGES, NewPassword
from predvid.modules.access.models import Person

Choices = list[tuple[str, str]]


class RightsForm(forms.Form):
    """A role, and for which clients; offers only what whoever fills it in can give."""

    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)
    all_clients = forms.BooleanField(label=_("All clients, also those to come"), required=False)
    clients = forms.MultipleChoiceField(
        label=_("Chosen clients"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, roles: Choices, clients: Choices, may_all: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered: Any = self.fields
        offered["role"].choices, offered["clients"].choices = roles, clients
        if not may_all:
            del offered["all_clients"]

    def rights(self) -> dict[str, Any]:
        """Return role, all_clients and clients as the verbs of people take them."""
        words = self.cleaned_data
        return {
            "role": words["role"],
            "all_clients": bool(words.get("all_clients")),
            "clients": [UUID(key) for key in words["clients"]],
        }


class InviteForm(RightsForm):
    """Someone new, with their rights."""

    name = forms.CharField(
        label=_("Name and surname"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)

    def invited(self) -> dict[str, Any]:
        """Return everything that the invitation is made of."""
        words = self.cleaned_data
        return {name: words[name] for name in ("name", "email", "language")} | self.rights()


class NewPasswordForm(forms.Form):
    """A new password, held to the installation's rules for its person."""

    password = NewPassword(label=_("New password"))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_password(self) -> str:
        """Refuse what is short, common or like the person's own details."""
        password: str = self.cleaned_data["password"]
        validate_password(password, self.person)
        return password


class JoinForm(NewPasswordForm):
    """Who joins by an invitation: their name as they write it, a password, a language."""

    name = forms.CharField(
        label=_("Name and surname"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    field_order = ("name", "password", "language")


class ForgottenForm(forms.Form):
    """The address for which a new password is asked."""

    email = forms.EmailField(
        label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
