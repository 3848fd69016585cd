"""Reads of the audit: who did what, by filters; the heads of its chains, and what is wrong with them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Any

from django.core.paginator import Page, Paginator
from django.db import DatabaseError
from django.db.models import Max, QuerySet

from predvid.modules.access import store_audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import AuditChain, AuditEntry, Client, Person
from predvid.modules.access.rules import MSP, Break, Entry, Head, Viewer, breaks

__all__ = [
    *(
        "Asked",
        "NotVisible",
        "chain_of",
        "chains",
        "clients",
        "disputed",
        "found",
        "heads",
        "names_of",
        "page",
    ),
    *("people", "verify"),
]

PER_PAGE = 50
AT_ONCE = 500
COLUMNS = tuple(field.name for field in fields(Entry))


@dataclass(frozen=True)
class Asked:
    """What the address of the audit asks for; times in microseconds, `until` excluded."""

    person: str = ""
    verb: str = ""
    chain: str = ""
    since: int | None = None
    until: int | None = None
    page: str = "1"


def _visible(viewer: Viewer) -> QuerySet[AuditEntry]:
    require(viewer, "audit.view")
    if viewer.clients is None:
        return AuditEntry.objects.all()
    return AuditEntry.objects.filter(chain__in=[str(client) for client in viewer.clients])


def found(viewer: Viewer, asked: Asked) -> QuerySet[AuditEntry]:
    """Return the visible entries that were asked for, newest first. Raises Denied for other roles."""
    narrow: dict[str, Any] = {
        "person": asked.person,
        "verb": asked.verb,
        "chain": asked.chain,
        "at__gte": asked.since,
        "at__lt": asked.until,
    }
    rows = _visible(viewer).filter(
        **{name: value for name, value in narrow.items() if value not in ("", None)}
    )
    return rows.order_by("-at", "chain", "-number")


def page(viewer: Viewer, asked: Asked) -> Page[AuditEntry]:
    """Return one page of `found`."""
    return Paginator(found(viewer, asked), PER_PAGE).get_page(asked.page)


def people(viewer: Viewer) -> list[tuple[str, str]]:
    """Return (id, name) of everyone of whom `viewer` sees a deed, by the name that they have today."""
    known = [key for key in _visible(viewer).order_by().values_list("person", flat=True).distinct() if key]
    return sorted(names_of(known).items(), key=lambda one: one[1].casefold())


def names_of(people_ids: Iterable[str]) -> dict[str, str]:
    """Return today's names of people by their ids; who is gone is missing."""
    rows = Person.objects.filter(pk__in=set(people_ids))
    return {str(key): name for key, name in rows.values_list("pk", "name")}


def clients(viewer: Viewer) -> dict[str, str]:
    """Return the names of the visible clients by the name of their chain."""
    rows = Client.objects.all() if viewer.clients is None else Client.objects.filter(pk__in=viewer.clients)
    return {str(key): name for key, name in rows.order_by("name").values_list("pk", "name")}


def chain_of(viewer: Viewer, client: str) -> str:
    """Return the chain of the visible client called `client`. Raises NotVisible."""
    names = {name: chain for chain, name in clients(viewer).items()}
    if client not in names:
        raise NotVisible
    return names[client]


def heads(viewer: Viewer) -> list[Head]:
    """Return the heads of the visible chains, the MSP's own first. Raises Denied."""
    require(viewer, "audit.view")
    rows = AuditChain.objects.all()
    if viewer.clients is not None:
        rows = rows.filter(chain__in=[str(client) for client in viewer.clients])
    known = [Head(row.chain, row.number, row.hash) for row in rows]
    return sorted(known, key=lambda head: (head.chain != MSP, head.chain))


def _sees(viewer: Viewer, chain: str) -> bool:
    require(viewer, "audit.view")
    return viewer.clients is None or chain in {str(client) for client in viewer.clients}


