"""How much memory a decoded batch takes: a few bytes on the wire can become many times that in Python."""

import sys
from typing import Any

import msgspec

from predvid.modules.monitoring.delivery import decode
from predvid.wire.v1 import Batch


def decode_weighed(body: bytes, encoding: str) -> tuple[Batch, int]:
    """Return the batch in a body and its weight in bytes. Raises what `delivery.decode` raises."""
    batch = decode(body, encoding)
    return batch, weight(batch)


def weight(thing: Any) -> int:
    """Return about how many bytes a decoded value takes with all that it holds; shared parts count again."""
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
