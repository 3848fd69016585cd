"""What this agent believes of task authority: pinned root, operators, placement, and which tasks have run.

Nothing here runs anything: `admit` says whether a lease is the word of those whom this device trusts, within
what its owner allows; `begin` writes durably that it runs, before it does. Times are the machine's own
uncorrected clock (ms): the server could lie about the time.
"""

from dataclasses import dataclass
from pathlib import Path

from predvid.core.authority import TaskRefused
from predvid.edge.identity import Membership
from predvid.edge.local_policy import Policy
from predvid.wire.authority import Content
from predvid.wire.v1 import EventRow, TaskLease, TrustHeld


@dataclass(frozen=True, slots=True)
class Admitted:
    """A task that may run: `task` is the lease's id, which outcomes carry; `once` what the ledger knows it by.

    `params` are complete (defaults filled in); `expires` in ms; `cls` is 1 or 2; `rate` the most runs of
    `publication` in 24 hours, 0 where it is an order. `operators` are the names of those who signed.
    """

    task: str
    once: str
    title: str
    content: Content
    params: dict[str, str]
    cls: int
    issued: int
    expires: int
    operators: tuple[str, ...]
    publication: str = ""
    version: int = 0
    rate: int = 0


class Authority:
    """The one that decides on this device; all methods may be called from any thread."""

    def __init__(self, folder: Path, membership: Membership, policy: Policy, platform: str) -> None:
        """Open what is held in the state `folder`; `platform` is linux, windows or macos."""

    def admit(self, lease: TaskLease, now_ms: int) -> Admitted | None:
        """Return the task of `lease` that may begin now; None where the lease only brought news of trust.

        Takes a newer root, set of operators or placement that came along. Raises TaskRefused, whose `said`
        goes into the outcome's reason; the refusal is counted for `events`.
        """
        raise TaskRefused("unpinned")

    def begin(self, work: Admitted, now_ms: int) -> None:
        """Write durably that `work` runs, before anything of it does.

        Raises TaskRefused: begun before, expired or revoked meanwhile, over a rate, or the disk refuses.
        """
        raise TaskRefused("ledger")

    def finish(self, task: str) -> None:
        """Write down that the task of that lease ended, however it did."""

    def unfinished(self) -> list[str]:
        """Return the lease ids of tasks that an earlier process began and never finished: they are `unknown`."""
        return []

    def held(self) -> TrustHeld:
        """Return what a batch tells the server of the trust held here."""
        return TrustHeld()

    def events(self, now_ms: int, server_ms: int) -> list[EventRow]:
        """Return the security events that are due; ask before each seal. `server_ms` is the corrected clock.

        The first refusal of a code is told at once; more of it are counted and told every ten minutes.
        """
        return []
