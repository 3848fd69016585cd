"""Rotation and verification of all that is sealed, in whatever table it lies.

A rotation killed at any moment leaves everything readable: the new master key is in the file, beside the old
one, before anything is sealed with it; all rows change in one transaction; the old key leaves the file only
when no row needs it. Rotating once more finishes what was left.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Model

from predvid.core.errors import UserError
from predvid.modules.access import audit, envelope, key_file, vault
from predvid.modules.access.envelope import Damaged, DataKey, Field, Masters
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.models import DataKeyLatch, TenantKey
from predvid.modules.access.rules import PLATFORM, Subject

NO_KEY = DataKey(0, b"")


@dataclass(frozen=True)
class Flaw:
    """One thing that does not open: where it stands, how people call it, and why."""

    place: Field
    name: str
    why: str


@dataclass(frozen=True)
class Rotated:
    """What a rotation did: the id of the new master key, how many data keys and values were made anew."""

    key: str
    data_keys: int
    values: int


def rotate(now: datetime) -> Rotated:
    """Make a new master key and new data keys, and seal everything anew. Raises KeyUnusable or UserError."""
    path, new = vault.key_path(), envelope.new_master()
    with key_file.held(path):
        vault.prepare()
        masters = (new, *vault.held_masters())
        key_file.write(path, masters)
        done = _sealed_anew(masters, now)
        key_file.write(path, _needed(masters))
    return done


def _needed(masters: Masters) -> Masters:
    """Return the key in force and those that some data key still names."""
    named = {envelope.master_of(bytes(row.wrapped)) for row in TenantKey.objects.all()}
    return tuple(master for master in masters if master is masters[0] or master.id in named)


@transaction.atomic
def _sealed_anew(masters: Masters, now: datetime) -> Rotated:
    new = masters[0]  # some data key may have it already: made since the file was written
    list(DataKeyLatch.objects.select_for_update())
    rows = list(TenantKey.objects.select_for_update().order_by("tenant"))
    try:
        old = {row.tenant: vault.opened(row, masters) for row in rows}
        fresh = {row.tenant: envelope.new_data_key(row.number + 1) for row in rows}
        values = sum(_column(model, name, old, fresh) for model, name in vault.sealed_columns())
    except Damaged as damaged:
        raise UserError(
            "Nothing was rotated, for something does not open: %(what)s. See predvid secrets verify.",
            1,
            what=str(damaged),
        ) from None
    for row in rows:
        row.number, row.wrapped = row.number + 1, envelope.wrap(new, row.tenant, fresh[row.tenant])
        row.save(update_fields=["number", "wrapped", "made_at"])
    DataKeyLatch.objects.update(rotated_at=now)
    subject = Subject("key", "", new.id)
    after: audit.Values = {"key": new.id, "count": values}
    audit.record(PLATFORM, "secrets.rotated", subject, None, now, after=after, why="command line")
    return Rotated(new.id, len(rows), values)


def _column(model: type[Model], name: str, old: dict[str, DataKey], fresh: dict[str, DataKey]) -> int:
    count = 0
    for row in _filled(model, name, locked=True):
        place = vault.place_of(row, name)
        plain = envelope.unseal(old.get(place.tenant, NO_KEY), place, bytes(getattr(row, name)))
        sealed = envelope.seal(fresh[place.tenant], place, plain)
        model._base_manager.filter(pk=row.pk).update(**{name: sealed})
        count += 1
    return count


def _filled(model: type[Model], name: str, *, locked: bool = False) -> Iterator[Any]:
    """Yield the rows of `model` that hold something in the sealed field `name`."""
    rows = model._base_manager.exclude(**{name: b""}).exclude(**{name: None}).order_by("pk")
    yield from list(rows.select_for_update() if locked else rows)


def verify() -> tuple[int, list[Flaw]]:
    """Return how many values there are, and all that does not open, each named. Raises KeyUnusable."""
    flaws: list[Flaw] = []
    keys: dict[str, DataKey] = {}
    masters = vault.held_masters() if vault.in_use() else ()
    if (trouble := vault.trouble()) is not None:
        raise trouble
    for row in TenantKey.objects.select_related("client").order_by("tenant"):
        try:
            keys[row.tenant] = vault.opened(row, masters)
        except (Damaged, KeyUnusable):
            place = Field(row.tenant, row._meta.db_table, row.tenant, "wrapped")
            flaws.append(Flaw(place, str(row.client or ""), "data_key"))
    count = 0
    for model, name in vault.sealed_columns():
        for row in _filled(model, name):
            count += 1
            flaws += _flaws(row, name, keys)
    return count, flaws


def _flaws(row: Any, name: str, keys: dict[str, DataKey]) -> Iterator[Flaw]:
    place = vault.place_of(row, name)
    data = keys.get(place.tenant)
    if data is None:
        yield Flaw(place, str(row), "no_data_key")
        return
    try:
        envelope.unseal(data, place, bytes(getattr(row, name)))
    except Damaged:
        yield Flaw(place, str(row), "damaged")
