"""Forms of what the staff writes down about a client: contact, note, document, custom fields."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from predvid.core.errors import UserError
from predvid.modules.inventory.models import CustomField
from predvid.modules.inventory.queries_records import Filled
from predvid.modules.inventory.record_actions import Person
from predvid.modules.inventory.record_rules import LARGEST_FILE, LONGEST_NOTE, LONGEST_VALUE, clean_value


class ContactForm(forms.Form):
    """Somebody at a client to talk to."""

    name = forms.CharField(label=_("Name and surname"), max_length=120)
    role = forms.CharField(label=_("Job"), max_length=80, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"type": "tel"})
    )
    main = forms.BooleanField(label=_("The one to begin with"), required=False)

    @property
    def person(self) -> Person:
        """Return what was written."""
        return Person(**self.cleaned_data)


class NoteForm(forms.Form):
    """A note about a client."""

    text = forms.CharField(
        label=_("Note"), max_length=LONGEST_NOTE, widget=forms.Textarea(attrs={"rows": "10"})
    )


class DocumentForm(forms.Form):
    """A document by its address, or as a file: one of the two."""

    title = forms.CharField(label=_("Title"), max_length=120, required=False)
    url = forms.CharField(
        label=_("Where it lies"),
        max_length=LONGEST_VALUE,
        required=False,
        widget=forms.TextInput(attrs={"type": "url", "placeholder": "https://"}),
    )
    file = forms.FileField(label=_("Or a file"), required=False, max_length=255)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        most = LARGEST_FILE >> 20
        self.fields["file"].help_text = gettext(
            "At most %(n)d MB. It is only ever handed out as a download, never shown."
        ) % {"n": most}

    def clean(self) -> dict[str, Any]:
        """Want an address or a file, a title for an address, and no more bytes than are kept."""
        data = super().clean() or {}
        url, file = data.get("url"), data.get("file")
        if bool(url) == bool(file):
            raise ValidationError(_("Give either an address or a file."))
        if url and not data.get("title"):
            self.add_error("title", _("Give the document a title."))
        if file and file.size > LARGEST_FILE:
            most = LARGEST_FILE >> 20
            self.add_error(
                "file", gettext("A file has at most %(n)d MB; link to a larger one.") % {"n": most}
            )
        return data


class FieldForm(forms.Form):
    """A custom field of the MSP; what it belongs to and what it holds are chosen once."""

    subject = forms.ChoiceField(label=_("Belongs to every"), choices=CustomField.Subject.choices)
    kind = forms.ChoiceField(label=_("Holds a"), choices=CustomField.Kind.choices)
    name = forms.CharField(label=_("Name"), max_length=60)
    choices = forms.CharField(
        label=_("Values of the list"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": "4"}),
        help_text=_("For a choice: one value a line."),
    )
    position = forms.IntegerField(label=_("Order"), min_value=0, max_value=1000, initial=0)

    def __init__(self, *args: Any, known: CustomField | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if known is not None:
            del self.fields["subject"], self.fields["kind"]
            if known.kind != CustomField.Kind.CHOICE:
                del self.fields["choices"]


class ValuesForm(forms.Form):
    """All custom fields of one client, site or device at once, each by its own kind."""

    def __init__(self, *args: Any, filled: Iterable[Filled], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for row in filled:
            name = f"field-{row.field.pk}"
            self.fields[name] = _part(row.field)
            self.initial[name] = row.value

    @property
    def texts(self) -> dict[str, str]:
        """Return what was written, by id of the field."""
        return {name.removeprefix("field-"): text for name, text in self.cleaned_data.items()}


def _part(field: CustomField) -> forms.Field:
    """Return the input of one custom field."""
    words: dict[str, Any] = {"label": field.name, "required": False}
    if field.kind == CustomField.Kind.CHOICE:
        return forms.ChoiceField(choices=[("", "–"), *((word, word) for word in field.choices)], **words)
    looks = {
        CustomField.Kind.DATE: {"type": "date"},
        CustomField.Kind.NUMBER: {"inputmode": "decimal"},
        CustomField.Kind.LINK: {"type": "url", "placeholder": "https://"},
    }.get(CustomField.Kind(field.kind), {})
    return forms.CharField(
        max_length=LONGEST_VALUE, widget=forms.TextInput(attrs=looks), validators=[_fits(field)], **words
    )


def _fits(field: CustomField) -> Callable[[str], None]:
    def fits(text: str) -> None:
        try:
            clean_value(field.kind, field.choices, text)
        except UserError as error:
            pattern = gettext(error.pattern)
            raise ValidationError(pattern % error.values if error.values else pattern) from None

    return fits
