"""Saved views: a list opens with a person's default one; forms save, rename, choose and remove them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from predvid.modules.access.pages import back, page
from predvid.modules.access.rules import Viewer
from predvid.modules.monitoring import view_actions
from predvid.modules.monitoring.queries import saved as queries

View = Callable[[HttpRequest, Viewer], HttpResponseBase]


def opens_with_view(room: str) -> Callable[[View], View]:
    """Return what gives a list its saved views, and lets its bare address lead to the person's default.

    `saved_views` and `everything` of the request are what the page's head reads: the latter is the word that
    keeps an address without filters from being a bare one, None where the list has no default.
    """

    def given(view: View) -> View:
        @wraps(view)
        def shown(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
            rows = queries.of_room(viewer, room)
            chosen = next((row for row in rows if row.is_default), None)
            if chosen is not None and not request.GET:
                return redirect(f"{request.path}?{chosen.query}")
            extra: Any = request
            extra.saved_views = {"room": room, "rows": rows, "query": queries.kept(room, request.GET.dict())}
            extra.everything = "all" if chosen is not None else None
            return view(request, viewer)

        return shown

    return given


@require_POST
@page("view.save")
def keep(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Save the filter that the form tells."""
    sent = request.POST
    wanted = view_actions.Wanted(
        sent.get("room", ""), sent.get("name", ""), sent.get("query", ""), "shared" in sent, "default" in sent
    )
    view_actions.keep(viewer, wanted, timezone.now())
    messages.success(request, _("The view is saved."))
    return _back(request)


@require_POST
@page("view.save")
def rename(request: HttpRequest, viewer: Viewer, view_id: int) -> HttpResponseBase:
    """Give a view another name."""
    view_actions.rename(viewer, view_id, request.POST.get("name", ""), timezone.now())
    return _back(request)


@require_POST
@page("view.save")
def remove(request: HttpRequest, viewer: Viewer, view_id: int) -> HttpResponseBase:
    """Remove a view."""
    view_actions.remove(viewer, view_id, timezone.now())
    messages.success(request, _("The view is removed."))
    return _back(request)


@require_POST
@page("view.save")
def default(request: HttpRequest, viewer: Viewer, view_id: int) -> HttpResponseBase:
    """Let a list open with a view, or no longer."""
    view_actions.open_with(viewer, view_id, request.POST.get("chosen") == "1", timezone.now())
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    return back(request, "/")
