"""Pages of people: sign in and out, the one-time link, the profile."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access import actions
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.forms import OwnerForm, PasswordForm, ProfileForm, SignInForm
from predvid.modules.access.pages import caller, is_ours, page, refusal
from predvid.modules.access.queries import open_link
from predvid.modules.access.rules import Viewer

BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for address and password; answer failures in one general sentence."""
    if request.user.is_authenticated:
        return redirect("/")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = actions.sign_in(
                form.cleaned_data["email"], form.cleaned_data["password"], caller(request), timezone.now()
            )
        except UserError as error:
            form.add_error(None, refusal(error))
        else:
            login(request, person, BACKEND)
            return HttpResponseRedirect(_next(request))
    status = 422 if form.errors else 200
    return render(
        request, "access/sign_in.html", {"form": form, "next": request.GET.get("next", "")}, status=status
    )


def _next(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    return address if is_ours(request, address) else "/"


@require_POST
@page
def sign_out(request: HttpRequest, viewer: Viewer) -> HttpResponse:
    """End the session on the server."""
    with transaction.atomic():
        actions.sign_out(viewer, timezone.now())
        logout(request)
    return redirect("sign-in")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def welcome(request: HttpRequest, secret: str) -> HttpResponse:
    """Open a one-time link: make the first owner, or sign its person in at a click.

    Looking alone uses nothing up: mail scanners and previews open links too.
    """
    now = timezone.now()
    try:
        link = open_link(secret, now)
        if link.person is not None:
            if request.method == "POST":
                login(request, actions.use_link(secret, now, caller(request)), BACKEND)
                return redirect("/")
            return render(request, "access/welcome.html", {"greeted": link.person})
        return _first_owner(request, secret)
    except NotVisible:
        return render(request, "access/link_gone.html", status=404)


def _first_owner(request: HttpRequest, secret: str) -> HttpResponse:
    form = OwnerForm(request.POST or None, initial={"language": translation.get_language()})
    if request.method == "POST" and form.is_valid():
        words = {**form.cleaned_data, "address": caller(request)}
        owner = actions.make_first_owner(secret, now=timezone.now(), **words)
        login(request, owner, BACKEND)
        return redirect("/")
    return render(request, "access/first_owner.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@page
def profile(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show and change the own name, language, appearance and password."""
    person: Any = request.user
    part = request.POST.get("part")
    first = {"name": person.name, "language": person.language, "theme": person.theme}
    details = ProfileForm(request.POST if part == "details" else None, initial=first)
    password = PasswordForm(request.POST if part == "password" else None, person=person)
    if part == "details" and details.is_valid():
        words = {**details.cleaned_data, "address": viewer.address}
        actions.set_preferences(person, now=timezone.now(), **words)
        with translation.override(person.language):
            messages.success(request, _("Saved."))
        return redirect("profile")
    if part == "password" and password.is_valid() and _new_password(request, password):
        return redirect("profile")
    status = 422 if details.errors or password.errors else 200
    return render(request, "access/profile.html", {"details": details, "password": password}, status=status)


def _new_password(request: HttpRequest, form: PasswordForm) -> bool:
    try:
        words = form.cleaned_data
        actions.set_password(form.person, words["current"], words["new"], timezone.now(), caller(request))
    except UserError as error:
        form.add_error("current", refusal(error))
        return False
    update_session_auth_hash(request, form.person)
    messages.success(request, _("Your password is changed; other sessions have ended."))
    return True
