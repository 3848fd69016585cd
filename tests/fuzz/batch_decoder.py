"""Atheris feeds the decoder of batches: whatever an agent sends is a batch within bounds, or refused.

python -m fuzz.batch_decoder [libFuzzer's options]
"""

import sys
import zlib
from datetime import UTC, datetime

import atheris
import msgspec

with atheris.instrument_imports(include=["predvid.wire", "predvid.modules.monitoring.delivery"]):
    from predvid.modules.monitoring.delivery import Refused, columns, decode
    from predvid.wire.v1 import Batch, Columns, EventRow, FactRow, Ran, Sentence, TaskOutcome, TrustHeld

from fuzz.feeding import feed

NOW = datetime(2026, 11, 25, tzinfo=UTC)
ENCODINGS = ("", "identity", "deflate", "gzip")
WHOLE = msgspec.msgpack.encode(
    Batch(
        "b" * 32,
        7,
        1_764_000_000_000,
        Columns(b"\x91\x93\xa3cpu\xa1m\x80", b"\x00\x00", b"\x00" * 8, b"\x00" * 8),
        [Ran("cpu", 1, 2, Sentence("check.failed", {"n": 1}))],
        [FactRow("inventory", "os.name", {"a": [1, None, 2.5]})],
        [EventRow("agent.started", Sentence("agent.started"), 1)],
        [TaskOutcome("t", "done", code=0)],
        3,
        TrustHeld(b"r" * 32, 1, 2),
    )
)
SEEDS = (b"\x00" + WHOLE, b"\x02" + zlib.compress(WHOLE), b"\x00" + msgspec.msgpack.encode(Batch("b", 1, 0)))


def one_input(data: bytes) -> None:
    """Decode one body; its first byte chooses the encoding. Anything but a refusal is a defect."""
    if not data:
        return
    try:
        batch = decode(data[1:], ENCODINGS[data[0] % len(ENCODINGS)])
        columns(batch, 1, NOW)
    except Refused as refused:
        if refused.status not in (413, 415, 422):
            raise


if __name__ == "__main__":
    feed(sys.argv, one_input, SEEDS)