def chains(viewer: Viewer, exported: Iterable[Head] = ()) -> list[str]:
    """Return every visible chain that has a head, an entry or an exported head."""
    names = {head.chain for head in exported}
    for rows in (AuditChain.objects.all(), AuditEntry.objects.order_by()):
        with suppress(DatabaseError):  # a name that cannot be read is missing in its own chain
            names.update(rows.values_list("chain", flat=True).distinct())
    return sorted((name for name in names if _sees(viewer, name)), key=lambda name: (name != MSP, name))


def verify(
    viewer: Viewer, chain: str, exported: Iterable[Head] = (), *, sound: bool | None = None
) -> tuple[int, list[Break]]:
    """Return how many entries of a visible chain were read, and what is wrong with it. Raises NotVisible.

    `sound` is what `store_audit.sound` told; it is asked here where it was not.
    """
    if not _sees(viewer, chain):
        raise NotVisible
    rows = AuditEntry.objects.filter(chain=chain)
    # The entries first: what is written meanwhile moves the head beyond them, never the other way round.
    highest = rows.aggregate(last=Max("number"))["last"] or 0
    stored = _stored(chain)
    reached = max((head.number for head in stored), default=0)
    last = max(highest, reached) if isinstance(highest, int) else reached  # SQLite keeps what it is given
    numbers = list(rows.filter(number__lte=last).order_by("number").values_list("number", flat=True))
    wrong = list(breaks(chain, _rows(chain, numbers), [*stored, *exported]))
    if last > reached:
        wrong.append(Break(chain, reached + 1, "added"))
    if not (store_audit.sound() if sound is None else sound):
        wrong += _misplaced(chain, numbers)
    return len(numbers), wrong


def _misplaced(chain: str, numbers: list[int]) -> list[Break]:
    """Return the entries that stand in the index and not, under that chain and number, in the table."""
    rows = AuditEntry.objects.filter(
        hash__gte=""
    ).order_by()  # no index has the hash: the rows themselves answer
    try:
        here = {number for own, number in rows.values_list("chain", "number") if own == chain}
    except (DatabaseError, ValueError, TypeError):
        here = set()
    return [Break(chain, number, "altered") for number in numbers if number not in here]


def disputed(viewer: Viewer, chain: str, heads: Iterable[Head]) -> list[Head]:
    """Return those of `heads` that a visible chain does not hold: cut off or written anew since they were."""
    if not _sees(viewer, chain):
        raise NotVisible
    told = [head for head in heads if head.chain == chain]
    wanted, here = {head.number for head in told}, set()
    for row in _rows(chain, sorted(wanted)):
        if isinstance(row, Entry):
            here.add((row.number, row.hash))
    return [head for head in told if (head.number, head.hash) not in here]


def _stored(chain: str) -> list[Head]:
    try:
        known = [Head(row.chain, row.number, row.hash) for row in AuditChain.objects.filter(chain=chain)]
    except DatabaseError:
        return []
    return [head for head in known if isinstance(head.number, int)]


def _rows(chain: str, numbers: list[int]) -> Iterator[Entry | int]:
    for start in range(0, len(numbers), AT_ONCE):
        yield from _read(chain, numbers[start : start + AT_ONCE])


def _read(chain: str, numbers: list[int]) -> list[Entry | int]:
    """Return the entries of `numbers`; one that cannot be read is its number alone and hides no other."""
    rows = AuditEntry.objects.filter(chain=chain, number__in=numbers).order_by("number")
    try:
        return [_entry(values) for values in rows.values_list(*COLUMNS)]
    except (DatabaseError, ValueError, TypeError):
        if len(numbers) == 1:
            return list(numbers)
        middle = len(numbers) // 2
        return _read(chain, numbers[:middle]) + _read(chain, numbers[middle:])


def _entry(values: tuple[Any, ...]) -> Entry:
    if not all(isinstance(value, str | int) for value in values):
        raise TypeError("bytes, a fraction or nothing in a column of the audit")
    return Entry(*values)
