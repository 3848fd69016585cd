"""Copies what can still be read of an outbox on failing sectors into a new file."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from predvid.edge import outbox_file

TABLES = ("note", "dead", "batch")  # the batches last: theirs is the count that is told
_LOWEST, _HIGHEST = -(1 << 62), 1 << 62


def copied(path: Path, old: sqlite3.Connection | None) -> tuple[Path, int, int]:
    """Return a new, durable file beside the outbox at `path`, and how many batches and samples it lacks.

    `old` reads the outbox, None where it could not be opened. Raises sqlite3.Error or OSError where the new
    file cannot be made (the disk is full, or all of it fails): then the old one is as good as any.
    """
    fresh = path.with_name(path.name + ".new")
    for ending in ("", *outbox_file.FRESH):
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
    missing = samples = 0
    source = old or sqlite3.connect(path, isolation_level=None)
    try:
        with contextlib.closing(outbox_file.connect(fresh)) as new:
            new.execute("BEGIN")
            for table in TABLES:
                missing, samples = _copy(source, new, table)
            new.execute("COMMIT")
            new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.Error, OSError):
        for ending in ("", *outbox_file.FRESH):
            with contextlib.suppress(OSError):
                fresh.with_name(fresh.name + ending).unlink(missing_ok=True)
        raise
    finally:
        if source is not old:
            source.close()
    return fresh, missing, samples


def _copy(old: sqlite3.Connection, new: sqlite3.Connection, table: str) -> tuple[int, int]:
    """Copy the rows that can be read; return how many cannot, and the samples in them as far as is known."""
    copied = missing = samples = 0
    for row in _rows(old, table):
        values = _row(old, f"SELECT * FROM {table} WHERE rowid = ?", row)  # noqa: S608 constants only
        if values is None:
            missing += 1
            counted = (
                _row(old, "SELECT samples FROM batch WHERE rowid = ?", row) if table == "batch" else None
            )
            samples += counted[0] if counted and isinstance(counted[0], int) else 0
            continue
        marks = ", ".join("?" * len(values))
        new.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", values)  # noqa: S608 constants only
        copied += 1
    total = _row(old, f"SELECT count(*) FROM {table} WHERE ? >= 0", 0)  # noqa: S608 constants only; by an index
    return max(missing, total[0] - copied if total else 0), samples


def _row(old: sqlite3.Connection, query: str, value: int) -> tuple[Any, ...] | None:
    try:
        row: tuple[Any, ...] | None = old.execute(query, (value,)).fetchone()
    except sqlite3.Error:
        return None
    return row


def _rows(old: sqlite3.Connection, table: str) -> Iterator[int]:
    """Yield row ids from the oldest up to where they cannot be read, then from the newest down to there."""
    highest = _LOWEST
    for order, beyond, at in (("ASC", ">", _LOWEST), ("DESC", "<", _HIGHEST)):
        query = f"SELECT rowid FROM {table} WHERE rowid {beyond} ? ORDER BY rowid {order} LIMIT 1"  # noqa: S608
        while True:
            try:
                row = old.execute(query, (at,)).fetchone()
            except sqlite3.Error:
                break
            if row is None or (order == "DESC" and row[0] <= highest):
                return
            at = row[0]
            highest = max(highest, at) if order == "ASC" else highest
            yield at


def _samples(old: sqlite3.Connection, row: int) -> int:
    try:
        found = old.execute("SELECT samples FROM batch WHERE rowid = ?", (row,)).fetchone()
    except sqlite3.Error:
        return 0
    return found[0] if found and isinstance(found[0], int) else 0
