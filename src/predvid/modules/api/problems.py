"""Whatever goes wrong with a call is a problem of one form (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec
from django.http import HttpResponse

TYPE = "application/problem+json"
URN = "urn:predvid:problem:"
AGAIN_SECONDS = 5


class Flaw(msgspec.Struct):
    """What is wrong with one part of a call."""

    where: str
    why: str


class ProblemDocument(msgspec.Struct, omit_defaults=True):
    """The form of every error: `type` is stable, `title` and `detail` are words."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: list[Flaw] = []


class Problem(Exception):
    """Ends a call: the status, the last word of the problem's type, what happened and what to do."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        errors: Sequence[Flaw] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = list(errors), dict(headers or {})

    def response(self) -> HttpResponse:
        """Return the problem as an answer."""
        title = HTTPStatus(self.status).phrase
        document = ProblemDocument(URN + self.code, title, self.status, self.detail, self.errors)
        content = msgspec.json.encode(document)
        return HttpResponse(content, status=self.status, content_type=TYPE, headers=self.headers)


def unknown() -> Problem:
    """Return the one answer for whatever is not there, foreign or missing."""
    return Problem(404, "not-found", "There is nothing here, or nothing that you may see.")


def unauthorized() -> Problem:
    """Return the one answer for whatever is wrong with a token."""
    detail = "Send a valid API token: Authorization: Bearer pvt_..."
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def away(what: str) -> Problem:
    """Return the problem of what does not answer now: `database`, `store` or `console`."""
    detail = f"The {what} does not answer now; ask again."
    return Problem(503, f"{what}-away", detail, headers={"Retry-After": str(AGAIN_SECONDS)})
