"""Work that the server leases to this agent: refused whole until operators have keys that this agent pins."""

from collections.abc import Iterable

from predvid.wire.v1 import TaskLease, TaskOutcome


def answer(leases: Iterable[TaskLease]) -> list[TaskOutcome]:
    """Return the outcome of each lease: without a pinned trust root only plans (class 0) run."""
    return [TaskOutcome(lease.task, "refused", "this agent pins no trust root") for lease in leases]
