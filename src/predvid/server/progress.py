"""Shows the steps of a start: on a terminal one line that changes, elsewhere one plain line a step."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status


class Steps:
    """Says which step is under way."""

    def __init__(self, out: Console, status: Status | None) -> None:
        self._out, self._status = out, status

    def show(self, step: str) -> None:
        """Show `step` as the one under way."""
        if self._status is None:
            self._out.print(f"predvid: {step}", soft_wrap=True)
        else:
            self._status.update(step)


@contextmanager
def steps(out: Console, first: str) -> Iterator[Steps]:
    """Give the steps of a start, on a terminal after `first`; what it showed of them is gone afterwards."""
    if not out.is_terminal:
        yield Steps(out, None)
        return
    with out.status(first) as status:
        yield Steps(out, status)
