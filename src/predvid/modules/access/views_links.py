"""Pages of one-time links: join by an invitation, choose a forgotten password anew, ask for such a link."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from predvid.core.errors import UserError
from predvid.modules.access import link_actions
from predvid.modules.access.forms_people import ForgottenForm, JoinForm, NewPasswordForm
from predvid.modules.access.pages import caller, refusal

BACKEND = "django.contrib.auth.backends.ModelBackend"


def join(request: HttpRequest, secret: str, link: Any) -> HttpResponse:
    """Let an invited person join: name, password, language. Raises NotVisible when the link is gone."""
    person = link.person
    first = {"name": person.name, "language": person.language}
    with translation.override(request.POST.get("language") or person.language):
        form = JoinForm(request.POST or None, person=person, initial=first)
        if request.method == "POST" and form.is_valid():
            words = {**form.cleaned_data, "address": caller(request)}
            login(request, link_actions.accept_invitation(secret, now=timezone.now(), **words), BACKEND)
            return redirect("/")
        context = {"form": form, "about": person, "by": link.made_by}
        return render(request, "access/join.html", context, status=422 if form.errors else 200)


def choose_password(request: HttpRequest, secret: str, link: Any) -> HttpResponse:
    """Let a person choose a new password; they sign in with it afterwards. Raises NotVisible."""
    person = link.person
    with translation.override(person.language):
        form = NewPasswordForm(request.POST or None, person=person)
        if request.method == "POST" and form.is_valid():
            new = form.cleaned_data["password"]
            link_actions.set_forgotten_password(secret, new, timezone.now(), caller(request))
            messages.success(request, _("Your new password is set. Sign in with it."))
            return redirect("sign-in")
        context = {"form": form, "about": person}
        return render(request, "access/new_password.html", context, status=422 if form.errors else 200)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def forgotten(request: HttpRequest) -> HttpResponse:
    """Ask for a link for a new password; the answer is the same whoever the address belongs to."""
    form = ForgottenForm(request.POST or None)
    asked = False
    if request.method == "POST" and form.is_valid():
        language = translation.get_language() or "hr"
        try:
            link_actions.ask_new_password(
                form.cleaned_data["email"], caller(request), language[:2], timezone.now()
            )
            asked = True
        except UserError as error:
            form.add_error(None, refusal(error))
    context = {"form": form, "asked": asked}
    return render(request, "access/forgotten.html", context, status=422 if form.errors else 200)
