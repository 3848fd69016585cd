"""Pages of proofs: the second step of a sign-in, passkeys, and the proof before a dangerous deed."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from predvid.core.errors import UserError
from predvid.modules.access import passkeys, sign_in_state, step_up
from predvid.modules.access.models import Person
from predvid.modules.access.pages import caller, page, refusal
from predvid.modules.access.proof_actions import (
    PROVED,
    SIGNED_IN,
    SignInRefused,
    prove_by_code,
    prove_by_passkey,
    prove_by_password,
)
from predvid.modules.access.queries_factors import credentials, factors
from predvid.modules.access.rules import Viewer
from predvid.modules.access.way_back import is_ours

USE = "use"  # a challenge to use a passkey with


def without_factor(view: Callable[..., Any]) -> Callable[..., Any]:
    """Let a view be used by those whose second factor is overdue: only what they need to set one up."""
    view.factor_required = False  # type: ignore[attr-defined]
    return view


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask whoever gave the right password for their second factor; nothing else is open to them yet."""
    now = timezone.now()
    person = sign_in_state.half_signed_in(request, now)
    if person is None:
        return redirect("sign-in")
    wrong = ""
    if request.method == "POST":
        try:
            _prove(request, person, SIGNED_IN, now)
        except UserError as error:
            wrong = refusal(error)
        else:
            sign_in_state.open_session(request, person, now)
            return redirect(onward(request))
    words = {"wrong": wrong} | step_up.ways(request, person)
    return render(request, "access/second_step.html", words, status=422 if wrong else 200)


@login_not_required
@require_POST
def sign_in_by_passkey(request: HttpRequest) -> HttpResponse:
    """Sign in by a passkey alone: it proves the device and, unlocking it, the person."""
    now, at = timezone.now(), step_up.party_of(request)
    if at is None:
        return redirect("sign-in")
    challenge = sign_in_state.take_challenge(request, USE, now)
    try:
        person = prove_by_passkey(
            request.POST.get("credential", ""), challenge, at, SIGNED_IN, caller(request), now
        )
    except UserError as error:
        return render(request, "access/passkey_refused.html", {"wrong": refusal(error)}, status=422)
    request.session[sign_in_state.AFTER] = request.POST.get("next")
    sign_in_state.open_session(request, person, now)
    return redirect(onward(request))


@without_factor
@login_not_required
@require_POST
def passkey_options(request: HttpRequest) -> HttpResponse:
    """Answer (as JSON) what the browser asks the person's passkey: of whoever is half or wholly signed in."""
    now, at = timezone.now(), step_up.party_of(request)
    if at is None:
        return JsonResponse({}, status=404)
    person = request.user if request.user.is_authenticated else sign_in_state.half_signed_in(request, now)
    allowed = credentials(person, at.id) if person else []
    challenge = sign_in_state.new_challenge(request, USE, now)
    return HttpResponse(passkeys.to_use(allowed, challenge, at), content_type="application/json")


@without_factor
@require_POST
@page("profile.change")
def prove(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Take the proof before a dangerous deed; then the held request is sent again, by the browser itself."""
    now, sealed = timezone.now(), request.POST.get(step_up.FIELD, "")
    held = step_up.opened(request, sealed, now)
    if held is None:
        return redirect("/")
    person = request.user
    assert isinstance(person, Person)  # noqa: S101 - strangers do not come here
    try:
        _prove(request, person, PROVED, now)
    except UserError as error:
        return step_up.proof_page(request, sealed, held.fields, status=422, wrong=refusal(error))
    sign_in_state.note_proof(request, now)
    again = redirect(held.path)
    if held.method == "POST":
        again.status_code = 307  # the same form goes to the page that it was for (RFC 9110, 15.4.8)
    return again


def _prove(request: HttpRequest, person: Person, verb: str, now: datetime) -> None:
    """Take whichever proof the form brought. Raises UserError (SignInRefused, LockedOut).

    The password is one for a dangerous deed, and only where the person has no second factor.
    """
    who, words = caller(request), request.POST
    if words.get("credential"):
        at = step_up.party_of(request)
        if at is None:
            raise SignInRefused("This passkey was not accepted.")
        challenge = sign_in_state.take_challenge(request, USE, now)
        prove_by_passkey(words["credential"], challenge, at, verb, who, now, only=person)
    elif verb == PROVED and not factors(person):
        if not words.get("password"):
            raise UserError("Type your password.")
        prove_by_password(person, words.get("password", ""), who, now)
    elif not words.get("code", "").strip():
        raise UserError("Type the code.")
    else:
        prove_by_code(person, words.get("code", ""), verb, who, now)


def onward(request: HttpRequest) -> str:
    """Return where somebody goes who has just signed in: first to the offer of a second factor, if due."""
    if request.session.get(sign_in_state.DUE) is not None:
        return "/sign-in/protect/"
    return after(request)


def after(request: HttpRequest, otherwise: str = "/") -> str:
    """Return the page that was asked for before the sign-in, if it is one of ours, once; then `otherwise`."""
    address: str = request.session.pop(sign_in_state.AFTER, otherwise)
    return address if is_ours(request, address) else "/"
