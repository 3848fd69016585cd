"""The page of an error that nobody foresaw: it names a number, and the log has it beside the cause."""

import logging
import secrets
import sys

from django.http import HttpRequest, HttpResponseServerError
from django.template import loader

log = logging.getLogger(__name__)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is mistaken for another when read aloud


def page(request: HttpRequest) -> HttpResponseServerError:
    """Answer 500 in both languages, without the database and without a word of the cause."""
    number = "".join(secrets.choice(LETTERS) for _ in range(8))
    cause = sys.exc_info()[0]
    name = cause.__name__ if cause else "an error"
    log.error(
        "incident %s: %s at %s %r; what follows is its cause", number, name, request.method, request.path
    )
    return HttpResponseServerError(loader.get_template("500.html").render({"incident": number}))
