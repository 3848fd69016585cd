"""Reads a call: who asks, with which values in the query and the body. Whatever does not fit is a Problem."""

import re
from typing import Any, TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.utils import timezone

from predvid.modules.access import token_actions
from predvid.modules.access.models import ApiToken
from predvid.modules.access.pages import caller
from predvid.modules.api.problems import Flaw, Problem, unauthorized

S = TypeVar("S", bound=msgspec.Struct)
WHERE = re.compile(r"^(.*?)(?: - at `(\$?[^`]*)`)?$", re.DOTALL)
LOCKED_SECONDS = int(token_actions.WINDOW.total_seconds())


def token_of(request: HttpRequest) -> ApiToken:
    """Return the token that a request brings. Raises Problem: 401 for any flaw, 429 if locked out."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise unauthorized()
    try:
        shown = text.strip() if scheme.lower() == "bearer" else ""
        return token_actions.come_in(shown, caller(request), timezone.now())
    except token_actions.TokenRefused:
        raise unauthorized() from None
    except token_actions.AddressLockedOut:
        detail = "Too many wrong tokens came from your address. Wait 15 minutes, then try again."
        raise Problem(429, "locked-out", detail, headers={"Retry-After": str(LOCKED_SECONDS)}) from None


def query_of(request: HttpRequest, kind: type[S]) -> S:
    """Return the query as `kind`. Raises Problem (422)."""
    return _fits("query", request.GET.dict(), kind, strict=False)


def body_of(request: HttpRequest, kind: type[S]) -> S:
    """Return the JSON body as `kind`. Raises Problem: 400, 413, 415 or 422."""
    if request.content_type != "application/json":
        raise Problem(415, "not-json", "Send the body as JSON: Content-Type: application/json.")
    try:
        values = msgspec.json.decode(request.body)
    except RequestDataTooBig:
        raise Problem(413, "too-large", "The body is too large.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, UnreadablePostError, RecursionError) as error:
        raise Problem(400, "unreadable", f"The body is no JSON: {error}.") from None
    return _fits("body", values, kind, strict=True)


def _fits(part: str, values: Any, kind: type[S], *, strict: bool) -> S:
    if where := _nul(values):
        raise _unfit([Flaw(f"{part}.{where}", "A text cannot contain the character NUL.")])
    try:
        return msgspec.convert(values, kind, strict=strict)
    except msgspec.ValidationError as error:
        said = WHERE.match(str(error))
        why, where = (said[1], said[2] or "$") if said else (str(error), "$")
        raise _unfit([Flaw(part + where.removeprefix("$"), why)]) from None


def _nul(values: Any) -> str:
    """Return the name of a text with NUL, which no database takes; empty where there is none."""
    if not isinstance(values, dict):
        return ""
    bad = (str(name) for name, value in values.items() if "\x00" in str(name) or "\x00" in str(value))
    return next(bad, "")


def _unfit(flaws: list[Flaw]) -> Problem:
    return Problem(422, "invalid", "Some of what you sent does not fit.", flaws)
