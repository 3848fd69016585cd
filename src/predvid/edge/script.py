"""How a script is run on this machine: its interpreter, a file that is ours alone, a small environment."""

import logging
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from predvid.core.model import Said, say
from predvid.edge.sources.programs import SYSTEM_PATH
from predvid.wire.authority import Content

log = logging.getLogger("predvid.agent")
MOUNTS = Path("/proc/self/mountinfo")
_OCTAL = re.compile(rb"\\([0-3][0-7]{2})")  # how mountinfo writes blanks in a path
MARK = "_PREDVID_RUN"  # names the task to all processes that come of it; no parameter can be called so
_POWERSHELL = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File")
_INTERPRETERS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str]] = {
    "sh": (("sh",), (), ".sh"),
    "bash": (("bash",), (), ".sh"),
    "powershell": (("powershell", "pwsh"), _POWERSHELL, ".ps1"),
    "python": (("python3", "python"), ("-I",), ".py"),
}


class NotRunnable(Exception):
    """The script cannot be started here; `said` says why."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.id)
        self.said = said


@dataclass(frozen=True)
class Script:
    """A script ready to run: the command, its environment, and the folder that goes when it has ended."""

    command: list[str]
    environment: dict[str, str]
    folder: Path

    def remove(self) -> None:
        """Remove the folder with whatever the script left in it."""
        clear(self.folder)


def prepare(content: Content, params: dict[str, str], mark: str, runs: Path) -> Script:
    """Write the script into a new folder (mode 0700) below `runs`. Raises NotRunnable.

    Parameters reach it as environment variables alone, never as code; `mark` is the value of MARK.
    """
    names, options, suffix = _INTERPRETERS[content.language]
    tool = _interpreter(names)
    try:
        runs.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=runs))
        file = folder / f"task{suffix}"
        # Windows PowerShell takes a file without a byte order mark for one in the local code page.
        text = ("\ufeff" if content.language == "powershell" else "") + content.body
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(text.encode(errors="replace"))
    except OSError as error:
        raise NotRunnable(say("task.not_startable", detail=error.strerror or str(error))) from None
    environment = _base(folder) | {f"PREDVID_{name.upper()}": value for name, value in params.items()}
    return Script([tool, *options, str(file)], environment | {MARK: mark}, folder)


def _interpreter(names: tuple[str, ...]) -> str:
    path = None if sys.platform == "win32" else SYSTEM_PATH
    for name in names:
        if (tool := shutil.which(name, path=path)) is not None:
            return tool
    if names[0] == "python3":  # the agent's own: there is always that one
        return sys.executable
    raise NotRunnable(say("task.no_interpreter", tool=names[0]))


def _base(folder: Path) -> dict[str, str]:
    """Return the environment of every script; nothing of the agent's own that is not the system's."""
    if sys.platform == "win32":
        return {name: value for name, value in os.environ.items() if not name.startswith("PREDVID")}
    home = "/root" if os.geteuid() == 0 else os.path.expanduser("~")
    return {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", "HOME": home, "TMPDIR": str(folder)}


def clear(left: Path) -> None:
    """Remove what scripts left, unless something is still mounted there: that is not ours to empty."""
    if sys.platform == "linux" and mounted_below(left, MOUNTS):
        log.warning("something is still mounted below %s: it is left as it is", left)
        return
    shutil.rmtree(left, ignore_errors=True)


def mounted_below(folder: Path, mounts: Path) -> bool:
    """Tell whether anything is mounted on or below `folder`, by a file as /proc/self/mountinfo (proc(5)).

    Where that cannot be read, it may be.
    """
    here = os.path.realpath(folder)
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return True
    points = (os.fsdecode(_OCTAL.sub(_plain, line.split()[4])) for line in lines)
    return any(point == here or point.startswith(f"{here}/") for point in points)


def _plain(escaped: re.Match[bytes]) -> bytes:
    return bytes([int(escaped[1], 8)])
