"""A full disk keeps no agent from starting: it measures, waits, says what is missing, goes on by itself."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.full_disk import SmallDisk, small_disk
from edge.peer import Peer
from edge.test_outbox import batch, box, drain
from predvid.edge.enrol import Request, enrol
from predvid.edge.identity import StateFolder
from predvid.edge.outbox import OutboxFailed


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def on_disk(peer: Peer, disk: SmallDisk) -> StateFolder:
    """Return a state folder on the small disk, enrolled at `peer`, with the plan of a first start in it."""
    state = StateFolder(disk.folder / "agent")
    enrol(state, Request(peer.url, peer.token(), proxy="none"), [])
    first = started(state, disk.folder.parent / "first.log")
    peer.wait(lambda: peer.samples())
    first.send_signal(signal.SIGKILL)
    first.wait(5)
    return state


def started(state: StateFolder, log: Path) -> "subprocess.Popen[bytes]":
    command = (sys.executable, "-m", "predvid", "agent", "run", "--state", str(state.path))
    with log.open("ab") as file:
        return subprocess.Popen(command, stderr=file, env=dict(os.environ, NO_PROXY="*"))


@pytest.mark.parametrize("outbox", ["kept", "lost"])
def test_an_agent_starts_on_a_full_disk_and_delivers_once_there_is_room(
    peer: Peer, disk: SmallDisk, on_disk: StateFolder, tmp_path: Path, outbox: str
) -> None:
    if outbox == "lost":
        for file in on_disk.path.glob("outbox.db*"):
            file.unlink()
    starts = list(peer.agents["agent-1"].starts)
    disk.fill()
    assert disk.refuses()
    read, write = os.pipe()  # a limit of file sizes does not touch it, so that the log is seen in either case
    command = (sys.executable, "-m", "predvid", "agent", "run", "--state", str(on_disk.path))
    process = disk.process = subprocess.Popen(command, stderr=write, env=dict(os.environ, NO_PROXY="*"))
    os.close(write)
    with os.fdopen(read) as log:
        for _ in range(2):  # the second time, the checks have run
            assert any("the outbox cannot be written" in line for line in log), "it ended"
        before = peer.now()
        assert peer.agents["agent-1"].starts == starts, "a start that is not counted was shown to the server"
        disk.free()
        peer.wait(lambda: any(batch.boot != starts[-1][1] for batch in peer.batches), 40)
    new = next(batch for batch in peer.batches if batch.boot not in {boot for _, boot in starts})
    assert [event.kind for event in new.events][:1] == ["agent.started"]
    assert any(ran.at < before and ran.items for ran in new.ran), "what was measured meanwhile is lost"
    assert peer.agents["agent-1"].state == "approved"
    assert process.poll() is None
    process.terminate()
    assert process.wait(5) == 0


def test_what_memory_could_not_hold_is_a_gap_record_once_there_is_room(disk: SmallDisk) -> None:
    disk.fill()
    outbox = box(disk.folder / "o.db")
    with pytest.raises(OutboxFailed):
        outbox.seal(batch(3))
    outbox.lose(7, 2)
    disk.free()
    outbox.seal(batch(3))
    (one,) = drain(outbox)
    assert (one.seq, one.dropped) == (1, 7)
    assert [event.kind for event in one.events] == ["agent.samples_dropped"]
    outbox.close()
