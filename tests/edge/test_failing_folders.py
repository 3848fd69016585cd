"""A state folder that cannot be used gives one clear sentence; whatever else fails, no traceback."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from edge.conftest import Start
from edge.peer import Peer
from predvid.core.errors import UserError
from predvid.edge import agent, local_policy
from predvid.edge.identity import Lock, StateFolder, load_membership, next_generation
from predvid.edge.loop import Loop
from predvid.edge.outbox import Outbox, OutboxFailed

TOO_LONG = Path("/") / ("a" * 300)


@pytest.mark.parametrize("verb", ["selftest", "status", "run"])
def test_a_folder_that_cannot_be_looked_at(verb: str) -> None:
    command = (sys.executable, "-m", "predvid", "agent", verb, "--state", str(TOO_LONG))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    assert "File name too long" in " ".join((done.stdout + done.stderr).split())  # lines are wrapped


def test_files_that_are_no_files(state: StateFolder) -> None:
    state.generation.mkdir(parents=True)
    with pytest.raises(UserError, match="cannot read"):
        next_generation(state)
    state.membership.write_bytes(b'{"agent":"a","x":' + b"[" * 200_000)
    with pytest.raises(UserError, match="damaged"):
        load_membership(state)
    with pytest.raises(OutboxFailed):
        Outbox(TOO_LONG / "outbox.db", "boot", lambda: 0, lambda: 0.0)
    with pytest.raises(UserError, match="cannot look at"):
        local_policy.find(StateFolder(TOO_LONG))


def test_an_agent_waits_for_whoever_only_looks(peer: Peer, enrolled: StateFolder, start: Start) -> None:
    looking = Lock(enrolled)
    assert looking.take()
    process = start(enrolled)
    threading.Timer(0.5, looking.release).start()
    peer.wait(lambda: peer.batches)
    assert process.poll() is None


def test_a_defect_of_the_loop_is_one_line(
    peer: Peer, enrolled: StateFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(self: Loop) -> None:
        raise RuntimeError("defect")

    monkeypatch.setattr(Loop, "run", defect)
    assert agent.run(enrolled) == 1
    assert "the agent ended: RuntimeError: defect" in [row.message for row in caplog.records]
