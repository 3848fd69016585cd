"""Pages of channels: the installation's mail server and webhooks. No page shows a secret."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.notifying import actions, queries, sending
from predvid.modules.notifying.failures import NotSent, in_words
from predvid.modules.notifying.forms import ChannelName
from predvid.modules.notifying.kinds import Kind, kinds

E_MAIL = "E-mail"  # what the mail server is called in the log


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@page("settings.change")
def channels(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List the channels; `kind` in the address opens the form for one of that kind."""
    kind = kinds().get(request.GET.get("kind", ""))
    if request.method == "POST" and kind is None:
        raise UserError("Choose what kind of channel it is.")
    forms = _forms(request, kind) if kind else []
    valid = request.method == "POST" and all(form.is_valid() for form in forms)
    if valid and kind and _kept(request, viewer, kind, forms):
        return redirect("channels")
    shown = {
        "rows": queries.all_channels(viewer),
        "letters": queries.letters(viewer),
        "kinds": kinds().values(),
        "kind": kind,
        "forms": forms,
    }
    wrong = any(form.errors for form in forms)
    return render(request, "notifying/channels.html", shown, status=422 if wrong else 200)


def _forms(request: HttpRequest, kind: Kind) -> list[Any]:
    own = kind.form(request.POST or None, initial=_known(kind))
    return [own] if kind.name == "email" else [ChannelName(request.POST or None), own]


def _known(kind: Kind) -> dict[str, Any]:
    """Return what the form of the mail server begins with: all that is kept but its secrets."""
    row = queries.mail_server() if kind.name == "email" else None
    if row is None:
        return {}
    return {name: value for name, value in queries.settings_of(row).items() if name not in kind.secrets}


def _kept(request: HttpRequest, viewer: Viewer, kind: Kind, forms: list[Any]) -> bool:
    name = E_MAIL if kind.name == "email" else forms[0].cleaned_data["name"]
    try:
        actions.keep_channel(viewer, kind.name, name, forms[-1].cleaned_data, timezone.now())
    except UserError as error:
        forms[-1].add_error(None, refusal(error))
        return False
    messages.success(request, _("The channel is kept. Send a test message to see that it works."))
    return True


@require_POST
@page("settings.change")
def test(request: HttpRequest, viewer: Viewer, channel_id: UUID) -> HttpResponseBase:
    """Send a test message by a channel; by e-mail to whoever asks."""
    row, now = queries.channel(viewer, channel_id), timezone.now()
    words = (_("A test message of Predvid"), _("If you read this, the channel works.") + "\n")
    fetch = import_string(settings.FETCHER)(settings.PLACE)
    try:
        sending.send_test(row, request.user.email, words, fetch, now)  # type: ignore[union-attr]
    except NotSent as failed:
        actions.note_test(viewer, channel_id, now, sent=False)
        messages.error(
            request,
            _("The test message did not go out: %(why)s")
            % {"why": in_words(failed.said.id, failed.said.values, viewer.language)},
        )
    else:
        actions.note_test(viewer, channel_id, now, sent=True)
        messages.success(request, _("The test message is sent."))
    return redirect("channels")


@require_POST
@page("settings.change")
def remove(request: HttpRequest, viewer: Viewer, channel_id: UUID) -> HttpResponseBase:
    """Remove a channel, with the routes that end in it."""
    actions.remove_channel(viewer, channel_id, timezone.now())
    messages.success(request, _("The channel is removed."))
    return redirect("channels")
