"""Whether the console is alive: for the supervisor, a load balancer, an external heartbeat."""

from django.db import connection
from django.http import HttpRequest, HttpResponse


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer `ok` (200) when the console and its database work."""
    with connection.cursor():
        return HttpResponse("ok\n", content_type="text/plain")
