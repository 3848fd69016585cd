"""Webhooks: JSON posted to an address, signed, through the one way in which the server calls out."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from predvid.core.outgoing import NotAllowed, target
from predvid.modules.notifying.failures import NotSent
from predvid.modules.notifying.kinds import Fetch, Kind
from predvid.modules.notifying.messages import Message

GONE = 410  # the receiver says that it wants no more of it
ANY_PORT = range(1, 65536)  # which of them may be called, the fetcher knows
# Codes of server.fetching.NotFetched as reasons of ours.
WHY = {
    **dict.fromkeys(("unreachable", "name"), "unreachable"),
    **dict.fromkeys(("address", "port", "scheme", "url"), "address"),
    "too_slow": "too_slow",
    "tls": "tls",
}


class WebhookForm(forms.Form):
    """Where to post, and the key to sign with."""

    url = forms.CharField(
        label=pgettext("webhook", "Address"),
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    key = forms.CharField(
        label=_("Signing key"),
        min_length=16,
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least 16 characters; whoever receives the messages verifies them with it."),
    )

    def clean_url(self) -> str:
        """Refuse what the server will never call."""
        return address(self.cleaned_data["url"])


def address(text: str) -> str:
    """Return an address that somebody typed. Raises ValidationError for what the server will never call."""
    url = text.strip()
    try:
        target(url, ANY_PORT)
    except NotAllowed:
        raise forms.ValidationError(
            _("Write a whole address that begins with https:// or http://.")
        ) from None
    return url


def called(fetch: Fetch, url: str, **words: Any) -> int:
    """Return the status that an address answers with. Raises NotSent."""
    try:
        return fetch(url, **words).status
    except Exception as error:
        code = getattr(error, "code", None)  # server.fetching.NotFetched, which stands above this floor
        if code is None:
            raise
        why = WHY.get(code, "call")
        raise NotSent(why, said=str(error), away=why in ("unreachable", "too_slow")) from None


def signature(key: str, moment: int, body: bytes) -> str:
    """Return the HMAC-SHA-256 over `<seconds since 1970>.<body>`, in hexadecimal, with its version."""
    return f"v1={hmac.new(key.encode(), b'%d.' % moment + body, hashlib.sha256).hexdigest()}"


def send(settings: Mapping[str, Any], message: Message, fetch: Fetch) -> None:
    """Post a message. Raises NotSent."""
    words = {"id": message.key, "subject": message.subject, "text": message.text, **message.data}
    body, moment = json.dumps(words, ensure_ascii=False).encode(), message.moment
    headers = {
        "Content-Type": "application/json",
        "Predvid-Timestamp": str(moment),
        "Predvid-Signature": signature(settings["key"], moment, body),
    }
    status = called(fetch, settings["url"], method="POST", body=body, headers=headers)
    if not 200 <= status < 300:
        raise NotSent("http", code=status, final=status == GONE)


def told(settings: Mapping[str, Any]) -> str:
    """Return the host alone: a path may be a secret."""
    return urlsplit(settings["url"]).hostname or ""


KIND = Kind("webhook", _("Webhook"), WebhookForm, ("url", "key"), send, told)
