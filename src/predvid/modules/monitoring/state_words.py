"""The words for how a device, a result or an agent stands."""

from django.utils.translation import pgettext


def state_word(state: str) -> str:
    """Return a state in the reader's language."""
    words = {
        "ok": pgettext("state", "OK"),
        "warning": pgettext("state", "warning"),
        "critical": pgettext("state", "critical"),
        "unknown": pgettext("state", "unknown"),
        "offline": pgettext("state", "offline"),
        "waiting": pgettext("state", "waiting for data"),
        "holding": pgettext("state", "not for long yet"),
        "info": pgettext("state", "information"),
        "pending": pgettext("state", "pending approval"),
        "approved": pgettext("state", "approved"),
        "revoked": pgettext("state", "revoked"),
        "locked": pgettext("state", "locked"),
    }
    return words.get(state, state)
