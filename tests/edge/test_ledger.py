"""The ledger of what ran: what it refuses and why, what it forgets and when."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from predvid.core.authority import TaskRefused
from predvid.core.model import Value
from predvid.edge.ledger import DAY, HOUR, Entry, Ledger

NOW = 1_764_000_000_000
ONE = Entry("order:1", "t1", NOW - 1, NOW + HOUR, NOW - 1)
RUN = Entry("start:1", "t2", NOW - 1, NOW + HOUR, NOW - 9, "tidy", 3, 2)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """Return an empty ledger."""
    one = Ledger(tmp_path / "tasks.db")
    yield one
    one.close()


def refusal(ledger: Ledger, entry: Entry, now: int = NOW, hourly: int = 100) -> tuple[str, dict[str, Value]]:
    """Return code and values with which `check` and `begin` both refuse `entry`."""
    with pytest.raises(TaskRefused) as checked:
        ledger.check(entry, now, hourly)
    with pytest.raises(TaskRefused) as begun:
        ledger.begin(entry, now, hourly)
    assert checked.value.said == begun.value.said
    return begun.value.code, dict(begun.value.said.values)


def ran(ledger: Ledger, entry: Entry, now: int = NOW, hourly: int = 100) -> None:
    """Begin and finish `entry`."""
    ledger.check(entry, now, hourly)
    ledger.begin(entry, now, hourly)
    ledger.finish(entry.task)


def test_what_began_is_refused_by_what_was_signed(ledger: Ledger) -> None:
    ran(ledger, ONE)
    assert refusal(ledger, replace(ONE, task="other")) == ("repeated", {})
    ran(ledger, replace(ONE, once="order:2"))


def test_what_was_forgotten_is_expired_for_ever(ledger: Ledger) -> None:
    ran(ledger, ONE)
    ran(ledger, replace(ONE, once="order:2", expires=NOW + 2 * HOUR))
    ran(ledger, replace(ONE, once="order:3"), NOW + HOUR + DAY)
    assert refusal(ledger, ONE)[0] == "repeated", "a day has to pass after it expired"
    ran(ledger, replace(ONE, once="order:4"), NOW + HOUR + DAY + 1)
    assert refusal(ledger, ONE) == ("expired", {})
    assert refusal(ledger, replace(ONE, once="order:5", expires=NOW + HOUR)) == ("expired", {})
    ran(ledger, replace(ONE, once="order:6", expires=NOW + HOUR + 1))
    ran(ledger, replace(ONE, once="order:7", expires=NOW + 9 * DAY), NOW + 4 * DAY)
    assert refusal(ledger, replace(ONE, once="order:8", expires=NOW + 2 * HOUR)) == ("expired", {})
    ran(ledger, replace(ONE, once="order:9", expires=NOW + 2 * HOUR + 1))


def test_what_ran_within_a_day_is_kept_whatever_its_expiry(ledger: Ledger) -> None:
    short = replace(RUN, rate=1, expires=NOW - 3 * DAY)
    ran(ledger, short)
    ran(ledger, ONE, NOW + DAY - 1)
    again = replace(short, once="start:2")
    assert refusal(ledger, again, NOW + DAY - 1)[0] == "rate"


def test_what_never_ended_is_never_forgotten(ledger: Ledger) -> None:
    ledger.begin(ONE, NOW, 100)
    ran(ledger, replace(ONE, once="order:2"), NOW + 30 * DAY)
    assert refusal(ledger, ONE) == ("repeated", {})


def test_rates_and_versions_say_their_figures(ledger: Ledger) -> None:
    ran(ledger, RUN)
    ran(ledger, replace(RUN, once="start:2", version=4))
    assert refusal(ledger, replace(RUN, once="start:3", version=4)) == ("rate", {"most": 2})
    assert refusal(ledger, replace(RUN, once="start:3")) == ("version", {"version": 3, "known": 4})
    assert refusal(ledger, ONE, hourly=2) == ("hourly", {"most": 2})
    ran(ledger, ONE, NOW + HOUR, 2)
    ran(ledger, replace(RUN, once="start:4", version=5), NOW + DAY)


def test_a_clock_set_back_does_not_free_a_rate(ledger: Ledger) -> None:
    ran(ledger, replace(RUN, rate=1))
    assert refusal(ledger, replace(RUN, once="start:2", rate=1), NOW - 5 * DAY) == ("rate", {"most": 1})


def test_a_ledger_in_the_place_of_a_lost_one_refuses_what_was_signed_before(ledger: Ledger) -> None:
    ledger.began(NOW)
    assert refusal(ledger, ONE) == ("before_ledger", {})
    assert refusal(ledger, RUN) == ("before_ledger", {}), "an operator may have signed that very start"
    ran(ledger, replace(RUN, issued=NOW))
    ran(ledger, replace(ONE, issued=NOW))
    ledger.began(NOW - DAY)
    assert refusal(ledger, replace(ONE, once="order:2")) == ("before_ledger", {})
    ledger.began(NOW + 2)
    assert refusal(ledger, replace(ONE, once="order:2", issued=NOW + 1)) == ("before_ledger", {})


def test_it_knows_the_newest_signature_of_what_ran(ledger: Ledger) -> None:
    assert ledger.floor() == 0
    ran(ledger, ONE)
    assert ledger.floor() == NOW - 1
    ran(ledger, RUN)
    assert ledger.floor() == NOW - 1
    ran(ledger, replace(ONE, once="order:2", signed_at=NOW + 5))
    assert ledger.floor() == NOW + 5


def test_only_another_process_calls_it_unfinished(ledger: Ledger, tmp_path: Path) -> None:
    ledger.begin(replace(ONE, once="order:2", task="b"), NOW + 1, 100)
    ledger.begin(replace(ONE, task="a"), NOW, 100)
    assert ledger.unfinished() == []
    id = ledger.id()
    other = Ledger(tmp_path / "tasks.db")
    assert (other.id(), len(id)) == (id, 16)
    assert other.unfinished() == ["a", "b"]
    other.finish("a")
    assert other.unfinished() == ["b"]
    other.close()
    assert (tmp_path / "tasks.db").stat().st_mode & 0o777 == 0o600


def test_it_serves_every_thread(ledger: Ledger) -> None:
    ledger.id()
    done: list[str] = []
    thread = threading.Thread(target=lambda: done.append(ledger.id()))
    thread.start()
    thread.join()
    assert done == [ledger.id()]


def test_a_place_that_cannot_be_is_a_refusal(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "none" / "tasks.db")
    assert refusal(ledger, ONE) == ("ledger", {})
    ledger.finish("t1")
    (tmp_path / "none").mkdir()
    ran(ledger, ONE)
    ledger.close()
