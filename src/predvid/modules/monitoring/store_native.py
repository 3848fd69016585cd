"""Packs samples into one block of ClickHouse's Native format straight from numpy columns."""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# ClickHouse's SerializationLowCardinality: version 1, index type 2 (UInt32), flags "has additional keys"
# and "update dictionary".
_LOW_CARDINALITY = struct.pack("<QQ", 1, 2 | 1 << 9 | 1 << 10)


def varint(n: int) -> bytes:
    """Return `n` as LEB128, as Native writes lengths and counts."""
    out = bytearray()
    while n >= 128:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def _text(value: bytes) -> bytes:
    return varint(len(value)) + value


def pack_samples(
    metrics: Sequence[str],
    index: NDArray[np.uint32],
    series: NDArray[np.uint64],
    ts_ms: NDArray[np.int64],
    values: NDArray[np.float64],
) -> bytes:
    """Return one Native block with the columns metric, series, ts and value, all of equal length.

    The metric column travels as a dictionary plus uint32 indexes, so no row is touched in Python.
    """
    rows = len(index)
    head = varint(4) + varint(rows)
    dictionary = b"".join(_text(metric.encode()) for metric in metrics)
    return b"".join((
        head,
        _text(b"metric"), _text(b"LowCardinality(String)"), _LOW_CARDINALITY,
        struct.pack("<Q", len(metrics)), dictionary, struct.pack("<Q", rows), index.astype("<u4").tobytes(),
        _text(b"series"), _text(b"UInt64"), series.astype("<u8").tobytes(),
        _text(b"ts"), _text(b"DateTime64(3)"), ts_ms.astype("<i8").tobytes(),
        _text(b"value"), _text(b"Float64"), values.astype("<f8").tobytes(),
    ))  # fmt: skip
