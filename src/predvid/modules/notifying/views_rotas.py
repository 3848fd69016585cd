"""Pages of rotas: who is on call, in which order, and who stands in."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access.guard import require
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.notifying import queries
from predvid.modules.notifying import rotas as deeds
from predvid.modules.notifying.forms import RotaForm, StandInForm

Choices = list[tuple[str, str]]


@require_http_methods(["GET", "HEAD", "POST"])
@page("route.view")
def rotas(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List who is on call by each rota and who comes next; take a new rota."""
    form, now = None, timezone.now()
    if viewer.may("rota.change"):
        today = timezone.localdate(now, ZoneInfo("Europe/Zagreb"))
        form = RotaForm(request.POST or None, people=_people(viewer), turns=2, initial={"begins": today})
    if request.method == "POST":
        require(viewer, "rota.change")
        if form is not None and form.is_valid():
            try:
                made = deeds.add_rota(viewer, form.wanted(), now)
            except UserError as error:
                form.add_error(None, refusal(error))
            else:
                messages.success(request, _("The rota is in force. Routes can name it now."))
                return redirect("rota", made.pk)
    shown = {"rows": deeds.rows(viewer, now), "form": form}
    return render(request, "notifying/rotas.html", shown, status=422 if form and form.errors else 200)


def _people(viewer: Viewer) -> Choices:
    return [(str(person.pk), person.name) for person in queries.people(viewer)]


@require_http_methods(["GET", "HEAD", "POST"])
@page("rota.change")
def rota(request: HttpRequest, viewer: Viewer, rota_id: UUID) -> HttpResponseBase:
    """Show one rota and its stand-ins; keep what is changed."""
    now = timezone.now()
    row, people = deeds.row(viewer, rota_id, now), _people(viewer)
    known = {key for key, _name in people}
    kept = [(str(person.pk), person.name) for person in row.people if str(person.pk) not in known]
    form = RotaForm(
        request.POST or None,
        people=[*people, *dict.fromkeys(kept)],
        turns=len(row.people),
        initial=RotaForm.of(row.rota, row.people),
    )
    if request.method == "POST" and form.is_valid():
        try:
            deeds.change_rota(viewer, rota_id, form.wanted(), now)
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("The rota is changed."))
            return redirect("rota", rota_id)
    return _shown(request, row, form, StandInForm(people=people))


def _shown(request: HttpRequest, row: deeds.RotaRow, form: Any, stand_in_form: Any) -> HttpResponseBase:
    shown = {"row": row, "form": form, "stand_in": stand_in_form}
    wrong = bool(form.errors or stand_in_form.errors)
    return render(request, "notifying/rota.html", shown, status=422 if wrong else 200)


@require_POST
@page("rota.change")
def remove(request: HttpRequest, viewer: Viewer, rota_id: UUID) -> HttpResponseBase:
    """Remove a rota that no route names."""
    try:
        deeds.remove_rota(viewer, rota_id, timezone.now())
    except UserError as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, _("The rota is removed."))
    return redirect("rotas")


@require_POST
@page("rota.change")
def stand_in(request: HttpRequest, viewer: Viewer, rota_id: UUID) -> HttpResponseBase:
    """Let somebody stand in."""
    now = timezone.now()
    row, people = deeds.row(viewer, rota_id, now), _people(viewer)
    with timezone.override(ZoneInfo(row.rota.timezone)):  # what is typed is the rota's clock
        form = StandInForm(request.POST, people=people)
        valid = form.is_valid()
    if valid and _stands_in(request, viewer, rota_id, form, now):
        return redirect("rota", rota_id)
    order = RotaForm(people=people, turns=len(row.people), initial=RotaForm.of(row.rota, row.people))
    return _shown(request, row, order, form)


def _stands_in(request: HttpRequest, viewer: Viewer, rota_id: UUID, form: Any, now: datetime) -> bool:
    words = form.cleaned_data
    try:
        deeds.stand_in(viewer, rota_id, UUID(words["person"]), words["since"], words["until"], now)
    except UserError as error:
        form.add_error(None, refusal(error))
        return False
    messages.success(request, _("The stand-in is noted."))
    return True


@require_POST
@page("rota.change")
def end_stand_in(request: HttpRequest, viewer: Viewer, rota_id: UUID, stand_in_id: int) -> HttpResponseBase:
    """Take a stand-in back."""
    deeds.end_stand_in(viewer, rota_id, stand_in_id, timezone.now())
    messages.success(request, _("The stand-in is taken back."))
    return redirect("rota", rota_id)
