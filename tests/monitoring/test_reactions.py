"""Events reach the store once claimed, in batches; a store that is away costs nothing but time."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from predvid.modules.access.models import Client
from predvid.modules.monitoring import reactions
from predvid.modules.monitoring.models import Event
from predvid.modules.monitoring.store import Store, StoreRefused, StoreUnavailable
from predvid.server.worker import Worker, reactions_to

if TYPE_CHECKING:
    from store_fixture import StoreProcess

COUNT = 50


@pytest.fixture
def client(database: None) -> Client:
    """A client with the only events there are."""
    Event.objects.all().delete()
    client = Client.objects.create(name=uuid4().hex)
    now = timezone.now()
    Event.objects.bulk_create(
        Event(client=client, kind="agent.started", severity=0, at=now, recorded_at=now, target=str(n))
        for n in range(COUNT)
    )
    return client


def states() -> dict[str, int]:
    rows = list(Event.objects.values_list("reaction", flat=True))
    return {state: rows.count(state) for state in set(rows)}


def found(store: Store, client: Client) -> set[str]:
    now = timezone.now()
    hour = timedelta(hours=1)
    return {row.target for row in store.search_events([str(client.pk)], "", now - hour, now + hour)}


def test_a_batch_is_one_insert_and_few_statements(client: Client, store: Store) -> None:
    with CaptureQueriesContext(connection) as told:
        assert reactions.react_to_pending(reactions_to, store, timezone.now()) == COUNT
    assert len([query for query in told.captured_queries if query["sql"].startswith("UPDATE")]) == 2
    assert states() == {"done": COUNT}
    assert found(store, client) == {str(n) for n in range(COUNT)}
    assert reactions.react_to_pending(reactions_to, store, timezone.now()) == 0


def test_a_store_that_is_away_costs_no_attempt(
    client: Client, new_store_process: "Callable[[], StoreProcess]"
) -> None:
    process = new_store_process()
    store, now = process.store(), timezone.now()
    process.stop()
    for _ in range(reactions.MAX_ATTEMPTS + 1):
        with pytest.raises(StoreUnavailable):
            reactions.react_to_pending(reactions_to, store, now)
        assert reactions.react_to_pending(reactions_to, store, now) == 0
        now += reactions.AWAY
    assert states() == {"pending": COUNT}
    assert set(Event.objects.values_list("attempts", flat=True)) == {0}
    assert all(Event.objects.values_list("error", flat=True))
    process.start()
    assert reactions.react_to_pending(reactions_to, store, now) == COUNT
    assert found(store, client) == {str(n) for n in range(COUNT)}
    assert not any(Event.objects.values_list("error", flat=True))


def test_one_bad_event_fails_alone(client: Client, store: Store) -> None:
    def picky(events: Sequence[Event], store: Store) -> None:
        if any(event.target == "7" for event in events):
            raise StoreRefused("seven")

    now = timezone.now()
    for _ in range(reactions.MAX_ATTEMPTS):
        reactions.react_to_pending(lambda _: (reactions.copy_to_store, picky), store, now)
        now += timedelta(hours=2)
    assert states() == {"done": COUNT - 1, "failed": 1}
    bad = Event.objects.get(reaction="failed")
    assert (bad.target, bad.error, bad.reacted) == ("7", "picky: seven", ["copy_to_store"])


def test_what_a_dead_worker_claimed_is_done_by_the_next(client: Client, store: Store) -> None:
    now = timezone.now()
    assert len(reactions._claim(now)) == COUNT
    assert reactions._claim(now) == []
    assert reactions.react_to_pending(reactions_to, store, now + reactions.CLAIM) == COUNT
    assert states() == {"done": COUNT}


def test_a_worker_sweeps_on_while_the_store_is_away(
    client: Client, new_store_process: "Callable[[], StoreProcess]"
) -> None:
    process = new_store_process()
    worker = Worker(process.store())
    process.stop()
    swept: list[datetime] = []
    worker.chores = worker.chores[:1]
    worker.chores[0].every = 0
    started = time.monotonic()
    worker.chores[0].run = lambda now: (swept.append(now), worker.stop.set() if len(swept) > 2 else None)
    worker.run()
    assert len(swept) == 3
    assert time.monotonic() - started < reactions.AWAY.total_seconds()
