"""What every page has in common: it knows its viewer, and errors meant for people become pages."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext

from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied, ProofNeeded, require
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import VERBS, Viewer
from predvid.modules.access.sign_in_state import proved
from predvid.modules.access.step_up import ask_for_proof, take_back
from predvid.modules.access.way_back import is_ours

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Viewer, P], HttpResponseBase]


def page(verb: str) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Return what gives a view its viewer, once `rules.may` allows them `verb` on anything at all.

    So no page is without a verb; what belongs to one client the view's own queries and actions ask again.
    A dangerous verb without a fresh proof becomes the page of proofs, wherever it is asked for (`step_up`).
    NotVisible becomes 404, Denied a page that says so (403) or, where a form was sent, a message; any other
    UserError is shown on the page that sent the form. Raises ValueError, at import, for what is no verb.
    """
    if verb not in VERBS:
        raise ValueError(f"{verb} is no verb of access.rules.VERBS")

    def ask_first(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            now = timezone.now()
            take_back(request, now)
            try:
                viewer = viewer_of(request.user)
                viewer = replace(viewer, address=caller(request), proved=proved(request, now))
                require(viewer, verb)
                return view(request, viewer, *args, **kwargs)
            except ProofNeeded:
                return ask_for_proof(request, now)
            except NotVisible:
                raise Http404 from None
            except UserError as error:
                return _refused(request, error)

        shown.verb = verb  # type: ignore[attr-defined] # house tests read which verb guards an address
        return shown

    return ask_first


def _refused(request: HttpRequest, error: UserError) -> HttpResponse:
    if isinstance(error, Denied) and request.method in ("GET", "HEAD"):
        return render(request, "403.html", status=403)
    messages.error(request, refusal(error))
    return back(request, "/")


def caller(request: HttpRequest) -> str:
    """Return the network address of whoever asks.

    Through the gateway's Unix socket there is no peer address: the gateway adds the one it saw last.
    """
    seen: str = request.META.get("REMOTE_ADDR", "")
    forwarded: str = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return forwarded.rpartition(",")[2].strip() if forwarded and not _is_peer(seen) else seen


def _is_peer(address: str) -> bool:
    return "." in address or ":" in address


def refusal(error: UserError) -> str:
    """Return what an error says, in the reader's language."""
    said = gettext(error.pattern)
    return said % error.values if error.values else said


def back(request: HttpRequest, otherwise: str) -> HttpResponse:
    """Redirect to the form's `back` address if it is one of ours, else to `otherwise`."""
    address = request.POST.get("back", "")
    return HttpResponseRedirect(address if is_ours(request, address) else otherwise)


def show(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """Render the page `name`, or (asked by htmx) only its live part, the template named `_name`."""
    folder, _, file = name.rpartition("/")
    part = f"{folder}/_{file}"
    live = request.headers.get("HX-Request") == "true"
    response = render(request, "live_part.html" if live else name, context | {"live_part": part})
    response.headers["Vary"] = "HX-Request, Cookie"
    return response
