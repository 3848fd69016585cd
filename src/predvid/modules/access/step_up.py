"""Step-up: holds a dangerous request, has the person prove that it is they, and lets it happen then.

What the form held comes back sealed in the page itself, for this session and address alone: it is neither in
the address nor kept on the server, and it cannot be altered on the way.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from predvid.modules.access.factor_rules import Party, party, place_for_passkeys
from predvid.modules.access.queries_factors import factors
from predvid.modules.access.sealing import Unreadable, seal_text, unseal_text
from predvid.modules.access.way_back import is_ours

FIELD = "held"
SECONDS = 15 * 60  # that a held request waits
NOT_HELD = ("csrfmiddlewaretoken",)
NOT_TYPED = ("back",)  # a form brings it along; nobody entered it


@dataclass(frozen=True)
class Held:
    """A request that waits for a proof: `path` with its query, `fields` as the form sent them."""

    method: str
    path: str
    fields: dict[str, list[str]]
    at: float


def ask_for_proof(request: HttpRequest, now: datetime) -> HttpResponse:
    """Answer a dangerous request with the page on which the person proves themselves.

    403 tells programs that nothing was done; htmx would not show that.
    """
    fields = {name: request.POST.getlist(name) for name in request.POST if name not in NOT_HELD}
    held = Held(str(request.method), request.get_full_path(), fields, now.timestamp())
    sealed = seal_text(json.dumps(vars(held)), _context(request))
    return proof_page(request, sealed, fields, status=403)


def proof_page(
    request: HttpRequest, held: str, fields: Mapping[str, list[str]], *, status: int, wrong: str = ""
) -> HttpResponse:
    """Render the page of proofs around a sealed request, whose form had these fields."""
    live = request.headers.get("HX-Request") == "true"
    response = render(
        request,
        "access/_prove.html" if live else "access/prove.html",
        {
            "held": held,
            "wrong": wrong,
            "typed": _typed(fields),
            "cancel": _page_before(request),
            "whole_body": live,
        }
        | ways(request, request.user),
        status=200 if live else status,
    )
    if live:  # takes the place of the whole page: whatever part was to be changed has not been
        response.headers["HX-Retarget"], response.headers["HX-Reswap"] = "body", "innerHTML"
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def _typed(fields: Mapping[str, list[str]]) -> bool:
    """Tell whether the held form had anything in it that a person entered: then it must not seem lost."""
    return any(any(values) for name, values in fields.items() if name not in NOT_TYPED)


def opened(request: HttpRequest, sealed: str, now: datetime) -> Held | None:
    """Return what was held in this session; None if that is long ago, or it is not from here."""
    try:
        held = Held(**json.loads(unseal_text(sealed, _context(request))))
    except (Unreadable, ValueError, TypeError):
        return None
    return held if 0 <= now.timestamp() - held.at < SECONDS else None


def take_back(request: HttpRequest, now: datetime) -> None:
    """Put the fields of a held form into the request that brings it back, if it is that request."""
    held = opened(request, request.POST.get(FIELD, ""), now) if FIELD in request.POST else None
    if held is None or held.method != request.method or held.path != request.get_full_path():
        return
    fields = QueryDict(mutable=True)
    for name, values in held.fields.items():
        fields.setlist(name, cast(list[Any], values))
    fields._mutable = False
    request.POST = fields  # type: ignore[assignment] # Django's own setter


def party_of(request: HttpRequest) -> Party | None:
    """Return under which name passkeys work on this page, None where browsers refuse them."""
    return party(f"{request.scheme}://{request.get_host()}", settings.PLACE.address)


def ways(request: HttpRequest, person: Any) -> dict[str, Any]:
    """Return for a page what a person may prove themselves with, and where passkeys work."""
    mine, here = factors(person), party_of(request)
    return {
        "mine": mine,
        "party": here,
        "elsewhere": place_for_passkeys(settings.PLACE.address),
        "passkey_here": here is not None and any(passkey.party == here.id for passkey in mine.usable),
    }


def _context(request: HttpRequest) -> str:
    """Return the place for which a request is sealed: this session, which its cookie alone can name."""
    return f"held in session {request.session.session_key}"


def _page_before(request: HttpRequest) -> str:
    """Return the page that sent the request, the overview if that is not one of ours."""
    parts = urlsplit(request.headers.get("Referer", ""))
    came_from = f"{parts.path}?{parts.query}" if parts.query else parts.path
    sent = request.POST.get("back") or (came_from if parts.netloc == request.get_host() else "")
    return sent if is_ours(request, sent) else "/"
