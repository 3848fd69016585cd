"""Asking for something: a published template with its typed parameters, or an ad-hoc command."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from predvid.core.errors import UserError
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import requests
from predvid.modules.automation.forms import CommandForm, TemplateForm
from predvid.modules.automation.queries import authority as held
from predvid.modules.automation.queries import targets
from predvid.modules.automation.queries import tasks as queries


@require_http_methods(["GET", "HEAD", "POST"])
@page("task.request")
def template(request: HttpRequest, viewer: Viewer, publication_id: int) -> HttpResponseBase:
    """Ask for a published template on one device or several."""
    publication = held.one_publication(viewer, publication_id)
    form = TemplateForm(
        request.POST or None,
        devices=queries.choosable(viewer),
        parameters=targets.parameters(publication),
        initial={"devices": request.GET.getlist("device")},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = requests.request_template(
                viewer,
                publication.pk,
                _ids(form),
                form.params(),
                timezone.now(),
                why=form.cleaned_data["why"],
            )
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            return _made(request, made)
    return _form(request, "automation/template.html", form, publication=publication)


@require_http_methods(["GET", "HEAD", "POST"])
@page("task.request")
def command(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Write an ad-hoc command, which then waits for the operators' signatures."""
    first = {"devices": request.GET.getlist("device")}
    form = CommandForm(request.POST or None, devices=queries.choosable(viewer), initial=first)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        written = requests.Command(
            words["title"],
            words["language"],
            words["body"],
            words["timeout"],
            int(words["hours"]),
            why=words["why"],
        )
        try:
            made = requests.request_command(viewer, written, _ids(form), timezone.now())
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            return _made(request, made)
    return _form(request, "automation/command.html", form, founded=held.keyset() is not None)


def _ids(form: forms.Form) -> list[UUID]:
    return [UUID(device) for device in form.cleaned_data["devices"]]


def _made(request: HttpRequest, made: Any) -> HttpResponseBase:
    if made.devices == 1 and made.state == "running":
        messages.success(request, _("The task is on its way to the device."))
        return redirect("task", made.tasks.get().pk)
    return redirect("task-request", made.pk)


def _form(request: HttpRequest, name: str, form: forms.Form, **more: Any) -> HttpResponseBase:
    return render(request, name, {"form": form, **more}, status=422 if form.errors else 200)
