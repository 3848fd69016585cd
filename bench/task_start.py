"""From a request to the start of a task on a connected agent: real gateway, real agent, real signatures."""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from django.utils import timezone

import console_fixture  # noqa: F401 - sets Django up, away from any real data
from installation import Installation, installation
from looking import looking_at
from operators import Office
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import authority, requests
from predvid.modules.automation.models import Publication, Task
from real_agent import RealAgent, ended, real_agent, wait


def seconds(agent: RealAgent, publication: Publication) -> float:
    """Return the seconds from a request to the moment when the server knows that the task began."""
    begun = time.monotonic()
    request = requests.request_template(PLATFORM, publication.pk, [agent.row.device_id], {}, timezone.now())
    task = request.tasks.get()
    wait(lambda: Task.objects.filter(pk=task.pk).exclude(started_at=None).exists(), "the start")
    took = time.monotonic() - begun
    wait(lambda: ended(task), "the end")
    return took


def measured(one: Installation, folder: Path, number: int) -> list[float]:
    """Return `seconds` of as many tasks, one after the other."""
    office = Office()
    authority.accept_keyset(PLATFORM, office.keyset(), office.root.public, None, timezone.now())
    with real_agent(one, folder, office) as agent:
        agent.trusted()
        publication = authority.accept_publication(
            PLATFORM, office.publication("true", rate=number + 1), timezone.now()
        )
        seconds(agent, publication)  # the first one meets cold caches
        return [seconds(agent, publication) for _ in range(number)]


def main() -> None:
    """Print median and 95th percentile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts = ("store", "gateway", "worker")
        with installation(Path(folder) / "i", *parts) as one, looking_at(one.place):
            took = measured(one, Path(folder) / "agent", options.tasks)
    p95 = statistics.quantiles(took, n=20)[18]
    print(f"{len(took)} tasks: median {statistics.median(took):.2f} s, p95 {p95:.2f} s to the start")


if __name__ == "__main__":
    main()
