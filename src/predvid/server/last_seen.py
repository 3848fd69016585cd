"""Notes when and from where each session was last used; what pages refresh by themselves does not count."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import Error as DatabaseFault
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from predvid.modules.access.models import Session
from predvid.modules.access.pages import caller
from predvid.modules.access.session_actions import note_use

log = logging.getLogger(__name__)
EVERY = timedelta(minutes=1)  # one write a minute is enough for a limit of hours
BY_ITSELF = "div#live"  # the part of a page that follows what happens (static/js/live.js)


class LastSeen:
    """Writes the time, address and browser of whoever is signed in, once a minute at most."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        by_itself = request.method == "GET" and request.headers.get("HX-Source") == BY_ITSELF
        if not by_itself and request.user.is_authenticated:
            row = getattr(request.session, "row", None)
            now = timezone.now()
            if row is not None and (not row.agent or now - row.seen_at >= EVERY):
                self._note(row, request, now)
        return self.get_response(request)

    @staticmethod
    def _note(row: Session, request: HttpRequest, now: datetime) -> None:
        try:
            note_use(row, caller(request), request.headers.get("User-Agent", ""), now)
        except DatabaseFault as error:  # a full disk must not keep anybody from reading
            log.warning("when a session was used cannot be noted: %s", error)
