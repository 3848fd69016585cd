"""Which tasks have run on this device: written durably before anything runs, so that none ever runs twice.

A row is kept until its task has expired; the latest expiry that was forgotten stays (`forgotten`), and
nothing that expires before it is ever begun: a clock set back brings no task back. A ledger that took the
place of a lost one knows when it began (`begun`), and refuses everything that was signed before.
"""

import contextlib
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from predvid.core.authority import TaskRefused

HOUR, DAY = 3_600_000, 86_400_000  # ms
PATIENCE = 2.0  # seconds for another process that looks into the file
_TABLES = """
CREATE TABLE IF NOT EXISTS ran (
  once TEXT PRIMARY KEY, task TEXT NOT NULL, publication TEXT NOT NULL, at INTEGER NOT NULL,
  expires INTEGER NOT NULL, process TEXT NOT NULL, finished INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS ran_at ON ran (at);
CREATE TABLE IF NOT EXISTS published (id TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""
_BEGUN = "SELECT 1 FROM ran WHERE once = ?"
_BEGIN = "INSERT INTO ran (once, task, publication, at, expires, process) VALUES (?, ?, ?, ?, ?, ?)"
_FINISH = "UPDATE ran SET finished = 1 WHERE task = ?"
_UNFINISHED = "SELECT task FROM ran WHERE finished = 0 AND process <> ? ORDER BY at, once"
_FORGET = "DELETE FROM ran WHERE finished = 1 AND expires < ? AND at < ? RETURNING expires"
_RUNS = "SELECT count(*) FROM ran WHERE at > ?"
_RUNS_OF = "SELECT count(*) FROM ran WHERE at > ? AND publication = ?"
_VERSION = "SELECT version FROM published WHERE id = ?"
_PUBLISHED = "INSERT OR REPLACE INTO published VALUES (?, ?)"
_MARK = "SELECT value FROM mark WHERE name = ?"
_SET = "INSERT OR REPLACE INTO mark VALUES (?, ?)"
_MADE = "INSERT OR IGNORE INTO mark VALUES ('id', ?)"
_DURABLE = "PRAGMA synchronous=FULL"
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@dataclass(frozen=True, slots=True)
class Entry:
    """A task as the ledger knows it: `once` is its signed id, `task` the lease's; times in ms.

    `issued` is when the order or the start was signed, `signed_at` when an operator signed last. A
    publication has an id, a version and the most runs in 24 hours (`rate`).
    """

    once: str
    task: str
    issued: int
    expires: int
    signed_at: int
    publication: str = ""
    version: int = 0
    rate: int = 0


class Ledger:
    """The ledger of one agent process; methods may be called from any thread and raise TaskRefused."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._process = secrets.token_hex(8)
        self._mutex = threading.Lock()
        self._db: sqlite3.Connection | None = None

    def id(self) -> str:
        """Return the id that this file got when it was made."""
        with self._changing() as db:
            return str(_mark(db, "id", ""))

    def began(self, now: int) -> None:
        """Note that it took the place of a lost one at `now` (ms): nothing signed before runs."""
        with self._changing() as db:
            _set(db, "begun", max(now, int(_mark(db, "begun", 0))))

    def floor(self) -> int:
        """Return the latest moment (ms) at which an operator signed something that ran here."""
        with self._changing() as db:
            return int(_mark(db, "signed", 0))

    def check(self, entry: Entry, now: int, hourly: int) -> None:
        """Raise TaskRefused where `entry` may not begin at `now` (ms); `hourly` is the most tasks an hour."""
        with self._changing() as db:
            _check(db, entry, now, hourly)

    def begin(self, entry: Entry, now: int, hourly: int) -> None:
        """Check once more and write that `entry` runs; it is on the disk when this returns."""
        with self._changing() as db:
            _check(db, entry, now, hourly)
            row = (entry.once, entry.task, entry.publication, now, entry.expires, self._process)
            db.execute(
                "INSERT INTO ran (once, task, publication, at, expires, process) VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
            if entry.publication:
                db.execute(
                    "INSERT OR REPLACE INTO published VALUES (?, ?)", (entry.publication, entry.version)
                )
            _set(db, "signed", max(entry.signed_at, int(_mark(db, "signed", 0))))
            _forget(db, now)

    def finish(self, task: str) -> None:
        """Write that the task of that lease ended; not raising, for that is only a matter of what is told."""
        with contextlib.suppress(TaskRefused), self._changing() as db:
            db.execute(_FINISH, (task,))

    def unfinished(self) -> list[str]:
        """Return the lease ids of what an earlier process began and never finished, oldest first."""
        with self._changing() as db:
            rows = db.execute(_UNFINISHED, (self._process,))
            return [task for (task,) in rows]

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            if self._db is not None:
                self._db.close()
            self._db = None

    @contextlib.contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, all of it or nothing; what the disk refuses is refused."""
        with self._mutex:
            try:
                db = self._opened()
                db.execute("BEGIN IMMEDIATE")
                try:
                    yield db
                    db.execute("COMMIT")
                finally:
                    if db.in_transaction:
                        db.rollback()
            except (sqlite3.Error, OSError) as error:
                self._failed(error)
                raise TaskRefused("ledger") from None

    def _opened(self) -> sqlite3.Connection:
        if self._db is None:
            db = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None, timeout=PATIENCE)
            try:
                db.execute(_DURABLE)
                db.executescript(_TABLES)
                db.execute(_MADE, (secrets.token_hex(8),))
                self._path.chmod(0o600)
            except BaseException:
                db.close()
                raise
            self._db = db
        return self._db

    def _failed(self, error: Exception) -> None:
        """Close a file that failed; one that is no database any more is moved aside, for a new one."""
        if self._db is not None:
            self._db.close()
        self._db = None
        if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED:
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(f"{self._path.name}.damaged"))


def _check(db: sqlite3.Connection, entry: Entry, now: int, hourly: int) -> None:
    if db.execute(_BEGUN, (entry.once,)).fetchone():
        raise TaskRefused("repeated")
    if entry.expires <= int(_mark(db, "forgotten", 0)):
        raise TaskRefused("expired")
    if entry.issued < int(_mark(db, "begun", 0)):
        raise TaskRefused("before_ledger")
    known = db.execute(_VERSION, (entry.publication,)).fetchone()
    if known and entry.version < known[0]:
        raise TaskRefused("version", version=entry.version, known=known[0])
    day, hour = (now - DAY, entry.publication), (now - HOUR,)
    (runs,) = db.execute(_RUNS_OF, day).fetchone()
    if entry.publication and runs >= entry.rate:
        raise TaskRefused("rate", most=entry.rate)
    (runs,) = db.execute(_RUNS, hour).fetchone()
    if runs >= hourly:
        raise TaskRefused("hourly", most=hourly)


def _forget(db: sqlite3.Connection, now: int) -> None:
    """Drop what ended and expired more than a day ago, and remember how far that went."""
    gone = db.execute(_FORGET, (now - DAY, now - DAY))
    _set(db, "forgotten", max([int(_mark(db, "forgotten", 0)), *(expires for (expires,) in gone)]))


def _mark(db: sqlite3.Connection, name: str, default: str | int) -> str | int:
    row = db.execute(_MARK, (name,)).fetchone()
    return row[0] if row else default


def _set(db: sqlite3.Connection, name: str, value: int) -> None:
    db.execute(_SET, (name, value))
