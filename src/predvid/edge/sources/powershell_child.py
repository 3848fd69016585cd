"""One running PowerShell: a line of words goes in, a marked line of JSON comes out, within limits."""

import contextlib
import json
import os
import queue
import secrets
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from predvid.edge.sources.job_object import tie_to_me

MAX_ANSWER = 8 << 20  # bytes
PIECE = 64 << 10  # bytes
LAST_WORDS = 2.0  # seconds
DETAIL = 200  # characters of unmarked output that are kept to tell why it ended
_ENDED = b""
_TOO_LARGE = b"\x00"
# Without a window, and behind whatever a person does at the device (CreateProcess, process creation flags).
_QUIET = 0x08000000 | 0x00004000 if sys.platform == "win32" else 0


class Ended(Exception):
    """The process ended instead of answering; the message is what it said last."""


class TooLarge(Exception):
    """The answer is larger than MAX_ANSWER."""


class TimedOut(Exception):
    """No answer came in time."""


class PowerShellChild:
    """A process that reads lines of tab-separated words and answers `MARK ID {"value": ...}`.

    The mark is new for each process and given in the environment as PREDVID_MARK: whatever a script prints
    otherwise is no answer. It is for one thread at a time; after any exception it must be killed.
    """

    def __init__(self, command: Sequence[str]) -> None:
        mark = secrets.token_hex(8)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PREDVID_MARK": mark},
            creationflags=_QUIET,
            start_new_session=sys.platform != "win32",
        )
        tie_to_me(self.process)
        self._mark = mark.encode()
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._last_noise = b""
        self._number = 0
        threading.Thread(target=self._listen, name="powershell", daemon=True).start()

    def ask(self, words: Sequence[str], timeout: float) -> dict[str, Any]:
        """Return the answer to one line of words: `{"value": ...}` or `{"error": {kind, detail}}`.

        Raises TimedOut after `timeout` seconds, TooLarge, or Ended; ValueError for no JSON object.
        """
        self._number += 1
        try:
            assert self.process.stdin is not None  # noqa: S101 - it was given PIPE: for the type checker
            self.process.stdin.write("\t".join([str(self._number), *words]).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            timeout = LAST_WORDS  # it has ended: let what it said last come in
        line = self._next(timeout)
        if line == _TOO_LARGE:
            raise TooLarge
        if line == _ENDED:
            raise Ended(self._said_last())
        return self._parsed(line)

    def _next(self, timeout: float) -> bytes:
        try:
            return self._lines.get(timeout=timeout)
        except queue.Empty:
            raise TimedOut from None

    def _parsed(self, line: bytes) -> dict[str, Any]:
        number, _, text = line.partition(b" ")
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError("the answer is no JSON") from None
        if number != str(self._number).encode() or not isinstance(answer, dict):
            raise ValueError("the answer is to another question")
        return answer

    def _said_last(self) -> str:
        return " ".join(self._last_noise.decode(errors="replace").split())[-DETAIL:]

    def _listen(self) -> None:
        """Sort the lines until the output ends; one longer than MAX_ANSWER ends the listening."""
        assert self.process.stdout is not None  # noqa: S101 - Popen was given PIPE
        rest = bytearray()
        with contextlib.suppress(OSError, ValueError):
            while piece := os.read(self.process.stdout.fileno(), PIECE):
                *lines, last = piece.split(b"\n")
                for line in lines:
                    self._sort(bytes(rest + line))
                    rest.clear()
                rest += last
                if len(rest) > MAX_ANSWER:
                    self._lines.put(_TOO_LARGE)
                    return
        self._sort(bytes(rest))
        self._lines.put(_ENDED)

    def _sort(self, line: bytes) -> None:
        if line.startswith(self._mark + b" "):
            self._lines.put(line[len(self._mark) + 1 :].strip() or b"-")
        elif line.strip():
            self._last_noise = line[-4 * DETAIL :]

    def kill(self) -> None:
        """End the process at once and leave nothing of it behind."""
        with contextlib.suppress(OSError):
            self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
