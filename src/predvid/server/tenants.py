"""Lets every request of the console see the rows of its person's clients alone, whatever a query forgets."""

from collections.abc import Callable

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from predvid.modules.access import tenancy
from predvid.modules.access.queries import viewer_of

OWN_WAYS = ("/healthz", "/api/")  # reads no table; makes its own viewer of its token


class OwnClientsOnly:
    """Wraps a request in one transaction for which the database knows the viewer; strangers see nothing.

    Pages of errors are drawn within it too, for the rooms around them are counted. An answer that is streamed
    goes out after it (see `tenancy.streamed`).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not tenancy.walled() or request.path.startswith(OWN_WAYS):
            return self.get_response(request)
        with transaction.atomic():
            if not request.user.is_authenticated:
                return self._answer(request)
            with tenancy.seen_by(viewer_of(request.user)):
                return self._answer(request)

    def _answer(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 500:
            transaction.set_rollback(True)
        return response
