"""What several calls take and give alike: pages of lists, short texts, times with a zone."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from predvid.modules.access.models import Client
from predvid.modules.api.route import Named, Paged
from predvid.modules.inventory.models import Site

T = TypeVar("T")
Number = Annotated[int, Meta(ge=1, le=100_000)]
Limit = Annotated[int, Meta(ge=1, le=200)]
NO_NUL = r"^[^\u0000]*$"  # which no database takes in a text
Words = Annotated[str, Meta(max_length=100, pattern=NO_NUL)]
# One character to see, by every dialect's idea of white space: some count U+001C to U+001F, U+0085 or U+FEFF.
SEEN = r"[^\s\u0000-\u001f\u0085\ufeff]"
Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=rf"^[^\u0000]*{SEEN}[^\u0000]*$")]
Text = Annotated[str, Meta(max_length=10_000, pattern=NO_NUL)]
Moment = Annotated[datetime, Meta(tz=True)]
RowId = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class OnePage(msgspec.Struct, forbid_unknown_fields=True):
    """Which page of a list.

    page: from 1 on; beyond the last one there are no items.
    limit: how many items on a page.
    """

    page: Number = 1
    limit: Limit = 50


def paged(items: list[T], found: Any, asked: int) -> Paged[T]:
    """Return a page of Django's paginator, which gives its last for one beyond the end; that one is empty."""
    here = items if found.number == asked else []
    return Paged(here, asked, found.paginator.num_pages, found.paginator.count)


def named(thing: Client | Site) -> Named:
    """Return a client or site by id and name."""
    return Named(thing.pk, thing.name)
