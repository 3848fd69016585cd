"""A device whose agent pins a root, with the office that signs for it: real keys, real files."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from operators import Office, now_ms, signer
from predvid.core.authority import TaskRefused
from predvid.core.trust import Signer
from predvid.edge import pin
from predvid.edge.authority import Admitted, Authority
from predvid.edge.identity import Membership, StateFolder
from predvid.edge.local_policy import Policy
from predvid.wire import authority as wire
from predvid.wire.signing import seal
from predvid.wire.v1 import TaskLease

HOUR = 3_600_000
SCRIPT = wire.Content("sh", "exit 0\n", 60)


@dataclass
class Device:
    """An agent's authority over one state folder, with the office that signs for it and the server's key."""

    state: StateFolder
    office: Office
    plan: Signer
    policy: Policy
    now: int
    authority: Authority

    def again(self) -> None:
        """Start the agent anew on the same folder."""
        self.authority.close()
        self.authority = opened(self.state, self.plan, self.policy)

    def lease(self, task: str = "", **leased: Any) -> TaskLease:
        """Return a lease of `leased`."""
        return TaskLease(task or uuid4().hex, msgspec.msgpack.encode(wire.Leased(**leased)))

    def order(self, *signers: Signer, **words: Any) -> wire.Signed:
        """Return an order for this agent, signed by Ana unless told otherwise."""
        given = {
            "issued": self.now,
            "expires": self.now + HOUR,
            "agents": ["agent-1"],
            "id": uuid4().hex,
        } | words
        order = wire.Order(title="Clean", content=SCRIPT, **given)
        return seal(wire.ORDER_CONTEXT, order, signers or [self.office.ana])

    def publication(self, **words: Any) -> wire.Signed:
        """Return a publication, signed by Ana."""
        return self.office.publication("exit 0\n", **words)

    def start(self, publication: wire.Signed, **words: Any) -> wire.Signed:
        """Return the server's start of it."""
        body = publication.body.removeprefix(wire.PUBLICATION_CONTEXT)
        known = msgspec.msgpack.decode(body, type=wire.Publication)
        given = {"issued": self.now, "expires": self.now + HOUR, "task": uuid4().hex} | words
        start = wire.Start(agent="agent-1", publication=known.id, version=known.version, **given)
        return seal(wire.START_CONTEXT, start, [self.plan])

    def admitted(self, lease: TaskLease, now: int | None = None) -> Admitted:
        """Return the admitted task of `lease`."""
        work = self.authority.admit(lease, self.now if now is None else now)
        assert work is not None
        return work

    def run(self, lease: TaskLease, now: int | None = None) -> None:
        """Admit, begin and finish a task."""
        work = self.admitted(lease, now)
        self.authority.begin(work, self.now if now is None else now)
        self.authority.finish(work.task)


def opened(state: StateFolder, plan: Signer, policy: Policy) -> Authority:
    """Return the authority of an agent that was enrolled with client-1, site-1."""
    membership = Membership("agent-1", "https://x", plan.public, client="client-1", site="site-1")
    return Authority(state, membership, policy, "linux")


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """Return a device that pins the office's root and knows its operators."""
    state, office, plan = StateFolder(tmp_path / "agent"), Office(), signer()
    state.make()
    pin.write(state, office.fingerprint, now_ms())
    one = Device(state, office, plan, Policy(), now_ms(), opened(state, plan, Policy()))
    assert one.authority.admit(one.lease(keyset=office.keyset()), one.now) is None
    yield one
    one.authority.close()


def code(work: Callable[[], object]) -> str:
    """Return the code with which `work` is refused."""
    with pytest.raises(TaskRefused) as refused:
        work()
    return refused.value.code
