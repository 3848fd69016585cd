"""What every page has in common: it knows its viewer, and errors meant for people become pages."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext

from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import Viewer

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, Viewer, P], HttpResponseBase]


def page(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Give `view` its viewer; NotVisible becomes 404, a UserError is shown on the page that sent the form."""

    @wraps(view)
    def shown(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            viewer = replace(viewer_of(request.user), address=caller(request))
            return view(request, viewer, *args, **kwargs)
        except NotVisible:
            raise Http404 from None
        except UserError as error:
            messages.error(request, refusal(error))
            return back(request, "/")

    return shown


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


def is_ours(request: HttpRequest, address: str) -> bool:
    """Tell whether `address` is the path of a page of this console, which a form may lead back to."""
    path = address.startswith("/")
    return path and url_has_allowed_host_and_scheme(address, allowed_hosts={request.get_host()})


def show(request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
    """Render the page `name`, or (asked by htmx) only its live part, the template named `_name`."""
    folder, _, file = name.rpartition("/")
    part = f"{folder}/_{file}"
    live = request.headers.get("HX-Request") == "true"
    response = render(request, "live_part.html" if live else name, context | {"live_part": part})
    response.headers["Vary"] = "HX-Request, Cookie"
    return response
