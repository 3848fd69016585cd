"""Whatever is handed over again, whenever the agent dies, however its clock jumps: nothing begins twice."""

import tempfile
from pathlib import Path
from uuid import uuid4

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from operators import DAY, Office, signer
from predvid.core.authority import TaskRefused
from predvid.edge import pin
from predvid.edge.authority import Admitted, Authority
from predvid.edge.identity import Membership, StateFolder
from predvid.edge.local_policy import Policy
from predvid.wire import authority as wire
from predvid.wire.signing import seal
from predvid.wire.v1 import TaskLease

BEGAN = 1_764_000_000_000
HOUR = 3_600_000
JUMPS = st.sampled_from([0, 1, HOUR, DAY, 9 * DAY, -1, -HOUR, -DAY, -40 * DAY])


class Replays(RuleBasedStateMachine):
    """A hostile server and an unlucky device; `begun` counts what began, by what was signed."""

    leases = Bundle("leases")
    admitted = Bundle("admitted")

    @initialize()
    def enrolled(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.state = StateFolder(Path(self.folder.name))
        self.office, self.plan, self.real, self.clock = Office(), signer(), BEGAN, BEGAN
        self.begun: dict[str, int] = {}
        pin.write(self.state, self.office.fingerprint, self.real)
        self.authority = self._opened()
        keys = wire.KeySet(1, BEGAN - 1, BEGAN + 300 * DAY, [wire.OperatorKey("Ana", self.office.ana.public)])
        self.keyset = seal(wire.KEYSET_CONTEXT, keys, [self.office.root])

    def _opened(self) -> Authority:
        membership = Membership("agent-1", "https://x", self.plan.public)
        return Authority(self.state, membership, Policy(tasks_per_hour=10_000), "linux")

    @rule(target=leases, hours=st.sampled_from([1, 24, 168]), jump=JUMPS)
    def an_operator_signs(self, hours: int, jump: int) -> TaskLease:
        """An operator's clock is right; the device's is wherever it has jumped to."""
        self.real += max(jump, 0)
        order = wire.Order(
            uuid4().hex, "x", wire.Content("sh", "x", 1), ["agent-1"], self.real, self.real + hours * HOUR
        )
        signed = seal(wire.ORDER_CONTEXT, order, [self.office.ana])
        return TaskLease(uuid4().hex, msgspec.msgpack.encode(wire.Leased(order=signed, keyset=self.keyset)))

    @rule(target=leases, lease=leases)
    def the_server_renames_a_lease(self, lease: TaskLease) -> TaskLease:
        return TaskLease(uuid4().hex, lease.signed)

    @rule(target=admitted, lease=leases)
    def the_server_hands_over(self, lease: TaskLease) -> Admitted | None:
        try:
            return self.authority.admit(lease, self.clock)
        except TaskRefused:
            return None

    @rule(work=admitted)
    def the_agent_begins(self, work: Admitted | None) -> None:
        """Also what was admitted by an earlier process, as a copy of it would."""
        if work is None:
            return
        try:
            self.authority.begin(work, self.clock)
        except TaskRefused:
            return
        self.begun[work.once] = self.begun.get(work.once, 0) + 1

    @rule(work=admitted)
    def a_task_ends(self, work: Admitted | None) -> None:
        if work is not None:
            self.authority.finish(work.task)

    @rule(jump=JUMPS)
    def the_clock_jumps(self, jump: int) -> None:
        self.clock = max(self.clock + jump, 0)

    @rule()
    def the_clock_is_set_right(self) -> None:
        self.clock = self.real

    @rule()
    def the_agent_dies_and_starts(self) -> None:
        self.authority.close()
        self.authority = self._opened()
        for task in self.authority.unfinished():
            self.authority.finish(task)

    @invariant()
    def nothing_began_twice(self) -> None:
        assert all(n == 1 for n in getattr(self, "begun", {}).values())

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.authority.close()
            self.folder.cleanup()


TestReplays = Replays.TestCase
TestReplays.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
