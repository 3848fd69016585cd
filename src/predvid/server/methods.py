"""A page asked for in a way that it does not answer says so in a page, not with an empty body."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render


class SayNotAllowed:
    """Gives every 405 the page of its own; the header Allow stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or response.content:
            return response
        said = render(request, "405.html", status=405)
        said.headers["Allow"] = response.headers["Allow"]
        return said
