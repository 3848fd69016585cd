"""Pages of API tokens: one's own with a form for a new one, and everyone's for the owners."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predvid.modules.access import queries_audit, queries_tokens, token_actions
from predvid.modules.access.pages import back, page
from predvid.modules.access.rules import Viewer
from predvid.modules.access.token_forms import WORDS, ApiTokenForm


@require_http_methods(["GET", "HEAD", "POST"])
@page("token.make")
def own(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List one's own tokens and make another: the answer to the form alone ever shows its text."""
    clients = queries_audit.clients(viewer)
    form = ApiTokenForm(request.POST or None, viewer=viewer, clients=clients)
    text = ""
    if request.method == "POST" and form.is_valid():
        _token, text = token_actions.make_token(viewer, *form.wanted, timezone.now())
        form = ApiTokenForm(viewer=viewer, clients=clients)
    context = {"form": form, "text": text, "rows": queries_tokens.own(viewer, timezone.now())}
    return _shown(request, "access/api_tokens.html", context, 422 if form.errors else 200)


@require_safe
@page("token.view")
def everyones(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List the tokens of all people."""
    context = {"rows": queries_tokens.everyones(viewer, timezone.now()), "everyones": True}
    return _shown(request, "access/all_api_tokens.html", context)


@require_POST
@page("profile.change")
def revoke(request: HttpRequest, viewer: Viewer, token_id: UUID) -> HttpResponseBase:
    """End a token at once."""
    token_actions.revoke_token(viewer, token_id, timezone.now())
    messages.success(request, _("The token is revoked: whatever uses it is refused from now on."))
    return back(request, reverse("profile"))


def _shown(
    request: HttpRequest, name: str, context: dict[str, object], status: int = 200
) -> HttpResponseBase:
    """Render a page of tokens with the words of their verbs."""
    return render(request, name, context | {"words": WORDS}, status=status)
