"""The questions `wmi` and `powershell` of a Windows device, asked of one PowerShell that lives on.

It is started by the first question, ended after an idle minute, killed where it does not answer, and then
rests before it is started again. A process for every metric would cost more than all checks together.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from predvid.checks.errors import CannotRead, NotHere
from predvid.core.model import say
from predvid.edge.sources.powershell_child import MAX_ANSWER, Ended, PowerShellChild, TimedOut, TooLarge

SCRIPTS = Path(__file__).parent / "powershell"
HOST = SCRIPTS / "host" / "host.ps1"
IDLE = 60.0  # seconds; what checks ask shares moments a quarter of an hour apart (edge/schedule.py)
TIMEOUT = 30.0  # seconds; a script that needs longer says so in a line `# timeout: 120`
LONGEST = 300.0
SLOW = 60.0  # seconds; a script that may take longer holds up no other question
SLOW_IDLE = 10.0  # seconds
BASE_REST, LONGEST_REST = 10.0, 600.0
MAX_SCRIPT = 64 << 10  # characters
_ARGUMENT = re.compile(r"[A-Za-z0-9_.,:/\-]{1,300}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
_OWN_TIMEOUT = re.compile(r"^# timeout: (\d{1,3})\r?$", re.MULTILINE)
_CONDITION = r"[A-Za-z]\w{0,60}(?:=(?:TRUE|FALSE|\d{1,10})| IS NOT NULL)"
_WMI = re.compile(
    r"(?:(?P<space>root(?:/\w{1,40}){1,6}):)?(?P<cls>[A-Za-z]\w{0,100})(?: (?P<props>\w+(?:,\w+){0,99}))?"
    rf"(?: WHERE (?P<filter>{_CONDITION}(?: AND {_CONDITION}){{0,3}}))?",
    re.ASCII,
)


def powershell_command() -> list[str]:
    """Return how Windows PowerShell is started: no profile, no questions, its loop read from the package.

    The loop is given as text, not as a script file: a policy that forbids scripts does not stop it.
    `-InputFormat None` leaves standard input to the loop (about_PowerShell_exe).
    """
    path = str(HOST).replace("'", "''")
    start = f"& ([ScriptBlock]::Create([IO.File]::ReadAllText('{path}')))"
    options = ("-NoLogo", "-NoProfile", "-NonInteractive", "-InputFormat", "None", "-Command")
    return ["powershell.exe", *options, start]


def is_query(argument: str) -> bool:
    """Tell whether `argument` is a question that `wmi` takes."""
    return _WMI.fullmatch(argument) is not None


def is_script(argument: str) -> bool:
    """Tell whether `argument` names a packaged script and gives it plain arguments."""
    name, *arguments = argument.split(" ")
    known = bool(_NAME.fullmatch(name)) and (SCRIPTS / f"{name}.ps1").is_file()
    return known and all(_ARGUMENT.fullmatch(each) for each in arguments)


def own_timeout(name: str) -> float | None:
    """Return the seconds that a packaged script asks for, None where it asks for nothing special."""
    found = _OWN_TIMEOUT.search((SCRIPTS / f"{name}.ps1").read_text(encoding="utf-8"))
    return min(float(found[1]), LONGEST) if found else None


class TwoLanes:
    """Two hosts: scripts that may take minutes have a process of their own and hold up nothing else."""

    def __init__(self, quick: "PowerShellHost", slow: "PowerShellHost") -> None:
        self._quick, self._slow = quick, slow

    def script(self, argument: str) -> Any:
        """Return what a packaged script gives; see `PowerShellHost.script`."""
        lasts = is_script(argument) and (own_timeout(argument.partition(" ")[0]) or 0) > SLOW
        return (self._slow if lasts else self._quick).script(argument)


class PowerShellHost:
    """Asks one PowerShell at a time, from any thread. `command` starts it, `clock` gives steady seconds."""

    def __init__(
        self,
        command: Sequence[str],
        idle: float = IDLE,
        timeout: float = TIMEOUT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command, self._idle, self._timeout, self._clock = tuple(command), idle, timeout, clock
        self._lock = threading.Lock()
        self._child: PowerShellChild | None = None
        self._used = 0.0
        self._failures = 0
        self._rest_until = 0.0

    def wmi(self, argument: str) -> Any:
        """Return the instances of a class as objects: `[root/space:]Class [Prop,Prop] [WHERE ...]`.

        A condition is `Prop=TRUE`, `Prop=3` or `Prop IS NOT NULL`, several are joined by AND. Times become
        ISO 8601 in UTC. Raises CannotRead, NotHere for a class or namespace that this Windows does not have.
        """
        asked = _WMI.fullmatch(argument)
        if asked is None:
            raise CannotRead(say("read.unexpected", what=f"WMI {argument[:80]}", detail="not a query"))
        words = (asked["space"] or "root/cimv2", asked["cls"], asked["props"] or "", asked["filter"] or "")
        return self._ask(("wmi", *words), f"WMI {asked['cls']}", self._timeout)

    def script(self, argument: str) -> Any:
        """Return the list that a packaged script gives; `argument` is its name and arguments, with blanks."""
        name, *arguments = argument.split(" ")
        if not is_script(name):
            raise NotHere(say("read.not_supported", what=f"powershell {name[:80]}"))
        if not is_script(argument):
            raise CannotRead(say("read.unexpected", what=f"powershell {name}", detail="not an argument"))
        words = ("script", str(SCRIPTS / f"{name}.ps1"), *arguments)
        return self._ask(words, f"PowerShell {name}", own_timeout(name) or self._timeout)

    def close(self) -> None:
        """End the process, if one runs; the next question starts another."""
        with self._lock:
            self._drop()

    def _ask(self, words: Sequence[str], what: str, timeout: float) -> Any:
        if not self._lock.acquire(timeout=timeout):
            raise CannotRead(say("read.timed_out", what=what, seconds=timeout))
        try:
            answer = self._answer(words, what, timeout)
        finally:
            self._lock.release()
        return _value(answer, what)

    def _answer(self, words: Sequence[str], what: str, timeout: float) -> dict[str, Any]:
        """Return the answer, counting failures; a process that failed is killed."""
        try:
            answer = self._running().ask(words, timeout)
        except TimedOut:
            self._fail()
            raise CannotRead(say("read.timed_out", what=what, seconds=timeout)) from None
        except TooLarge:
            self._fail()
            raise CannotRead(say("read.too_large", what=what, limit=MAX_ANSWER)) from None
        except (Ended, ValueError) as error:
            self._fail()
            raise CannotRead(say("read.unexpected", what=what, detail=str(error) or "–")) from None
        self._failures, self._used = 0, self._clock()
        return answer

    def _running(self) -> PowerShellChild:
        if self._child is not None:
            return self._child
        if (left := self._rest_until - self._clock()) > 0:
            raise CannotRead(say("read.resting", what="PowerShell", seconds=max(1, round(left))))
        try:
            self._child = PowerShellChild(self._command)
        except FileNotFoundError:
            self._fail()
            raise CannotRead(say("read.tool_missing", tool=self._command[0])) from None
        except OSError as error:
            self._fail()
            detail = error.strerror or type(error).__name__
            raise CannotRead(say("read.unexpected", what="PowerShell", detail=detail)) from None
        self._used = self._clock()
        self._watch(self._child, self._idle)
        return self._child

    def _fail(self) -> None:
        """Kill what failed. The first failure in a row costs no rest: one hanging class stops no other."""
        self._drop()
        rest = BASE_REST * 2 ** (self._failures - 1) if self._failures else 0.0
        self._rest_until = self._clock() + min(rest, LONGEST_REST)
        self._failures = min(self._failures + 1, 20)

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def _watch(self, child: PowerShellChild, seconds: float) -> None:
        timer = threading.Timer(seconds, self._end_idle, (child,))
        timer.daemon = True
        timer.start()

    def _end_idle(self, child: PowerShellChild) -> None:
        with self._lock:
            if self._child is not child:
                return
            left = self._used + self._idle - self._clock()
            if left <= 0:
                self._drop()
            else:
                self._watch(child, left)


def _value(answer: dict[str, Any], what: str) -> Any:
    """Return the value of an answer, or raise what its error means."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return answer.get("value")
    if error.get("kind") == "missing":
        raise NotHere(say("read.missing", what=what))
    if error.get("kind") == "denied":
        raise CannotRead(say("read.permission_denied", what=what))
    raise CannotRead(say("read.unexpected", what=what, detail=str(error.get("detail"))[:200]))
