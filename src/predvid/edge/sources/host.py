"""The device that the agent runs on, as a live `checks.source.Source`; each system brings its tables."""

import os
import stat
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import IO, Any

import psutil

from predvid.checks.errors import CannotRead, NotHere
from predvid.core.model import say
from predvid.edge.sources.programs import run_program

MAX_TEXT = 8 << 20  # bytes
PIECE = 64 << 10  # bytes
SILENT = ("read.refused", "read.no_answer")
_GONE = (FileNotFoundError, NotADirectoryError, ProcessLookupError)

Tables = Mapping[str, Callable[[], Any]]
Queries = Mapping[str, Callable[[str], Any]]


def refusal(what: str, error: Exception) -> CannotRead:
    """Return the CannotRead that says why reading `what` raised `error`."""
    if isinstance(error, _GONE):
        return NotHere(say("read.missing", what=what))
    if isinstance(error, PermissionError | psutil.AccessDenied):
        return CannotRead(say("read.permission_denied", what=what))
    if isinstance(error, ConnectionRefusedError | TimeoutError):  # what the system says of it is translated
        return CannotRead(say(SILENT[isinstance(error, TimeoutError)], what=what))
    detail = (
        error.strerror
        if isinstance(error, OSError) and error.strerror
        else f"{type(error).__name__}: {error}"
    )
    return CannotRead(say("read.unexpected", what=what, detail=detail[:200]))


def _content(file: IO[bytes]) -> bytes:
    # In small pieces: for /proc/sys the kernel allocates as much as one read asks for, or refuses.
    content = bytearray()
    while len(content) <= MAX_TEXT and (piece := file.read(PIECE)):
        content += piece
    return bytes(content)


class HostSource:
    """Reads files, folders, given tables and questions, listed programs; every failure is a CannotRead."""

    def __init__(
        self,
        platform: str,
        tables: Tables,
        programs: tuple[str, ...] = (),
        queries: Queries = MappingProxyType({}),
    ) -> None:
        self.platform = platform
        self._tables = tables
        self._programs = programs
        self._queries = queries

    def now(self) -> float:
        """Return the clock of the device, seconds since the epoch."""
        return time.time()

    def text(self, path: str) -> str:
        """Return the text of a regular file, decoded leniently; larger than 8 MiB is refused, not cut."""
        try:
            # A named pipe or device would block the agent: open without waiting, then look at what it is.
            handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
            with os.fdopen(handle, "rb", buffering=0) as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):
                    raise CannotRead(say("read.unexpected", what=path, detail="not a regular file"))
                content = _content(file)
        except (OSError, ValueError) as error:
            raise refusal(path, error) from None
        if len(content) > MAX_TEXT:
            raise CannotRead(say("read.too_large", what=path, limit=MAX_TEXT))
        return content.decode(errors="replace")

    def listing(self, path: str) -> list[str]:
        """Return the sorted names in a folder."""
        try:
            return sorted(os.listdir(path))
        except (OSError, ValueError) as error:
            raise refusal(path, error) from None

    def run(self, *command: str, timeout: float = 15.0, ok: tuple[int, ...] = (0,)) -> str:
        """Return the standard output of a program of the closed list; see `programs.run_program`."""
        if not command or command[0] not in self._programs:
            raise CannotRead(say("read.tool_refused", tool=command[0] if command else ""))
        return run_program(command, timeout, ok)

    def table(self, name: str) -> Any:
        """Return a table of this system as JSON-like data; an unknown one does not exist here."""
        read = self._tables.get(name)
        return _guarded(name, read)

    def query(self, kind: str, argument: str) -> Any:
        """Return the answer to a question of this system; an unknown kind does not exist here."""
        ask = self._queries.get(kind)
        return _guarded(f"{kind} {argument}".strip(), None if ask is None else partial(ask, argument))


def _guarded(what: str, read: Callable[[], Any] | None) -> Any:
    if read is None:
        raise NotHere(say("read.not_supported", what=what))
    try:
        return read()
    except CannotRead:
        raise
    except (OSError, psutil.Error, ValueError, RuntimeError, NotImplementedError) as error:
        raise refusal(what, error) from None
