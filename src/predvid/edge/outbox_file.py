"""The SQLite file of the outbox: opened, checked, and moved aside where it is damaged.

WAL with synchronous=FULL: one fsync for each commit (a rollback journal takes three), and a commit survives a
power cut. Source: sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous.
"""

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL, seq INTEGER NOT NULL, process TEXT NOT NULL,
    sealed INTEGER NOT NULL, since REAL NOT NULL, samples INTEGER NOT NULL, body BLOB NOT NULL,
    UNIQUE (boot, seq));
CREATE INDEX IF NOT EXISTS with_samples ON batch (id) WHERE samples > 0;
CREATE TABLE IF NOT EXISTS dead (
    id INTEGER PRIMARY KEY, boot TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
    code TEXT NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_PASSING = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
FRESH = ("-wal", "-shm")
PATIENCE = 3  # input/output errors within an hour, the first a minute ago: a bad sector, not a bad moment
HOUR, MINUTE = 3600.0, 60.0


class Errors:
    """Counts input/output errors of the file; `elapsed` gives steady seconds."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._at: list[float] = []

    def lasting(self, error: sqlite3.Error) -> bool:
        """Count `error`; tell whether it is time for another file, and begin again if it is."""
        if _primary(error) != sqlite3.SQLITE_IOERR:
            return False
        now = self._elapsed()
        self._at = [at for at in self._at if now - at < HOUR] + [now]
        if len(self._at) < PATIENCE or now - self._at[0] < MINUTE:
            return False
        self._at.clear()
        return True


def _primary(error: sqlite3.Error) -> int:
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def passing(error: sqlite3.Error) -> bool:
    """Tell whether the disk is full or fails at the moment; a path that cannot be is told when it is made."""
    return _primary(error) in _PASSING


def damaged(error: sqlite3.Error) -> bool:
    """Tell whether `error` says that the file itself is broken, not that the disk is full or busy."""
    return _primary(error) in _DAMAGE


def connect(path: Path) -> sqlite3.Connection:
    """Return a checked connection to the outbox at `path`, made if missing. Raises sqlite3.Error, OSError."""
    made = not path.exists()
    if made:  # by hand: SQLite has one code for all that keeps a file from being opened
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA cache_size=-512")
        db.execute("PRAGMA journal_size_limit=1048576")
        if not made and db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise _corrupt()
        db.executescript(SCHEMA)
        if os.name != "nt":
            path.chmod(0o600)
    except (sqlite3.Error, OSError):
        db.close()
        raise
    return db


def _corrupt() -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError("quick_check found damage")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def measured(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the bytes of all batches and the highest id."""
    try:
        row: tuple[int, int] = db.execute(
            "SELECT coalesce(sum(length(body)), 0), coalesce(max(id), 0) FROM batch"
        ).fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return row


def next_to_shrink(db: sqlite3.Connection) -> tuple[int, bytes] | None:
    """Return id and body of the batch whose samples go next: the oldest but the head, maybe sent."""
    head = "(SELECT min(id) FROM batch)"
    for wanted in ("samples > 0 AND", ""):
        row: tuple[int, bytes] | None = db.execute(
            f"SELECT id, body FROM batch WHERE {wanted} id > {head} ORDER BY id LIMIT 1"  # noqa: S608 constants only
        ).fetchone()
        if row is not None:
            return row
    return None


def move_aside(path: Path, stamp: int) -> Path:
    """Rename a damaged outbox out of the way and return its new place; only the newest such file is kept."""
    for old in path.parent.glob(f"{path.name}.damaged-*"):
        old.unlink()
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    path.rename(aside)
    for ending in FRESH:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()
    return aside
