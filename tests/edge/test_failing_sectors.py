"""An outbox on sectors that fail for good is replaced; what can be read of it goes on in the new file."""

import resource
import secrets
import sqlite3
from pathlib import Path

import pytest

from edge.test_outbox import TICKS, batch, drain, full_disk
from predvid.edge import outbox_salvage, sealing
from predvid.edge.outbox import Outbox, OutboxFailed

ROOM = 150_000  # bytes that a file may have: a write-ahead log that is longer takes nothing more


class Steps:
    """A steady clock that the test turns."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def long_log(path: Path, elapsed: Steps) -> Outbox:
    """Return an outbox of three batches whose log is longer than ROOM: each write to it is SQLITE_IOERR."""
    outbox = Outbox(path, secrets.token_hex(16), lambda: next(TICKS), elapsed)
    while Path(f"{path}-wal").stat().st_size < ROOM:
        outbox.seal(batch(200))
        head = outbox.head()
        assert head is not None
        outbox.ack(head)
    for n in range(3):
        outbox.seal(batch(20, f"event {n}"))
    return outbox


def test_errors_that_last_end_with_another_file_that_has_everything(tmp_path: Path) -> None:
    path, elapsed = tmp_path / "o.db", Steps()
    outbox = long_log(path, elapsed)
    head = outbox.head()
    assert head is not None
    with full_disk(ROOM):
        failures = 0
        while not list(tmp_path.glob("o.db.damaged-*")):
            failures += 1
            assert failures < 6, "the outbox is blocked for ever"
            with pytest.raises(OutboxFailed):
                outbox.seal(batch(5, "late"))
            elapsed.at += 40
        outbox.seal(batch(5, "late"))
    assert failures == 3, "one bad moment is no damage"
    again = outbox.head()
    assert again is not None
    assert (again.id, again.boot, again.seq, again.body) == (head.id, head.boot, head.seq, head.body)
    out = drain(outbox)
    told = [(event.kind, event.said.id) for one in out for event in one.events]
    assert [name for kind, name in told if kind == "agent.started"] == [
        "event 0",
        "event 1",
        "event 2",
        "late",
    ]
    assert [kind for kind, _ in told].count("agent.outbox_damaged") == 1
    assert sum(map(sealing.count, out)) == 65
    outbox.close()


def test_a_full_disk_is_no_damage_however_long_it_lasts(tmp_path: Path) -> None:
    path, elapsed = tmp_path / "o.db", Steps()
    outbox = long_log(path, elapsed)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with full_disk(0):
        for _ in range(9):
            with pytest.raises(OutboxFailed):
                outbox.seal(batch(5))
            elapsed.at += 40
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == (soft, hard)
    assert [file.name for file in tmp_path.iterdir() if "damaged" in file.name or "new" in file.name] == []
    outbox.seal(batch(5))
    assert sum(map(sealing.count, drain(outbox))) == 65
    outbox.close()


def test_what_cannot_be_read_is_left_out_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "o.db"
    outbox = Outbox(path, "boot", lambda: next(TICKS), Steps())
    for n in range(30):
        outbox.seal(batch(300, f"event {n}"))
    outbox.close()
    data = bytearray(path.read_bytes())
    pages = len(data) // 4096
    middle = pages // 2 * 4096
    data[middle : middle + 3 * 4096] = secrets.token_bytes(3 * 4096)
    path.write_bytes(data)
    old = sqlite3.connect(path, isolation_level=None)
    fresh, unread, samples = outbox_salvage.copied(path, old)
    old.close()
    kept = Outbox(fresh, "other", lambda: next(TICKS), Steps())
    names = [event.said.id for one in drain(kept) for event in one.events]
    kept.close()
    assert len(names) + unread == 30
    assert 20 <= len(names) < 30
    assert names == [f"event {n}" for n in range(30) if f"event {n}" in names]
    assert samples <= unread * 300
