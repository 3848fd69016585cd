"""Runs a program for a check: no shell, bounded time and output, no child left behind."""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import time

from predvid.checks.errors import CannotRead
from predvid.core.model import say

MAX_OUTPUT = 8 << 20  # bytes
# System folders first, then those that the packages of RAID makers use.
SYSTEM_PATH = (
    "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:/opt/MegaRAID/storcli:/opt/MegaRAID/perccli:"
    "/opt/MegaRAID/MegaCli:/usr/Arcconf"
)
DETAIL = 200  # characters of a failed program's last line that are kept


def run_program(command: tuple[str, ...], timeout: float, ok: tuple[int, ...] = (0,)) -> str:
    """Return the standard output of `command` (UTF-8, lenient) run with LC_ALL=C.UTF-8.

    Raises CannotRead: program missing or not executable, `timeout` seconds over (its whole process group is
    killed), more than 8 MiB of output, an exit status that is not in `ok`.
    """
    tool = shutil.which(command[0], path=SYSTEM_PATH)
    if tool is None:
        raise CannotRead(say("read.tool_missing", tool=command[0]))
    environment = {"PATH": SYSTEM_PATH, "LC_ALL": "C.UTF-8", "HOME": "/"}
    try:
        process = subprocess.Popen(
            [tool, *command[1:]],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise CannotRead(say("read.unexpected", what=command[0], detail=str(error))) from None
    with process:
        try:
            output, errors = _read(process, command[0], time.monotonic() + timeout, timeout)
        except CannotRead:
            _kill(process)
            raise
    if process.returncode not in ok:
        lines = (errors or output).decode(errors="replace").strip().splitlines()
        detail = lines[-1][:DETAIL] if lines else "–"
        raise CannotRead(say("read.failed", what=command[0], status=process.returncode, detail=detail))
    return output.decode(errors="replace")


def _read(
    process: subprocess.Popen[bytes], tool: str, deadline: float, timeout: float
) -> tuple[bytes, bytes]:
    """Return both outputs whole once the program has ended."""
    assert process.stdout is not None  # noqa: S101 - Popen was given PIPE: this tells the type checker
    assert process.stderr is not None  # noqa: S101 - the same
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ, output)
        selector.register(process.stderr, selectors.EVENT_READ, errors)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise CannotRead(say("read.timed_out", what=tool, seconds=timeout))
            for key, _ in ready:
                if chunk := os.read(key.fd, 65536):
                    key.data.extend(chunk)
                else:
                    selector.unregister(key.fileobj)
            if len(output) + len(errors) > MAX_OUTPUT:
                raise CannotRead(say("read.too_large", what=tool, limit=MAX_OUTPUT))
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise CannotRead(say("read.timed_out", what=tool, seconds=timeout)) from None
    return bytes(output), bytes(errors)


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
