"""The API knows no cookies: it neither reads nor sets one, so no browser can be made to act through it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class ApiWithoutCookies:
    """Takes the cookies out of a call of the API before anything looks at them, and out of its answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        request.META.pop("HTTP_COOKIE", None)
        response = self.get_response(request)
        response.cookies.clear()
        return response
