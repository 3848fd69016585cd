"""The external heartbeat: an address called every minute while all is well, so that silence is noticed.

It belongs to a service outside (healthchecks or the like) that raises its voice when the calls stop.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from predvid.modules.notifying.failures import NotSent
from predvid.modules.notifying.kinds import Fetch, Kind
from predvid.modules.notifying.kinds.webhook import address, called
from predvid.modules.notifying.messages import Message


class HeartbeatForm(forms.Form):
    """What to call."""

    url = forms.CharField(
        label=pgettext("heartbeat", "Address"),
        max_length=500,
        help_text=_("Called every minute while server, store and worker are well; silence means trouble."),
    )

    def clean_url(self) -> str:
        """Refuse what the server will never call."""
        return address(self.cleaned_data["url"])


def send(settings: Mapping[str, Any], message: Message, fetch: Fetch) -> None:
    """Call the address. Raises NotSent."""
    status = called(fetch, settings["url"], method="GET")
    if not 200 <= status < 300:
        raise NotSent("http", code=status)


def told(settings: Mapping[str, Any]) -> str:
    """Return the host alone: the path is the secret."""
    return urlsplit(settings["url"]).hostname or ""


KIND = Kind("heartbeat", _("External heartbeat"), HeartbeatForm, ("url",), send, told, routed=False)
