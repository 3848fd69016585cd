"""A source that asks each question once: many facts come of one answer."""

from typing import Any

from predvid.checks.errors import CannotRead
from predvid.checks.source import Source


class Once:
    """Implements `checks.source.Source` by another one, and remembers answers and failures of queries."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.platform = source.platform
        self._answers: dict[tuple[str, str], Any] = {}

    def now(self) -> float:
        """Return the moment of the reading."""
        return self._source.now()

    def text(self, path: str) -> str:
        """Return the text of a file."""
        return self._source.text(path)

    def listing(self, path: str) -> list[str]:
        """Return the names in a folder."""
        return self._source.listing(path)

    def run(self, *command: str, timeout: float = 15.0, ok: tuple[int, ...] = (0,)) -> str:
        """Return the output of a program."""
        return self._source.run(*command, timeout=timeout, ok=ok)

    def table(self, name: str) -> Any:
        """Return a table of the system."""
        return self._source.table(name)

    def query(self, kind: str, argument: str) -> Any:
        """Return the answer to a question, or fail as it did when it was asked first."""
        if (kind, argument) not in self._answers:
            try:
                self._answers[kind, argument] = self._source.query(kind, argument)
            except CannotRead as error:
                self._answers[kind, argument] = error
        answer = self._answers[kind, argument]
        if isinstance(answer, CannotRead):
            raise answer
        return answer
