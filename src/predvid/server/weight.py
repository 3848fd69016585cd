"""How much memory a decoded batch takes: a few bytes on the wire can become many times that in Python."""

import sys
from typing import Any

import msgspec

from predvid.modules.monitoring.delivery import decode
from predvid.wire.v1 import Batch

BATCH = 800  # bytes of a batch's own objects: two structs, four strings of bytes, numbers, lists
RUN = 320  # of a run: its struct, its place in the list, five numbers, the head of a name
WIDEST = 4  # bytes that one character of text may take


def decode_weighed(body: bytes, encoding: str) -> tuple[Batch, int]:
    """Return the batch in a body and its weight in bytes. Raises what `delivery.decode` raises."""
    batch = decode(body, encoding)
    return batch, weight(batch)


def weight(batch: Batch) -> int:
    """Return about how many bytes a decoded batch takes with all that it holds; shared parts count again.

    Of columns and of runs without an error the size is known; only what may nest is walked.
    """
    held = batch.columns
    columns = len(held.layout) + len(held.place) + len(held.ts) + len(held.values)
    runs = sum([RUN + WIDEST * len(run.check) for run in batch.ran])
    errors = [run.error for run in batch.ran if run.error is not None]
    nested = (batch.facts, batch.events, batch.outcomes, batch.trust, errors)
    return BATCH + columns + runs + sum([walked(part) for part in nested if part])


def walked(thing: Any) -> int:
    """Return about how many bytes any decoded value takes, found by walking it."""
    total, left = 0, [thing]
    while left:
        one = left.pop()
        total += sys.getsizeof(one)
        if isinstance(one, dict):
            left.extend(one)
            left.extend(one.values())
        elif isinstance(one, list | tuple):
            left.extend(one)
        elif isinstance(one, msgspec.Struct):
            left.extend(getattr(one, name) for name in one.__struct_fields__)
    return total
