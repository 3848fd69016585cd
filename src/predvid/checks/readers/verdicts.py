"""Judges samples that a level of their own guards, and reads the parts of a device one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from predvid.checks.errors import CannotRead, NotHere
from predvid.core.model import Result, Sample, say
from predvid.core.wording import Text

Part = TypeVar("Part")


def verdicts(
    check: str, watches: Mapping[str, str], texts: Mapping[str, Text], samples: Iterable[Sample], params: Any
) -> Iterator[Result]:
    """Yield one result for each watched sample: its item is the params field and the sample's labels.

    The sentence is `CHECK.FIELD` with the value `n` and the labels; where the value is 0 and such a text
    exists, `CHECK.FIELD_ok`.
    """
    seen = set()
    for sample in samples:
        field = watches.get(sample.metric)
        if field is None:
            continue
        labels = [value for _, value in sorted(sample.labels.items())]
        item = " ".join([field.replace("_", " "), *labels])
        if item in seen:
            continue
        seen.add(item)
        fine = f"{check}.{field}_ok"
        said = fine if not sample.value and fine in texts else f"{check}.{field}"
        state = getattr(params, field).judge(sample.value)
        yield Result(item, state, say(said, n=sample.value, **sample.labels))


def piecewise(parts: Iterable[Callable[[], Iterable[Part]]]) -> Iterator[Part]:
    """Yield what each part reads: one that fails does not stop the others, its reason is raised at the end.

    A part that is not on the device is passed over; NotHere is raised only where none of them is.
    """
    failure: CannotRead | None = None
    absent: NotHere | None = None
    some = False
    for read in parts:
        try:
            for thing in read():
                some = True
                yield thing
        except NotHere as error:
            absent = absent or error
        except CannotRead as error:
            failure = failure or error
    if failure is not None:
        raise failure
    if absent is not None and not some:
        raise absent
