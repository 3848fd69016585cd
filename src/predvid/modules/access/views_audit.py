"""The audit's page: who did what, filtered by the address, and the same as a file."""

from datetime import date, datetime, time, timedelta

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from predvid.modules.access import audit_rows, queries_audit, tenancy
from predvid.modules.access.audit import microseconds
from predvid.modules.access.audit_words import VERBS
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.pages import page, show
from predvid.modules.access.rules import MSP, Viewer

LONGEST = 64  # of a word in the address: ids and verbs are shorter


@require_safe
@page("audit.view")
def audit(request: HttpRequest, viewer: Viewer) -> HttpResponseBase:
    """List what people did, newest first."""
    asked = _asked(request)
    found = queries_audit.page(viewer, asked)
    clients = queries_audit.clients(viewer)
    entries = list(found.object_list)
    names = queries_audit.names_of(
        entry.object_id for entry in entries if entry.object_kind == "person" and entry.object_id
    )
    words = {name: value for name, value in request.GET.items() if name != "page"}
    return show(
        request,
        "access/audit.html",
        {
            "found": found,
            "rows": audit_rows.rows(entries, clients, names),
            "asked": asked,
            "since": words.get("from", ""),
            "until": words.get("to", ""),
            "filtered": any(words.values()),
            "people": queries_audit.people(viewer),
            "verbs": sorted(VERBS.items(), key=lambda verb: str(verb[1])),
            "clients": clients.items(),
            "msp": MSP if viewer.clients is None else "",
        },
    )


@require_safe
@page("audit.export")
def export(request: HttpRequest, viewer: Viewer, form: str) -> HttpResponseBase:
    """Answer what the filters find as a file, `csv` or `jsonl`."""
    entries = queries_audit.found(viewer, _asked(request)).iterator(chunk_size=500)
    if form == "csv":
        lines, kind = audit_rows.csv_lines(entries, queries_audit.clients(viewer)), "text/csv"
    elif form == "jsonl":
        lines, kind = audit_rows.json_lines(entries), "application/jsonl"
    else:
        raise NotVisible
    answer = StreamingHttpResponse(tenancy.streamed(viewer, lines), content_type=f"{kind}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="predvid-audit.{form}"'
    return answer


def _asked(request: HttpRequest) -> queries_audit.Asked:
    """Return what the address asks for; a word that makes no sense asks for nothing."""
    words = {name: str(value).replace("\x00", "")[:LONGEST] for name, value in request.GET.items()}
    until = _day(words.get("to", ""))
    return queries_audit.Asked(
        person=words.get("person", ""),
        verb=words.get("verb", ""),
        chain=words.get("client", ""),
        since=_midnight(_day(words.get("from", ""))),
        until=_midnight(until + timedelta(days=1) if until and until < date.max else None),
        page=words.get("page", "1"),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _midnight(day: date | None) -> int | None:
    if day is None or day.year < 1900 or day.year > 9000:
        return None
    return microseconds(timezone.make_aware(datetime.combine(day, time.min)))
