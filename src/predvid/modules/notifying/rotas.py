"""Rotas as the rules read them, and the verbs by which people keep them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from predvid.core.errors import UserError
from predvid.modules.access import audit
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.models import Person
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.notifying import queries
from predvid.modules.notifying.models import Rota, StandIn, Turn
from predvid.modules.notifying.rules import Rotation, handover, on_call

MOST_TURNS = 20


@dataclass(frozen=True)
class NewRota:
    """What a rota is made of; see `rules.Rotation`. `people` are in their order."""

    name: str
    people: Sequence[UUID]
    begins: date
    at: int
    days: int
    timezone: str


@dataclass(frozen=True)
class RotaRow:
    """One rota as its page shows it, at one moment; `gone` are people on it who have left."""

    rota: Rota
    people: list[Person]
    gone: list[Person]
    now: Person | None
    until: datetime
    then: Person | None
    stand_ins: list[StandIn]  # those that are not over


def rotation_of(rota: Rota) -> Rotation:
    """Return a stored rota, with its turns and stand-ins prefetched, as the rules read it."""
    return Rotation(
        tuple(turn.person_id for turn in rota.turns.all()),
        rota.begins,
        rota.at,
        rota.days,
        rota.timezone,
        tuple((each.person_id, each.since, each.until) for each in rota.stand_ins.all()),
    )


def loaded() -> QuerySet[Rota]:
    """Return the rotas with all that `rotation_of` reads, for any number of them in as many queries."""
    return Rota.objects.prefetch_related("turns__person", "stand_ins__person")


def rows(viewer: Viewer, now: datetime) -> list[RotaRow]:
    """Return every rota with who is on call. Raises Denied."""
    require(viewer, "route.view")
    return [_row(rota, now) for rota in loaded()]


def row(viewer: Viewer, rota_id: UUID, now: datetime) -> RotaRow:
    """Return one rota. Raises NotVisible or Denied."""
    require(viewer, "rota.change")
    found = loaded().filter(pk=rota_id).first()
    if found is None:
        raise NotVisible
    return _row(found, now)


def _row(rota: Rota, now: datetime) -> RotaRow:
    turns = [turn.person for turn in rota.turns.all()]
    coming = [each for each in rota.stand_ins.all() if each.until > now]
    known = {person.pk: person for person in [*turns, *(each.person for each in coming)]}
    rotation = rotation_of(rota)

    def there(key: UUID) -> bool:
        return known[key].is_active

    ends = [each.until for each in coming] + [each.since for each in coming if each.since > now]
    until = min([handover(rotation, now), *ends])
    here, then = (on_call(rotation, moment, there) for moment in (now, until))
    return RotaRow(
        rota,
        turns,
        list(dict.fromkeys(person for person in turns if not person.is_active)),
        known.get(here) if here else None,
        until,
        known.get(then) if then else None,
        sorted(coming, key=lambda each: each.since),
    )


@transaction.atomic
def add_rota(viewer: Viewer, new: NewRota, now: datetime) -> Rota:
    """Make a rota. Raises Denied, NotVisible, or UserError where its name is taken or nobody is on it."""
    require(viewer, "rota.change")
    rota = Rota()
    _keep(viewer, rota, new)
    audit.record(viewer, "rota.added", _subject(rota), None, now, after={"turns": len(new.people)})
    return rota


@transaction.atomic
def change_rota(viewer: Viewer, rota_id: UUID, new: NewRota, now: datetime) -> Rota:
    """Let a rota be as `new` says; stand-ins stay. Raises as `add_rota`."""
    rota = _held(viewer, rota_id)
    before = {"turns": rota.turns.count()}
    _keep(viewer, rota, new)
    after = {"turns": len(new.people)}
    audit.record(viewer, "rota.changed", _subject(rota), None, now, before=before, after=after)
    return rota


def _keep(viewer: Viewer, rota: Rota, new: NewRota) -> None:
    known = {person.pk for person in queries.people(viewer)}
    # Who has left may keep a place: whoever comes next in the order takes it.
    known |= set(Turn.objects.filter(rota_id=rota.pk).values_list("person", flat=True))
    if set(new.people) - known:
        raise NotVisible
    if not new.people:
        raise UserError("Choose at least one person: nobody would be on call.")
    for name in ("name", "begins", "at", "days", "timezone"):
        setattr(rota, name, getattr(new, name))
    try:
        with transaction.atomic():
            rota.save()
    except IntegrityError:
        raise UserError("There is a rota of this name already.") from None
    rota.turns.all().delete()
    Turn.objects.bulk_create(
        Turn(rota=rota, number=number, person_id=person) for number, person in enumerate(new.people)
    )


@transaction.atomic
def remove_rota(viewer: Viewer, rota_id: UUID, now: datetime) -> None:
    """Remove a rota. Raises NotVisible, Denied, or UserError while routes tell whoever is on call by it."""
    rota = _held(viewer, rota_id)
    names = ", ".join(rota.routes.values_list("name", flat=True))
    if names:
        raise UserError("Routes tell whoever is on call by it: %(names)s. Change them first.", names=names)
    subject = _subject(rota)
    rota.delete()
    audit.record(viewer, "rota.removed", subject, None, now)


@transaction.atomic
def stand_in(
    viewer: Viewer, rota_id: UUID, person: UUID, since: datetime, until: datetime, now: datetime
) -> StandIn:
    """Let a person be on call from `since` to `until`, whosever turn it is.

    Raises NotVisible, Denied, or UserError where the time is over or ends before it begins.
    """
    rota = _held(viewer, rota_id)
    found = next((each for each in queries.people(viewer) if each.pk == person), None)
    if found is None:
        raise NotVisible
    if until <= since:
        raise UserError("The end must come after the beginning.")
    if until <= now:
        raise UserError("This time is over already.")
    made = StandIn.objects.create(rota=rota, person=found, since=since, until=until)
    after = {"person": found.name, "since": _moment(since), "until": _moment(until)}
    audit.record(viewer, "rota.stand_in_added", _subject(rota), None, now, after=after)
    return made


@transaction.atomic
def end_stand_in(viewer: Viewer, rota_id: UUID, stand_in_id: int, now: datetime) -> None:
    """Take a stand-in back. Raises NotVisible or Denied."""
    rota = _held(viewer, rota_id)
    found = rota.stand_ins.select_related("person").filter(pk=stand_in_id).first()
    if found is None:
        raise NotVisible
    before = {"person": found.person.name, "since": _moment(found.since), "until": _moment(found.until)}
    found.delete()
    audit.record(viewer, "rota.stand_in_ended", _subject(rota), None, now, before=before)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="minutes")


def _held(viewer: Viewer, rota_id: UUID) -> Rota:
    require(viewer, "rota.change")
    rota = Rota.objects.select_for_update().filter(pk=rota_id).first()
    if rota is None:
        raise NotVisible
    return rota


def _subject(rota: Rota) -> Subject:
    return Subject("rota", str(rota.pk), rota.name)
