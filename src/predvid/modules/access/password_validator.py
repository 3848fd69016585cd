"""Holds a new password to the rules, and says in one sentence what is wrong with it."""

from django.contrib.auth.password_validation import CommonPasswordValidator, UserAttributeSimilarityValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from predvid.modules.access.models import Person
from predvid.modules.access.password_rules import Weakness, weakness


class GuessableValidator:
    """Refuses what a guessing program tries first: Django's list of passwords, and patterns of words.

    One of Django's `AUTH_PASSWORD_VALIDATORS`; beside it stands the one for the length.
    """

    def __init__(self) -> None:
        self.listed = CommonPasswordValidator()
        self.alike = UserAttributeSimilarityValidator(user_attributes=("email", "name"))

    def validate(self, password: str, user: Person | None = None) -> None:
        """Raise ValidationError with the first reason against `password`."""
        self.listed.validate(password, user)
        own = (user.name, user.email) if user else ()
        if found := weakness(password, own, self.listed.passwords):
            raise ValidationError(_said(found), code=f"password_{found}")
        self.alike.validate(password, user)

    def get_help_text(self) -> str:
        """Return what to choose, for forms that say it beforehand."""
        return _("Take a sentence, or several words that do not belong together.")


def _said(found: Weakness) -> str:
    return {
        Weakness.REPEATED: _(
            "This password repeats one short piece, so it is guessed like that piece alone. Take a sentence, "
            "or several words that do not belong together."
        ),
        Weakness.SEQUENCE: _(
            "This password follows the alphabet, the digits or the keys of the keyboard. Take a sentence, or "
            "several words that do not belong together."
        ),
        Weakness.COMMON: _(
            "This password is a common word with little around it, which is guessed within seconds. Take a "
            "sentence, or several words that do not belong together."
        ),
        Weakness.OWN: _(
            "This password is little more than your name, your address or the name of this program. Take a "
            "sentence, or several words that do not belong together."
        ),
    }[found]
