"""The page of task authority: whose word devices follow, and which devices follow it."""

from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.queries import authority as queries


@require_safe
@page("task.view")
def authority(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show root, operators, templates and what devices hold; without a root, how to make one."""
    now = timezone.now()
    trust = queries.standing(viewer, now)
    return show(
        request,
        "automation/authority.html",
        {
            "trust": trust,
            "publications": queries.publications(viewer),
            "strays": queries.strays(viewer, trust),
            "now": now,
        },
    )
