"""Writes the audit: one entry for every deed, in the transaction of the deed itself."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection

from predvid.modules.access.models import AuditChain, AuditEntry
from predvid.modules.access.rules import GENESIS, MSP, Entry, Subject, Viewer, seal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Values = Mapping[str, str | int | bool | None]


def record(
    viewer: Viewer,
    verb: str,
    subject: Subject,
    client: UUID | None,
    now: datetime,
    *,
    before: Values | None = None,
    after: Values | None = None,
    why: str = "",
) -> None:
    """Write one entry into the chain of `client` (None: of the whole MSP).

    Must run inside the transaction of the deed: what cannot be audited is not done. Call it last, for until
    the transaction ends nobody else writes into this chain. Never hand it a secret, nor the value of a
    personal field (`models.AuditEntry` says why).
    """
    if not connection.in_atomic_block:
        raise RuntimeError("An entry of the audit belongs to the transaction of what it tells.")
    chain = str(client) if client else MSP
    head = _held(chain)
    entry = seal(
        Entry(
            chain=chain,
            number=head.number + 1,
            at=microseconds(now),
            person=str(viewer.person or ""),
            name=_text(viewer.name, 120),
            salt=secrets.token_hex(16),
            name_hash="",
            verb=verb,
            object_kind=subject.kind,
            object_id=subject.key,
            object_name=_text(subject.name, 255),
            before=_json(before),
            after=_json(after),
            why=_text(why, 255),
            address=_text(viewer.address, 64),
            previous=head.hash,
        )
    )
    AuditEntry.objects.create(**asdict(entry))
    AuditChain.objects.filter(chain=chain).update(number=entry.number, hash=entry.hash)


def microseconds(moment: datetime) -> int:
    """Return a moment as the audit keeps it: microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def _held(chain: str) -> AuditChain:
    """Return the chain's head, held until the transaction ends."""
    head = AuditChain.objects.select_for_update().filter(chain=chain).first()
    if head is not None:
        return head
    AuditChain.objects.bulk_create(
        [AuditChain(chain=chain, number=0, hash=GENESIS)], ignore_conflicts=True
    )  # another writer may begin the same chain at this moment
    return AuditChain.objects.select_for_update().get(chain=chain)


def _text(text: str, size: int) -> str:
    """Return a text that every database takes: without NUL, cut to `size`."""
    return text.replace("\x00", "")[:size]


def _json(values: Values | None) -> str:
    return json.dumps(dict(values or {}), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
