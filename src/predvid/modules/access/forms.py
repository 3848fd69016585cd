"""Forms of people: sign in, first owner, profile, password."""

from typing import Any, ClassVar

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.models import Person

LANGUAGES = [("hr", "Hrvatski"), ("en", "English")]


class Password(forms.CharField):
    """A password as it is typed, spaces and all; what a browser has kept for here is offered."""

    attributes: ClassVar[dict[str, str]] = {"autocomplete": "current-password"}

    def __init__(self, **words: Any) -> None:
        super().__init__(
            max_length=500, strip=False, widget=forms.PasswordInput(attrs=dict(self.attributes)), **words
        )


class NewPassword(Password):
    """A password that a person makes up; whoever asks for it holds it to the installation's rules."""

    attributes: ClassVar[dict[str, str]] = {"autocomplete": "new-password", "minlength": "12"}

    def __init__(self, **words: Any) -> None:
        super().__init__(help_text=_("At least 12 characters; a sentence is fine."), **words)


class SignInForm(forms.Form):
    """E-mail address and password."""

    email = forms.CharField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = Password(label=_("Password"))


class OwnerForm(forms.Form):
    """The first owner of an installation."""

    name = forms.CharField(
        label=_("Name and surname"),
        max_length=120,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autofocus": True}),
    )
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "username"}))
    password = NewPassword(label=_("Password"))
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)

    def clean(self) -> dict[str, Any]:
        """Hold the password to the installation's rules, compared with the person's own details."""
        data = super().clean() or {}
        if password := data.get("password"):
            _check_password(
                self, "password", password, Person(name=data.get("name", ""), email=data.get("email", ""))
            )
        return data


class ProfileForm(forms.Form):
    """How the console greets a person and shows itself."""

    name = forms.CharField(label=_("Name and surname"), max_length=120)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    theme = forms.ChoiceField(label=_("Appearance"), choices=Person.Theme.choices)


class PasswordForm(forms.Form):
    """The current and a new password."""

    current = Password(label=_("Current password"), required=False)
    new = NewPassword(label=_("New password"))

    def __init__(self, *args: Any, person: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_new(self) -> str:
        """Hold the new password to the installation's rules."""
        new: str = self.cleaned_data["new"]
        validate_password(new, self.person)
        return new


def _check_password(form: forms.Form, field: str, password: str, person: Person) -> None:
    try:
        validate_password(password, person)
    except ValidationError as error:
        form.add_error(field, error)
