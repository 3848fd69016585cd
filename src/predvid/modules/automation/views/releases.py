"""The page of the agent's releases: what operators published, what runs where, and how rollouts go."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import rollouts
from predvid.modules.automation.queries import releases as queries


@require_safe
@page("release.view")
def releases(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show published releases, versions in use, and rollouts."""
    now, until = timezone.now(), queries.believed_until()
    going = queries.rollouts(viewer)
    running = next((one for one in going if one.rollout.state == one.rollout.State.RUNNING), None)
    return show(
        request,
        "automation/releases.html",
        {
            "published": queries.published(),
            "until": until,
            "stale": until is not None and until <= now,
            "versions": queries.versions(viewer),
            "able": queries.able(viewer),
            "rollouts": going,
            "running": running,
            "failures": queries.failures(viewer, going[0].rollout) if going else [],
        },
    )


@require_POST
@page("release.roll")
def roll_out(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Begin to bring a release to the agents."""
    rollouts.begin(viewer, request.POST.get("version", ""), timezone.now())
    messages.success(request, _("The release is on its way: one device first."))
    return redirect("releases")


@require_POST
@page("release.roll")
def stop(request: HttpRequest, viewer: Viewer, rollout_id: UUID) -> HttpResponseBase:
    """Stop a rollout."""
    rollouts.stop(viewer, rollout_id, timezone.now())
    messages.success(request, _("Stopped: who has not begun stays as they are."))
    return redirect("releases")
