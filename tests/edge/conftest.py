"""What the agent's tests stand on: a running peer, an enrolled state folder, the agent as a real process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.peer import Peer, serve
from predvid.edge.enrol import Request, enrol
from predvid.edge.identity import StateFolder
from predvid.wire.v1 import PlannedCheck

Start = Callable[[StateFolder], "subprocess.Popen[bytes]"]


@pytest.fixture
def peer() -> Iterator[Peer]:
    """Return a peer that serves plain HTTP on loopback."""
    peer = Peer(checks=[PlannedCheck("memory", 60), PlannedCheck("cpu", 60)])
    server = serve(peer)
    yield peer
    server.shutdown()
    server.server_close()


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    """Return an empty state folder."""
    return StateFolder(tmp_path / "agent")


@pytest.fixture
def enrolled(peer: Peer, state: StateFolder) -> StateFolder:
    """Return a state folder that is enrolled at `peer`."""
    enrol(state, Request(peer.url, peer.token(), proxy="none"), [])
    return state


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts the real agent on a state folder; all are killed in the end."""
    running: list[subprocess.Popen[bytes]] = []

    def run(state: StateFolder) -> "subprocess.Popen[bytes]":
        command = (sys.executable, "-m", "predvid", "agent", "run", "--state", str(state.path))
        log = (state.path / "test.log").open("ab")
        with log:
            process = subprocess.Popen(command, stderr=log, env=dict(os.environ, NO_PROXY="*"))
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.wait()
