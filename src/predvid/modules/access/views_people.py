"""Pages of people: who has access, one person, and the verbs on them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predvid.core.errors import UserError
from predvid.modules.access import people_actions, queries_people, queries_sessions, session_actions
from predvid.modules.access.forms_people import InviteForm, RightsForm
from predvid.modules.access.pages import page, refusal, show
from predvid.modules.access.rules import Viewer

LONGEST = 100  # characters of a search


@require_safe
@page("person.view")
def people(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List the people who have access, or had it, or are invited."""
    state, q = request.GET.get("state", ""), request.GET.get("q", "").replace("\x00", "").strip()[:LONGEST]
    found = queries_people.people(viewer, state=state, q=q, number=request.GET.get("page", "1"))
    counted = queries_people.counted(viewer)
    return show(
        request,
        "access/people.html",
        {
            "found": found,
            "rows": queries_people.shown(viewer, found.object_list),
            "state": state if state in counted else "",
            "q": q,
            "counted": counted,
            "total": sum(counted.values()),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page("person.invite")
def invite(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Give someone new access: the link is mailed, and shown this once to be handed over."""
    form = InviteForm(
        request.POST or None, initial={"language": translation.get_language()}, **_offer(viewer)
    )
    if request.method == "POST" and form.is_valid():
        try:
            person, secret = people_actions.invite(viewer, now=timezone.now(), **form.invited())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            return _link(request, person, secret)
    status = 422 if form.errors else 200
    return render(request, "access/invite.html", {"form": form}, status=status)


def _offer(viewer: Viewer) -> dict[str, Any]:
    """Return what `viewer` can give at all, as the forms take it."""
    return {
        "roles": queries_people.roles(viewer),
        "clients": queries_people.clients(viewer),
        "may_all": viewer.clients is None,
    }


def _link(request: HttpRequest, person: Any, secret: str) -> HttpResponse:
    """Answer a new one-time link: this page alone ever shows it."""
    link = f"{settings.PLACE.address}/welcome/{secret}"
    return render(request, "access/link_made.html", {"about": person, "link": link})


@require_safe
@page("person.view")
def person(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Show one person: rights, state, sessions."""
    found = queries_people.visible(viewer, person_id)
    return render(request, "access/person.html", _about(viewer, found))


def _about(viewer: Viewer, found: Any, form: RightsForm | None = None) -> dict[str, Any]:
    row = queries_people.shown(viewer, [found])[0]
    first = {
        "role": found.role,
        "all_clients": found.all_clients,
        "clients": [str(key) for key in found.clients.values_list("pk", flat=True)],
    }
    context: dict[str, Any] = {"row": row, "about": found, "itself": found.pk == viewer.person}
    if row.touchable:
        context["form"] = form or RightsForm(initial=first, **_offer(viewer))
    if row.touchable or (context["itself"] and viewer.may("session.end")):
        context["sessions"] = queries_sessions.of_person(viewer, found.pk, timezone.now())
    return context


@require_POST
@page("person.change")
def change(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Give a person another role or other clients."""
    form = RightsForm(request.POST, **_offer(viewer))
    if not form.is_valid():
        found = queries_people.changeable(viewer, person_id)
        return render(request, "access/person.html", _about(viewer, found, form), status=422)
    people_actions.change_rights(viewer, person_id, now=timezone.now(), **form.rights())
    messages.success(request, _("The rights are changed, from this moment."))
    return redirect("person", person_id)


def _done(
    deed: Callable[..., Any], request: HttpRequest, viewer: Viewer, person_id: UUID, said: str
) -> HttpResponse:
    deed(viewer, person_id, timezone.now())
    messages.success(request, said)
    return redirect("person", person_id)


@require_POST
@page("person.deactivate")
def deactivate(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Let a person in no longer."""
    said = _("This person is signed out everywhere and can no longer sign in.")
    return _done(people_actions.deactivate, request, viewer, person_id, said)


@require_POST
@page("person.deactivate")
def reactivate(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Let a deactivated person in again."""
    return _done(people_actions.reactivate, request, viewer, person_id, _("This person can sign in again."))


@require_POST
@page("session.end")
def end_sessions(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Sign another person out everywhere."""
    said = _("This person is signed out everywhere.")
    return _done(session_actions.end_all_sessions, request, viewer, person_id, said)


@require_POST
@page("person.invite")
def withdraw(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Forget an invited person."""
    people_actions.withdraw_invitation(viewer, person_id, timezone.now())
    messages.success(request, _("The invitation is withdrawn; its link no longer works."))
    return redirect("people")


@require_POST
@page("person.invite")
def invite_again(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Make a new link for an invited person."""
    return _link(request, *people_actions.invite_again(viewer, person_id, timezone.now()))


@require_POST
@page("person.change")
def password_link(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Make a link by which a person chooses a new password."""
    return _link(request, *people_actions.make_password_link(viewer, person_id, timezone.now()))
