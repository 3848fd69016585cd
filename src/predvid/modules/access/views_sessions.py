"""What people do to their own sessions: end one, end all others."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from predvid.modules.access import session_actions
from predvid.modules.access.pages import page
from predvid.modules.access.rules import Viewer


@require_POST
@page("profile.change")
def end_one(request: HttpRequest, viewer: Viewer, session_id: UUID) -> HttpResponseBase:
    """End one of the own sessions."""
    session_actions.end_session(viewer, session_id, timezone.now())
    messages.success(request, _("That session has ended."))
    return redirect("profile")


@require_POST
@page("profile.change")
def end_others(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """End all own sessions but this one."""
    session_actions.end_other_sessions(viewer, request.session.session_key or "", timezone.now())
    messages.success(request, _("All other sessions have ended."))
    return redirect("profile")
