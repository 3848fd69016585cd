"""Whether the console is alive: for the supervisor, a load balancer, an external heartbeat."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseFault
from django.db import connection
from django.http import HttpRequest, HttpResponse

log = logging.getLogger(__name__)


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer `ok` (200) when the console and its database work, 503 when the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseFault as error:
        log.error("the database does not answer: %s", error)
        connection.close()
        return HttpResponse("database\n", content_type="text/plain", status=503)
    return HttpResponse("ok\n", content_type="text/plain")
