"""A script as a child process: output read without end but kept to a cap, ended with all that came of it."""

import codecs
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import psutil

from predvid.core.model import say
from predvid.edge.script import MARK, NotRunnable, Script
from predvid.edge.sources.job_object import Job, own_job

if sys.platform == "linux":
    import resource

MAX_OUTPUT = 256 << 10  # bytes of output that are kept
MAX_PROCESSES = 256  # that may come of one script
GRACE = 3.0  # seconds between asking to end and ending by force
DRAIN = 1.0  # seconds that output may still come after the script has ended
NICE = 5
_NO_WINDOW: int = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # a service of Windows opens none


class Output:
    """What the script prints: whole up to MAX_OUTPUT bytes, then counted as cut; UTF-8, errors replaced."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._mutex = threading.Lock()
        self._text: list[str] = []
        self._kept = 0
        self.truncated = False
        self._thread = threading.Thread(target=self._read, name="output", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # the stream is closed under a reader that waits
            while chunk := os.read(self._stream.fileno(), 65536):
                room = MAX_OUTPUT - self._kept
                with self._mutex:
                    self._text.append(self._decoder.decode(chunk[: max(room, 0)]))
                    self._kept += min(len(chunk), max(room, 0))
                    self.truncated = self.truncated or len(chunk) > room

    def take(self) -> str:
        """Return what came since the last time."""
        with self._mutex:
            text = "".join(self._text)
            self._text.clear()
        return text

    def rest(self) -> str:
        """Return what is left after the end; a background process that keeps the stream open is let be."""
        self._thread.join(DRAIN)
        with contextlib.suppress(OSError):
            self._stream.close()
        with self._mutex:
            self._text.append(self._decoder.decode(b"", final=True))
        return self.take()


class Child:
    """One running script in a process group (on Windows: a job) of its own."""

    def __init__(self, script: Script) -> None:
        """Start `script`. Raises NotRunnable."""
        self._mark = script.environment[MARK]
        try:
            self._process = subprocess.Popen(
                script.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=script.environment,
                cwd=script.folder,
                start_new_session=True,
                creationflags=_NO_WINDOW,
            )
        except OSError as error:
            raise NotRunnable(say("task.not_startable", detail=error.strerror or str(error))) from None
        self._job: Job | None = own_job(self._process, MAX_PROCESSES)
        _last_in_line(self._process.pid)
        assert self._process.stdout is not None  # noqa: S101 - Popen was given PIPE: this tells the type checker
        self.output = Output(self._process.stdout)

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`; tell whether the script has ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    @property
    def code(self) -> int | None:
        """Return the exit status; the negative number of a signal that ended it."""
        return self._process.returncode

    def crowded(self) -> bool:
        """Tell whether more processes came of the script than may; a job of Windows allows no more anyway."""
        return sys.platform == "linux" and _in_session(self._process.pid) > MAX_PROCESSES

    def end(self, grace: float = GRACE) -> None:
        """End the script and all that came of it: asked first, after `grace` seconds by force."""
        if self._job is not None:
            self._job.end()
        elif grace and self._signal(signal.SIGTERM):
            self.wait(grace)
        self._kill()

    def _kill(self) -> None:
        if sys.platform != "win32":
            self._signal(signal.SIGKILL)
            end_marked(self._mark)
        with contextlib.suppress(OSError):
            self._process.kill()
        self.wait(GRACE)

    def _signal(self, number: int) -> bool:
        """Send a signal to the whole group; the kernel lets no process of it escape by forking meanwhile."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)
            return True
        return False


def _last_in_line(pid: int) -> None:
    """Let the script go first when memory runs out, and leave the processor to others before itself."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # it may have ended already
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000")
        os.setpriority(os.PRIO_PROCESS, pid, NICE)
        resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0))


def _in_session(session: int) -> int:
    """Return how many processes belong to a session (proc_pid_stat(5): the fourth field after the name)."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
                count += int(fields[3]) == session
    return count


def end_marked(mark: str) -> None:
    """End by force whatever carries the mark of a task in its environment, whichever group it is in."""
    until = time.monotonic() + GRACE
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark:
                process.kill()
        if time.monotonic() > until:
            return
