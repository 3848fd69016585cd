"""The page that a mail's link opens: it asks, and only its button acknowledges."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.pages import caller, refusal
from predvid.modules.monitoring.words import sentence, title
from predvid.modules.notifying import links


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge(request: HttpRequest, secret: str) -> HttpResponse:
    """Ask whether to acknowledge (GET), or do so as the link's person (POST)."""
    now = timezone.now()
    try:
        link = links.opened(secret, now)
    except NotVisible:
        return render(request, "notifying/link_over.html", status=404)
    with translation.override(link.person.language):
        alert, language = link.alert, link.person.language
        shown = {
            "alert": alert,
            "sentence": sentence(alert.said_id, alert.said_values, language),
            "check": f"{title(alert.check_name, language)} {alert.item}".strip(),
            "who": link.person.name,
        }
        if request.method != "POST":
            return render(request, "notifying/acknowledge.html", shown)
        try:
            links.use(secret, now, caller(request))
        except NotVisible:
            return render(request, "notifying/link_over.html", status=404)
        except UserError as error:
            return render(
                request, "notifying/acknowledge.html", shown | {"refused": refusal(error)}, status=422
            )
        return render(request, "notifying/acknowledge.html", shown | {"done": True})
