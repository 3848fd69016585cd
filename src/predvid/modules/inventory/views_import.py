"""The page that imports clients, sites and devices from a list, after it has shown what it would do."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from predvid.core.errors import UserError
from predvid.modules.access import exports
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.pages import page, refusal
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory import import_actions as actions
from predvid.modules.inventory.import_rules import KINDS, read

SAMPLES: dict[str, dict[str, list[list[str]]]] = {
    "hr": {
        "clients": [["klijent", "djelatnost"], ["Hotel Primjer", "Turizam"]],
        "sites": [["klijent", "lokacija", "vremenska zona"], ["Hotel Primjer", "Skladište", "Europe/Zagreb"]],
        "devices": [
            ["klijent", "lokacija", "uređaj", "vrsta", "serijski broj", "napomena"],
            ["Hotel Primjer", "Skladište", "HOT-WS-01", "radna stanica", "5CG1234XYZ", "Kraj rampe"],
        ],
    },
    "en": {
        "clients": [["client", "sector"], ["Example Hotel", "Tourism"]],
        "sites": [["client", "site", "time zone"], ["Example Hotel", "Warehouse", "Europe/Zagreb"]],
        "devices": [
            ["client", "site", "device", "type", "serial number", "note"],
            ["Example Hotel", "Warehouse", "HOT-WS-01", "workstation", "5CG1234XYZ", "By the ramp"],
        ],
    },
}
SHOWN = 500  # lines of a preview; figures count all


@require_http_methods(["GET", "HEAD", "POST"])
@page("import.run")
def lists(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Show what a list would do; with `apply`, do it."""
    shown: dict[str, Any] = {"kind": request.POST.get("kind", "clients"), "kinds": KINDS}
    status = 200
    if request.method == "POST":
        try:
            shown |= _outcome(request, viewer)
        except UserError as error:
            shown, status = {**shown, "wrong": refusal(error)}, 422
    return render(request, "inventory/import.html", shown, status=status)


def _outcome(request: HttpRequest, viewer: Viewer) -> dict[str, Any]:
    """Return what the page shows of a list; its text comes back with the button that applies it."""
    file = request.FILES.get("file")
    raw = file.read() if file else request.POST.get("text", "").encode()
    sheet = read(raw, request.POST.get("kind", ""))
    if request.POST.get("apply"):
        outcome = actions.apply(viewer, sheet, timezone.now())
        messages.success(request, _("The list is imported."))
    else:
        outcome = actions.plan(viewer, sheet, timezone.now())
    rows = [(row, refusal(row.wrong) if row.wrong else "") for row in outcome.verdicts]
    rows.sort(key=lambda pair: (pair[0].state != "bad", pair[0].line))
    text = raw.decode("utf-8-sig" if sheet.encoding == "utf-8" else sheet.encoding)
    counts = outcome.counts
    return {
        "outcome": outcome,
        "counts": counts,
        "ready": not outcome.applied and not counts["bad"] and counts["add"] + counts["change"] > 0,
        "rows": rows[:SHOWN],
        "more": max(len(rows) - SHOWN, 0),
        "text": text,
    }


@require_safe
@page("import.run")
def sample(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """Hand out a list to begin with, of the `kind` in the address, in the reader's language."""
    kind = request.GET.get("kind", "clients")
    language = "en" if (get_language() or "hr").startswith("en") else "hr"
    if kind not in KINDS:
        raise NotVisible
    head, *rows = SAMPLES[language][kind]
    answer = HttpResponse("".join(exports.csv_lines(head, rows)), content_type=exports.SHEETS["csv"])
    answer["Content-Disposition"] = f'attachment; filename="predvid-{kind}.csv"'
    return answer
