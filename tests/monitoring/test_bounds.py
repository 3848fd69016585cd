"""A check that names too much, or turns out not to apply, leaves nothing behind that nobody can close."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from predvid.checks.v1 import Check, Result, Sample, State, Text, say
from predvid.core.alerting import Step
from predvid.modules.monitoring.rules import MANY_ITEM, MAX_ITEMS, DeviceState, judge_run, not_here

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def judge(samples: list[Sample], params: object) -> Iterator[Result]:
    for sample in samples:
        yield Result(sample.labels["name"], State.CRITICAL, say("disk.bad"))


CHECK = Check("many", Text("Many", "Mnogo"), lambda source, params, state: [], judge=judge)


def state() -> DeviceState:
    return DeviceState(uuid4(), uuid4(), "server", 0, 1)


def samples(count: int) -> list[Sample]:
    return [Sample("m", 1.0, {"name": f"i{n}"}) for n in range(count)]


def test_items_are_bounded_and_the_rest_is_said() -> None:
    changes = judge_run(state(), CHECK, samples(MAX_ITEMS + 200), NOW)
    assert len(changes) == MAX_ITEMS + 1
    (many,) = [change for change in changes if change.item == MANY_ITEM]
    assert many.after is not None
    assert (many.after.state, many.after.said.values["n"]) == (State.UNKNOWN, MAX_ITEMS + 200)


def test_a_check_that_does_not_apply_any_more_closes_what_it_opened() -> None:
    device = state()
    opened = judge_run(device, CHECK, samples(2), NOW)
    assert [change.step for change in opened] == [Step.OPENED] * 2
    closed = not_here(device, "many", NOW + timedelta(hours=1))
    assert [change.step for change in closed] == [Step.RESOLVED] * 2
    assert device.standings == {}
    assert device.bad == set()
