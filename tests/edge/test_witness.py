"""A real agent is a witness: it keeps the audit's heads over a restart, tells them, cries out at another."""

from edge.conftest import Start
from edge.peer import Peer
from predvid.edge.anchors import FACT, Anchors
from predvid.edge.identity import StateFolder
from predvid.wire.v1 import AuditHead, EventRow

CHAIN = "0b9f4a0e-1111-2222-3333-444455556666"


def cries(peer: Peer) -> list[EventRow]:
    """Return the events that tell of a disputed audit."""
    events = (event for batch in peer.batches for event in batch.events)
    return [event for event in events if event.kind == "agent.audit_disputed"]


def test_heads_are_kept_told_and_defended(peer: Peer, enrolled: StateFolder, start: Start) -> None:
    peer.audit = [AuditHead(CHAIN, 7, "a" * 64), AuditHead("msp", 3, "b" * 64)]
    process = start(enrolled)
    peer.wait(lambda: any(fact.name == FACT for batch in peer.batches for fact in batch.facts), 20)
    process.terminate()
    assert process.wait(5) == 0
    kept = Anchors(enrolled.audit_heads).fact()
    assert kept
    assert kept.value == {CHAIN: [[7, "a" * 64]], "msp": [[3, "b" * 64]]}
    peer.audit = [
        AuditHead(CHAIN, 7, "c" * 64),
        AuditHead("msp", 2, "d" * 64),
    ]  # the server's past is another
    start(enrolled)
    peer.wait(lambda: bool(cries(peer)), 20)
    assert (cries(peer)[0].severity, cries(peer)[0].said.values) == ("critical", {"chain": CHAIN})
    assert Anchors(enrolled.audit_heads).fact() == kept
    assert "another audit" in (enrolled.path / "test.log").read_text()
