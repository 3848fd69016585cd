"""The SQLite file of the outbox: opened, checked, and moved aside where it is damaged.

WAL with synchronous=FULL: one fsync for each commit (a rollback journal takes three), and a commit survives a
power cut. Source: sqlite.org/wal.html, sqlite.org/pragma.html#pragma_synchronous.
"""

import contextlib
import os
import sqlite3
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
_FRESH = ("-wal", "-shm")


def damaged(error: sqlite3.Error) -> bool:
    """Tell whether `error` says that the file itself is broken, not that the disk is full or busy."""
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGE


def connect(path: Path) -> sqlite3.Connection:
    """Return a checked connection to the outbox at `path`, made if missing. Raises sqlite3.Error."""
    made = not path.exists()
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


def move_aside(path: Path, stamp: int) -> Path:
    """Rename a damaged outbox out of the way and return its new place; only the newest such file is kept."""
    for old in path.parent.glob(f"{path.name}.damaged-*"):
        old.unlink()
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    path.rename(aside)
    for ending in _FRESH:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + ending).unlink()
    return aside
