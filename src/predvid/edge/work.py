"""The agent's side of tasks in one piece for the loop: authority, runner and listener."""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from predvid.edge.authority import Authority
from predvid.edge.gathering import Gathering
from predvid.edge.link import Link
from predvid.edge.listener import Listener
from predvid.edge.tasks import Runner, Told
from predvid.wire.v1 import Batch, Pushed, TaskLease, TrustHeld

TRUST_AGAIN = 3600.0  # seconds after which what is held is told again, for a server that was set back


class Work:
    """What the loop hands over and asks; `tell` puts outcomes and pushed messages into the loop's inbox.

    `renews` says whether this agent can install releases.
    """

    def __init__(
        self,
        authority: Authority,
        runs: Path,
        link: Link,
        tell: Callable[[Told | Pushed], None],
        now: Callable[[], int],
        *,
        renews: bool = False,
    ) -> None:
        self._authority, self._renews = authority, renews
        self._runner = Runner(authority, runs, tell, now)
        self._listener = Listener(link, tell)
        self._told: TrustHeld | None = None
        self._told_at = float("-inf")
        self._ending = False
        self._runner.start()

    def connected(self) -> None:
        """Begin to listen: the server has just answered this start of the agent."""
        self._listener.start()

    def handed(self, leases: Iterable[TaskLease], cancel: Iterable[str]) -> None:
        """Take what the server hands over."""
        self._runner.cancel(cancel)
        self._runner.take(leases)

    def rest(self) -> None:
        """Take no more tasks, because the agent is to end once `idle`."""
        self._runner.rest()

    @property
    def idle(self) -> bool:
        """Tell whether no task runs or waits."""
        return self._runner.idle

    def tell_trust(self, gathering: Gathering, elapsed: float, now: int) -> None:
        """Add security events that are due and, where it changed, what is held; `now` is corrected (ms)."""
        for event in self._authority.events(round(elapsed * 1000), now, self._ending):
            gathering.event(event)
        held = msgspec.structs.replace(self._authority.held(), renews=self._renews)
        if held != self._told or elapsed - self._told_at >= TRUST_AGAIN:
            gathering.trust(held)
            self._told, self._told_at = held, elapsed

    def sealed(self, batches: Iterable[Batch]) -> None:
        """Finish in the ledger what these durable batches tell the end of."""
        for batch in batches:
            self._runner.sealed(batch.outcomes)

    def stop(self) -> None:
        """End listening and the task that runs."""
        self._ending = True
        self._listener.stop()
        self._runner.stop()

    def close(self) -> None:
        """Close the ledger, once the last batch is sealed."""
        self._authority.close()
