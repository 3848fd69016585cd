"""Puts the agent together from its state folder and runs it until it is told to stop."""

import contextlib
import logging
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from types import FrameType

from predvid import __version__
from predvid.checks.registry import checks
from predvid.core.errors import UserError
from predvid.edge import durable, handed, local_policy, proxy
from predvid.edge.anchors import Anchors
from predvid.edge.authority import Authority
from predvid.edge.clock import Clock
from predvid.edge.courier import Courier
from predvid.edge.identity import (
    Keys,
    Membership,
    StateFolder,
    load_keys,
    load_membership,
    locked,
    new_boot,
    present,
    store_generation,
    upcoming_generation,
)
from predvid.edge.installing import home
from predvid.edge.link import TIMEOUT, Link, Sender, verifying
from predvid.edge.listener import SILENCE
from predvid.edge.local_policy import Policy
from predvid.edge.loop import Inbox, Loop, Setting, Stop
from predvid.edge.outbox import CAP, Outbox, OutboxFailed
from predvid.edge.plan import PlanRefused, accept
from predvid.edge.sources.local import local_source
from predvid.edge.standing import recall
from predvid.edge.updating import Updating, in_a_child
from predvid.edge.work import Work
from predvid.wire.v1 import Plan

log = logging.getLogger("predvid.agent")
LOCK_PATIENCE = 2.0  # seconds: `agent status` holds the lock for an instant


class PlanKeeper:
    """The newest plan believed, kept durable so that a reboot without the server changes nothing."""

    def __init__(self, path: Path, membership: Membership) -> None:
        self._path, self._membership = path, membership
        self.newest: Plan | None = None
        with contextlib.suppress(OSError, PlanRefused):
            self.newest = accept(path.read_bytes(), membership.plan_key, membership.agent, None)

    def accept(self, body: bytes) -> Plan:
        """Return the plan in `body` once it is believed and durable; raise PlanRefused."""
        plan = accept(body, self._membership.plan_key, self._membership.agent, self.newest)
        try:
            durable.write(self._path, body)
        except OSError as error:
            log.warning("the plan cannot be stored: %s", error.strerror)
        self.newest = plan
        return plan


def make_link(state: StateFolder, membership: Membership, sender: Sender, timeout: float = TIMEOUT) -> Link:
    """Return a link to the server of `membership`; raise UserError where its CA file cannot be used."""
    server = proxy.server_address(membership.server)
    tls = None
    if server.tls:
        try:
            tls = verifying(state.ca if present(state.ca) else None)
        except OSError as error:
            raise UserError(f"{state.ca} cannot be used: {error}") from None
    return Link(server, proxy.choose(server, membership.proxy), tls, sender, timeout)


def run(state: StateFolder, cap: int = CAP) -> int:
    """Run the agent on `state` until SIGTERM or SIGINT; return the exit status. Raises UserError.

    The status is 1 where it can no longer deliver: whatever started it starts it again.
    """
    membership, keys = load_membership(state), load_keys(state)
    policy = local_policy.load(local_policy.find(state))
    source = local_source()
    lock = locked(state, LOCK_PATIENCE)
    try:
        generation, boot = upcoming_generation(state), new_boot()
        clock = Clock()
        outbox = _open(state, boot, clock, cap)
        inbox: Inbox = SimpleQueue()
        sender = _sender(membership, keys, boot, generation, clock)
        standing = recall(outbox)
        clock.assume(standing.offset)
        courier = Courier(make_link(state, membership, sender), outbox, clock, standing, inbox.put)
        courier.first = partial(store_generation, state, generation)
        keeper = PlanKeeper(state.plan, membership)
        setting = _setting(state, membership, keys, policy, keeper)
        work = Work(
            Authority(state, membership, policy, source.platform),
            state.path / "run",
            make_link(state, membership, sender, SILENCE),
            inbox.put,
            clock.now,
            renews=setting.updating.possible,
        )
        loop = Loop(setting, source, clock, outbox, inbox, courier, work)
        log.info(
            "agent %s %s, start %d, server %s", membership.agent, __version__, generation, membership.server
        )
        with _stopping_on_signals(lambda: inbox.put(Stop())):
            well = _work(loop, courier, keeper)
        outbox.close()
    finally:
        lock.release()
    log.info("stopped")
    return 0 if well and not courier.failure else 1


def _setting(
    state: StateFolder, membership: Membership, keys: Keys, policy: Policy, keeper: PlanKeeper
) -> Setting:
    return Setting(
        membership.agent,
        membership.role,
        checks(),
        policy,
        keeper.accept,
        unseal=handed.opener(membership.agent, keys.seal),
        anchors=Anchors(state.audit_heads),
        kept=state.kept,
        updating=Updating(home() if policy.updates else None, __version__, in_a_child(state.path)),
    )


def _work(loop: Loop, courier: Courier, keeper: PlanKeeper) -> bool:
    """Tell whether it ended because it was told to, not by a defect of its own."""
    courier.start()
    try:
        loop.started(__version__)
        if keeper.newest is not None:
            loop.use(keeper.newest)
        loop.run()
    except Exception as error:
        log.error("the agent ended: %s: %s", type(error).__name__, error)
        log.debug("where it ended", exc_info=True)
        return False
    finally:
        courier.stop()
    return True


def _sender(membership: Membership, keys: Keys, boot: str, generation: int, clock: Clock) -> Sender:
    return Sender(membership.agent, boot, generation, keys.signer(), clock.now, clock.elapsed)


def _open(state: StateFolder, boot: str, clock: Clock, cap: int) -> Outbox:
    try:
        return Outbox(state.outbox, boot, clock.now, clock.elapsed, cap)
    except OutboxFailed as failed:
        raise UserError(f"{state.outbox} cannot be opened: {failed}", status=1) from None


@contextlib.contextmanager
def _stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    def heard(number: int, frame: FrameType | None) -> None:
        stop()

    before = {number: signal.signal(number, heard) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Write one line per message to stderr; the journal or the supervisor adds the time."""
    logging.basicConfig(level=level, format="%(levelname)s %(message)s")
    logging.raiseExceptions = False
