"""What a check may ask of a device: files, programs, tables, questions with an argument.

The agent gives a live source (`edge.sources.os_linux`, ...), a test or `--replay` gives a recording of one.
A recording is a JSON object `{"platform": ..., "at": seconds, "answers": {"kind:argument": answer}}`.
"""

from typing import Any, Protocol


class Source(Protocol):
    """Reads one device. Every method raises `CannotRead` with the reason, never an operating system error."""

    platform: str

    def now(self) -> float:
        """Return the moment of the reading, seconds since the epoch (a recording returns its own)."""
        ...

    def text(self, path: str) -> str:
        """Return the text of a file, decoded leniently, at most 8 MiB."""
        ...

    def listing(self, path: str) -> list[str]:
        """Return the sorted names in a folder."""
        ...

    def run(self, *command: str, timeout: float = 15.0, ok: tuple[int, ...] = (0,)) -> str:
        """Return the standard output of a program from the agent's closed list, run with LC_ALL=C.UTF-8."""
        ...

    def table(self, name: str) -> Any:
        """Return a named table of the operating system as JSON-like data (`cpu_times`, `memory`, ...)."""
        ...

    def query(self, kind: str, argument: str) -> Any:
        """Return the JSON-like answer to a question of a known kind (`http`, `sntp`, `wmi`, ...)."""
        ...
