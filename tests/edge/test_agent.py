"""The real agent process against the peer: samples in seconds, kills lose and repeat nothing, copies show."""

import shutil
import signal
import subprocess
import time

from edge.conftest import Start
from edge.peer import LOSE, Peer
from predvid.edge.identity import StateFolder
from predvid.wire.v1 import Refusal


def end(process: "subprocess.Popen[bytes]") -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(3)


def in_order(peer: Peer) -> bool:
    """Tell whether every start's batches came in sequence, and no start's came after a later one's."""
    boots = list(dict.fromkeys(batch.boot for batch in peer.batches))
    order = [(boots.index(batch.boot), batch.seq) for batch in peer.batches]
    return order == sorted(order)


def test_first_samples_within_seconds_and_a_clean_end(
    peer: Peer, enrolled: StateFolder, start: Start
) -> None:
    process = start(enrolled)
    peer.wait(lambda: any(row.check == "cpu" and row.items for b in peer.batches for row in b.ran), 15)
    assert end(process) == 0
    events = [event.kind for batch in peer.batches for event in batch.events]
    assert events[0] == "agent.started"
    for batch in peer.batches:
        assert len(batch.columns.place) // 2 == sum(ran.items for ran in batch.ran)
    log = (enrolled.path / "test.log").read_text()
    assert "Traceback" not in log


def test_kill_9_loses_nothing_and_repeats_nothing(peer: Peer, enrolled: StateFolder, start: Start) -> None:
    for round in range(3):
        before = len(peer.batches)
        peer.script.append(LOSE)  # the peer takes a batch whose ack never arrives
        process = start(enrolled)
        peer.wait(lambda before=before: len(peer.batches) > before, 20)
        time.sleep(round * 0.2)
        process.kill()
        process.wait()
    process = start(enrolled)
    last = len(set(b.boot for b in peer.batches))
    peer.wait(lambda: len(set(b.boot for b in peer.batches)) > last, 20)
    assert end(process) == 0
    assert peer.forks == 0
    assert peer.repeated, "no lost ack was ever repeated: the test lost its teeth"
    assert in_order(peer)
    by_boot: dict[str, list[int]] = {}
    for batch in peer.batches:
        by_boot.setdefault(batch.boot, []).append(batch.seq)
    assert all(seqs == list(range(1, len(seqs) + 1)) for seqs in by_boot.values())


def test_a_copied_state_folder_is_caught(peer: Peer, enrolled: StateFolder, start: Start) -> None:
    copy = StateFolder(enrolled.path.with_name("copy"))
    shutil.copytree(enrolled.path, copy.path)
    start(enrolled)
    peer.wait(lambda: peer.batches)
    start(copy)
    peer.wait(lambda: peer.agents["agent-1"].state == "locked")


def test_two_agents_on_one_state_folder(peer: Peer, enrolled: StateFolder, start: Start) -> None:
    start(enrolled)
    peer.wait(lambda: peer.batches)
    second = start(enrolled)
    assert second.wait(10) == 1, "a service would never be started again"
    assert "another agent already runs" in (enrolled.path / "test.log").read_text()


def test_an_unreadable_batch_is_set_aside_and_reported(
    peer: Peer, enrolled: StateFolder, start: Start
) -> None:
    peer.script.append((422, Refusal("undecodable", "cannot be read"), {}))
    process = start(enrolled)
    peer.wait(lambda: any(e.kind == "agent.batch_refused" for batch in peer.batches for e in batch.events))
    assert end(process) == 0
