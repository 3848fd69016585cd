"""Pages of second factors: the offer after sign-in, app, passkeys, recovery codes, what staff must have."""

from typing import Any
from uuid import UUID

import pyotp
import segno
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from predvid.core.errors import UserError
from predvid.modules.access import factor_actions, passkeys, sign_in_state, step_up
from predvid.modules.access.factor_rules import GRACE_DAYS, grouped
from predvid.modules.access.pages import back, page, refusal
from predvid.modules.access.queries_factors import credentials, grace_days, waiting_secret
from predvid.modules.access.rules import Viewer
from predvid.modules.access.views_proof import after, without_factor

MAKE = "make"  # a challenge to make a passkey with
RULES = (0, GRACE_DAYS, 30, None)  # days that the owner may choose


@without_factor
@require_http_methods(["GET", "HEAD", "POST"])
@page("profile.change")
def protect(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Offer a second factor after sign-in; "later" goes on while the days of grace last."""
    now = timezone.now()
    sign_in_state.note_due(request, _person(request), now)  # a factor may have been set up in another session
    due = request.session.get(sign_in_state.DUE)
    overdue = sign_in_state.factor_overdue(request.session, now)
    if due is None or (request.method == "POST" and not overdue):
        return redirect(after(request))
    days = max(0, -int(-(due - now.timestamp()) // 86400))
    return render(request, "access/protect.html", _ways(request) | {"overdue": overdue, "days": days})


@without_factor
@require_safe
@page("profile.change")
def security(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show with what the person proves themselves, and to the owner what all staff must have."""
    return render(request, "access/security.html", _ways(request) | {"rule": grace_days(), "rules": RULES})


def _ways(request: HttpRequest) -> dict[str, Any]:
    return step_up.ways(request, request.user)


@without_factor
@require_http_methods(["GET", "HEAD", "POST"])
@page("factor.change")
def app(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show a new secret as QR code and text until a code of it is given (POST)."""
    now, wrong, person = timezone.now(), "", _person(request)
    secret = waiting_secret(person.pk, now)
    if secret is None:
        return redirect("security")
    if request.method == "POST":
        try:
            codes = factor_actions.confirm_app(viewer, request.POST.get("code", ""), now)
        except UserError as error:
            wrong = refusal(error)
        else:
            return _done(request, codes, _("The authenticator app is set up."))
    host = settings.PLACE.address.partition("://")[2]
    uri = pyotp.TOTP(secret).provisioning_uri(
        name=person.email, issuer_name=f"Predvid {host}".replace(":", " ")
    )
    return render(
        request,
        "access/app.html",
        {"qr": _picture(uri), "secret": grouped(secret), "uri": uri, "wrong": wrong},
        status=422 if wrong else 200,
    )


def _picture(uri: str) -> str:
    """Return a QR code as the address of an image that holds it (`data:`), which the page's policy allows."""
    return str(
        segno.make(uri, error="l", micro=False).svg_data_uri(omitsize=True, svgclass=None, lineclass=None)
    )


@without_factor
@require_POST
@page("factor.change")
def app_begin(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Make a new secret for an authenticator app and show it."""
    factor_actions.begin_app(viewer, timezone.now())
    return redirect("factor-app")


@require_POST
@page("factor.change")
def app_remove(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Take the authenticator app out of use."""
    factor_actions.remove_app(viewer, timezone.now())
    return _changed(request, _("The authenticator app is removed."))


@without_factor
@require_POST
@page("factor.change")
def passkey_new(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Answer (as JSON) what asks the browser for a new passkey."""
    now, at = timezone.now(), step_up.party_of(request)
    if at is None:
        raise UserError("Passkeys do not work at this address.")
    challenge = sign_in_state.new_challenge(request, MAKE, now)
    person = _person(request)
    asked = passkeys.to_make(person, credentials(person, at.id), challenge, at)
    return HttpResponse(asked, content_type="application/json")


@without_factor
@require_POST
@page("factor.change")
def passkey_add(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Keep the passkey that the browser has made.

    The form comes without one where the person had to prove themselves first: they press once more then.
    """
    now, at = timezone.now(), step_up.party_of(request)
    answer = request.POST.get("credential", "")
    if not answer or at is None:
        messages.info(request, _("Thank you. Now add the passkey."))
        return back(request, "/profile/security/")
    try:
        made = passkeys.made(answer, sign_in_state.take_challenge(request, MAKE, now), at)
    except passkeys.NotGenuine:
        raise UserError("This passkey was not accepted.") from None
    codes = factor_actions.add_passkey(viewer, made, at, request.POST.get("name", ""), now)
    return _done(request, codes, _("The passkey is added."))


@require_POST
@page("factor.change")
def passkey_rename(request: HttpRequest, viewer: Viewer, key: int) -> HttpResponseBase:
    """Give a passkey another name."""
    factor_actions.rename_passkey(viewer, key, request.POST.get("name", ""), timezone.now())
    return _changed(request, _("The passkey has its new name."))


@require_POST
@page("factor.change")
def passkey_remove(request: HttpRequest, viewer: Viewer, key: int) -> HttpResponseBase:
    """Forget a passkey."""
    factor_actions.remove_passkey(viewer, key, timezone.now())
    return _changed(request, _("The passkey is removed."))


@require_POST
@page("factor.change")
def codes_renew(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Make new recovery codes; this answer alone ever shows them."""
    return _codes(request, factor_actions.renew_codes(viewer, timezone.now()))


@require_POST
@page("settings.change")
def rule(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Set within how many days staff must have a second factor."""
    days = request.POST.get("days", "")
    known = {"" if each is None else str(each): each for each in RULES}
    if days not in known:
        raise UserError("Choose one from the list.")
    factor_actions.set_factor_rule(viewer, known[days], timezone.now())
    messages.success(request, _("Saved."))
    return redirect("security")


@require_POST
@page("factor.remove")
def remove(request: HttpRequest, viewer: Viewer, person_id: UUID) -> HttpResponseBase:
    """Take all second factors from somebody who has lost them."""
    person = factor_actions.remove_factors(viewer, person_id, timezone.now())
    messages.success(
        request, _("%(name)s signs in by password now and is asked for a new factor.") % {"name": person.name}
    )
    return back(request, "/")


def _person(request: HttpRequest) -> Any:
    return request.user


def _done(request: HttpRequest, codes: list[str], said: str) -> HttpResponse:
    """Answer a new factor: with its recovery codes if it is the first, else where the person came from."""
    sign_in_state.note_due(request, _person(request), timezone.now())
    if codes:
        return _codes(request, codes)
    return _changed(request, said)


def _codes(request: HttpRequest, codes: list[str]) -> HttpResponse:
    """Show recovery codes, this once."""
    shown = [grouped(code) for code in codes]
    return render(
        request, "access/codes.html", {"codes": shown, "after": after(request, "/profile/security/")}
    )


def _changed(request: HttpRequest, said: str) -> HttpResponse:
    sign_in_state.note_due(request, _person(request), timezone.now())
    messages.success(request, said)
    return redirect("security")
