"""Looks at the agent of a state folder from outside, whether it runs or not."""

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from predvid.core.errors import UserError
from predvid.edge.agent import PlanKeeper
from predvid.edge.identity import Lock, Membership, StateFolder, load_keys, load_membership
from predvid.edge.outbox import Depth, depth
from predvid.edge.standing import Standing, read


@dataclass(frozen=True)
class Look:
    """What is to be seen. `problem` says why there is no membership; `outbox` is None if unreadable."""

    membership: Membership | None
    problem: str
    running: bool
    standing: Standing
    outbox: Depth | None
    plan: int | None


def look(state: StateFolder) -> Look:
    """Return how the agent of `state` stands; never raises for what it finds there."""
    try:
        membership, problem = load_membership(state), ""
        load_keys(state)
    except UserError as error:
        return Look(None, str(error), False, Standing(), None, None)
    standing, held = Standing(), None
    with contextlib.suppress(sqlite3.Error), _reading(state) as db:
        held = depth(db)
        standing = read(dict(db.execute("SELECT name, value FROM note").fetchall()))
    plan = PlanKeeper(state.plan, membership).newest
    return Look(membership, problem, running(state), standing, held, plan.version if plan else None)


def running(state: StateFolder) -> bool:
    """Tell whether an agent holds the lock of `state`."""
    lock = Lock(state)
    try:
        free = lock.take()
    except UserError:
        return False
    lock.release()
    return not free


@contextlib.contextmanager
def _reading(state: StateFolder) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(f"file:{quote(str(state.outbox))}?mode=ro", uri=True, timeout=2.0)
    try:
        yield db
    finally:
        db.close()
