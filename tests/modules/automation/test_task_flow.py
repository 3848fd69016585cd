"""Tasks from a person's request to the page: real signatures, a real gateway, the real agent as a process."""

import statistics
import time
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone

from installation import Installation
from operators import Office
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import authority, requests
from predvid.modules.automation.models import Publication, Task
from predvid.modules.monitoring.models import Event
from predvid.wire.authority import Parameter
from real_agent import RealAgent, ended, printed, real_agent, wait


@pytest.fixture(scope="module")
def office(gateway: Installation) -> Office:
    """Root and operators whose key set the installation has taken over."""
    office = Office()
    authority.accept_keyset(PLATFORM, office.keyset(), office.root.public, None, timezone.now())
    return office


@pytest.fixture(scope="module")
def agent(
    gateway: Installation, office: Office, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealAgent]:
    """The real agent, which pins the office's root."""
    with real_agent(gateway, tmp_path_factory.mktemp("agent") / "state", office) as agent:
        agent.trusted()
        yield agent


def published(office: Office, body: str, **words: object) -> Publication:
    return authority.accept_publication(PLATFORM, office.publication(body, **words), timezone.now())


def asked(agent: RealAgent, publication: Publication, **params: str) -> Task:
    request = requests.request_template(
        PLATFORM, publication.pk, [agent.row.device_id], params, timezone.now()
    )
    return request.tasks.get()


def ordered(agent: RealAgent, office: Office, body: str, **words: object) -> Task:
    command = requests.Command("Nalog", "sh", body, **words)  # type: ignore[arg-type]  # its own fields
    request = requests.request_command(PLATFORM, command, [agent.row.device_id], timezone.now())
    authority.attach(PLATFORM, request.pk, office.sign(bytes(request.body)), timezone.now())
    return request.tasks.get()


def test_a_template_runs_with_its_parameter_and_tells_its_output(agent: RealAgent, office: Office) -> None:
    days = Parameter("days", low=1, high=90, default="7")
    publication = published(office, 'echo "starije od $PREDVID_DAYS dana"; exit 0', parameters=[days])
    task = asked(agent, publication, days="30")
    wait(lambda: ended(task), "the end of the task")
    assert (task.state, task.code, task.reason_id) == ("done", 0, "")
    assert printed(task) == "starije od 30 dana\n"
    kinds = list(
        Event.objects.filter(device=agent.row.device, kind__startswith="task.")
        .order_by("pk")
        .values_list("kind", flat=True)
    )
    assert kinds[-3:] == ["task.requested", "task.started", "task.done"]
    assert not list(agent.state.path.joinpath("run").iterdir())


def test_a_connected_agent_begins_within_two_seconds(
    agent: RealAgent, office: Office, record_property: Callable[[str, object], None]
) -> None:
    publication = published(office, "true", rate=100)
    took = []
    for _ in range(20):
        begun = time.monotonic()
        task = asked(agent, publication)
        wait(lambda: Task.objects.filter(pk=task.pk).exclude(started_at=None).exists(), "the start")  # noqa: B023
        took.append(time.monotonic() - begun)
        wait(lambda: ended(task), "the end")  # noqa: B023
    p95 = statistics.quantiles(took, n=20)[18]
    record_property("start_seconds_p95", round(p95, 2))
    assert p95 < 2.0
