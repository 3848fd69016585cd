"""One supervised part: runs a verb and ends when its supervisor does, however that one ended."""

import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from predvid.cli import main

MODULE = "predvid.server.supervised"
STOP_SECONDS = 8
NAME = re.compile(r"predvid\S* (?:serve (store|gateway|console|worker)\b|agent run\b)")


def run(arguments: list[str]) -> int:
    """Run the verb in `arguments`; return its exit status.

    Standard input is a pipe that the supervisor holds and never writes to: the kernel closes it even after
    `kill -9`, on every system, which a signal on the parent's death (Linux's prctl) would not give.
    """
    pipe = os.dup(0)  # not inherited: what this part starts must not hold it or read from it
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_follow, args=(pipe,), name="lifeline", daemon=True).start()
    return main(arguments)


def _follow(pipe: int) -> None:
    """Stop this process once the pipe ends, and kill its whole group if it does not stop in time."""
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def of(data: Path) -> Iterator[psutil.Process]:
    """Yield the parts that run on the data directory `data`, whoever started them."""
    for process in psutil.process_iter():
        try:
            if MODULE in process.cmdline()[:3] and process.environ().get("PREDVID_DATA") == str(data):
                yield process
        except psutil.Error:  # it ended meanwhile, or belongs to someone else
            continue


def names(data: Path) -> Iterator[str]:
    """Yield the names of the parts that run on `data`: started here, or as units of a server."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found = NAME.search(" ".join(process.cmdline()))
            if found and process.environ().get("PREDVID_DATA") == str(data):
                yield found.group(1) or "agent"


def end_leftovers(data: Path) -> int:
    """Wait for the parts that an earlier supervisor left on `data`, kill what stays; return how many."""
    left = list(of(data))
    _, alive = psutil.wait_procs(left, timeout=STOP_SECONDS + 2)
    for process in alive:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own group: what it started must not stay either
    psutil.wait_procs(alive, timeout=5)
    return len(left)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
