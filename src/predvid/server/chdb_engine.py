"""The embedded ClickHouse: a chDB session per connection, its settings as each request asks."""

import contextlib
import os
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from chdb import _chdb  # noqa: F401 # loads the engine before any thread starts; it must never be forked after
from chdb.state.sqlitelike import Connection

from predvid.server.chdb_request import BadRequest, Statement

_MEMORY = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
# Acknowledged rows must be on the disk: a queue in memory would acknowledge too early.
DEFAULTS = {"async_insert": "0", "max_execution_time": "120", "max_memory_usage": str(_MEMORY // 4)}
MERGE_NICE = 10
_CODE = re.compile(r"Code: (\d+)\. DB::\w*Exception: .*", re.S)


class Refused(Exception):
    """The engine refused or failed; `code` is ClickHouse's error number, the text its whole message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of a result and what was read and written."""

    body: bytes
    read_rows: int = 0
    written_rows: int = 0


def refusal(error: BaseException) -> Refused:
    """Return the engine's error as number and text; an error without a number is 1001 (STD_EXCEPTION)."""
    found = _CODE.search(str(error))
    if found is None:
        return Refused(1001, f"Code: 1001. DB::Exception: {error} (STD_EXCEPTION)")
    return Refused(int(found.group(1)), found.group(0).strip())


def quoted(value: str) -> str:
    """Return a ClickHouse string literal."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _yield_to_requests() -> None:
    """Lower the priority of the threads that merge parts: on a busy machine requests go first."""
    for task in Path("/proc/self/task").glob("*"):
        with contextlib.suppress(
            OSError
        ):  # a thread may end meanwhile; elsewhere than on Linux there is none
            if (task / "comm").read_text().startswith("MergeMutate"):
                os.setpriority(os.PRIO_PROCESS, int(task.name), MERGE_NICE)


class Session:
    """One chDB connection, used by one thread at a time; it remembers which settings it has set."""

    def __init__(self, path: Path) -> None:
        self._connection = Connection(str(path))
        self._applied: dict[str, str] = {}
        self._database = "default"

    def run(self, wanted: Statement) -> Answer:
        """Run one statement. Raises Refused."""
        try:
            self._adjust(wanted)
            if wanted.data is not None:
                return self._insert(wanted, wanted.data)
            result = self._connection.query(wanted.sql, wanted.format, params=dict(wanted.binds))
            return Answer(result.bytes(), read_rows=result.rows_read())
        except RuntimeError as error:
            raise refusal(error) from None

    def close(self) -> None:
        """Close the connection; the engine stops with the last one."""
        self._connection.close()

    def _insert(self, wanted: Statement, data: bytes) -> Answer:
        with self._connection.send_insert(wanted.sql, wanted.format) as inserter:
            if data:
                inserter.append(data)
            return Answer(b"", written_rows=inserter.finish().rows_written)

    def _adjust(self, wanted: Statement) -> None:
        settings = DEFAULTS | dict(wanted.settings)
        if settings != self._applied:
            changes = [f"{name}={quoted(value)}" for name, value in settings.items()
                       if self._applied.get(name) != value]  # fmt: skip
            changes += [f"{name}=DEFAULT" for name in self._applied if name not in settings]
            self._connection.query("SET " + ", ".join(changes))
            self._applied = settings
        if wanted.database and wanted.database != self._database:
            name = wanted.database.replace("\\", "\\\\").replace("`", "\\`")
            self._connection.query(f"USE `{name}`")
            self._database = wanted.database


class Engine:
    """All sessions on one data folder; closing waits for what runs, then stops the engine cleanly."""

    def __init__(self, path: Path, running: int = 32) -> None:
        """Open the folder; `running` bounds the statements at once. Raises Refused when it is in use."""
        self._path = path
        self._slots = threading.BoundedSemaphore(running)
        self._running = running
        self._closing = False
        self._sessions: set[Session] = set()
        self._guard = threading.Lock()
        try:
            self._first = Session(path)
        except RuntimeError as error:
            raise refusal(error) from None

    def session(self) -> Session:
        """Return a new session, to be given back by `drop`. Raises Refused while stopping."""
        with self._guard:
            if self._closing:
                raise Refused(236, "Code: 236. DB::Exception: The store is stopping (ABORTED)")
            session = Session(self._path)
            self._sessions.add(session)
            _yield_to_requests()
            return session

    def drop(self, session: Session) -> None:
        """Close a session, unless the engine has already done so."""
        with self._guard:
            if session in self._sessions:
                self._sessions.remove(session)
                session.close()

    def run(self, session: Session, wanted: Statement, patience: float = 10.0) -> Answer:
        """Run a statement when one of the slots is free. Raises Refused, at once while stopping."""
        if self._closing or not self._slots.acquire(timeout=patience):
            raise Refused(
                202, "Code: 202. DB::Exception: Too many statements run (TOO_MANY_SIMULTANEOUS_QUERIES)"
            )
        try:
            return session.run(wanted)
        finally:
            self._slots.release()

    def close(self, patience: float = 8.0) -> None:
        """Refuse new statements, let the running ones end, cancel those that outlast `patience` seconds."""
        with self._guard:
            self._closing = True
        deadline = time.monotonic() + patience
        for _ in range(self._running):
            if not self._slots.acquire(timeout=max(0.0, deadline - time.monotonic())):
                self._first.run(
                    Statement("KILL QUERY WHERE query NOT LIKE 'KILL%' SYNC", None, "Null", {}, {}, "")
                )
                break
        # The engine crashes at exit when a connection is still open: none may outlive this.
        with self._guard:
            for session in (*self._sessions, self._first):
                session.close()
            self._sessions.clear()


__all__ = ["Answer", "BadRequest", "Engine", "Refused", "Session"]
