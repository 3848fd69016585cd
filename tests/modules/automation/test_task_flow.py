"""Tasks from a person's request to the page: real signatures, a real gateway, the real agent as a process."""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import msgspec
import psutil
import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from installation import Installation
from operators import Office
from predvid.core.authority import TaskRefused
from predvid.modules.access.models import Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import authority, chores, requests
from predvid.modules.automation.models import Publication, Task
from predvid.modules.monitoring.models import Alert, Event
from predvid.wire.authority import OperatorKey, Parameter
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
    page = shown(reverse("task", args=[task.pk]))
    assert "starije od 30 dana" in page
    assert "<dd>30</dd>" in page
    assert "obavljen" in page


def shown(address: str) -> str:
    """Return a page as an owner reads it, whom other tests of this process never meet."""
    with transaction.atomic():
        words = {"email": "vlasnica@example.com", "name": "Ana", "role": "owner"}
        person = Person.objects.create(all_clients=True, **words)
        browser = Browser(headers={"host": settings.ALLOWED_HOSTS[0]})
        browser.force_login(person)
        answer = browser.get(address)
        transaction.set_rollback(True)
    assert answer.status_code == 200
    return answer.content.decode()


def kinds(task: Task) -> list[str]:
    """Return the kinds of the events that tell of one task, in order."""
    rows = Event.objects.filter(source__task=str(task.pk)).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def begun(task: Task) -> bool:
    task.refresh_from_db()
    return task.started_at is not None


def test_a_signed_command_runs_for_exactly_its_agent(agent: RealAgent, office: Office) -> None:
    task = ordered(agent, office, "echo naredba; echo greška >&2; exit 3")
    wait(lambda: ended(task), "the end")
    assert (task.state, task.code) == ("failed", 3)
    assert printed(task) == "naredba\ngreška\n"
    assert kinds(task) == ["task.started", "task.failed"]


def test_output_comes_while_the_task_runs_and_a_person_stops_it(agent: RealAgent, office: Office) -> None:
    mark = agent.state.path / "was-stopped"
    body = f"trap 'touch {mark}; exit 1' TERM; n=0; while :; do n=$((n+1)); echo red $n; sleep 0.2; done"
    task = ordered(agent, office, body)
    wait(lambda: printed(task).count("\n") >= 3, "the first output")
    assert not ended(task)
    requests.cancel_task(PLATFORM, task.pk, timezone.now())
    wait(lambda: ended(task), "the stop")
    assert (task.state, task.reason_id) == ("cancelled", "task.stopped")
    assert mark.exists(), "it was asked to end before it was ended by force"
    assert printed(task).startswith("red 1\nred 2\n")


def test_endless_output_is_capped_and_the_agent_stays_small(agent: RealAgent, office: Office) -> None:
    task = ordered(agent, office, "head -c 40000000 /dev/zero | tr '\\0' 'x'; echo; printf '\\377kraj'")
    wait(lambda: ended(task), "the end")
    assert (task.state, task.truncated, task.output_bytes) == ("done", True, 256 << 10)
    assert set(printed(task)) == {"x"}
    assert psutil.Process(agent.process.pid).memory_info().rss < 60 << 20


def test_a_task_that_does_not_end_is_ended_with_all_that_came_of_it(agent: RealAgent, office: Office) -> None:
    left = agent.state.path / "left"
    body = f"setsid sh -c 'echo $$ > {left}; sleep 600' & trap '' TERM; sleep 600 & wait; sleep 600"
    task = ordered(agent, office, body, timeout=1)
    wait(lambda: ended(task), "the time-out")
    assert (task.state, task.reason_id) == ("failed", "task.timed_out")
    wait(lambda: not psutil.pid_exists(int(left.read_text())), "the end of what had left the group")


def test_a_swarm_of_processes_is_ended(agent: RealAgent, office: Office) -> None:
    body = "n=0; while [ $n -lt 400 ]; do sleep 300 & n=$((n+1)); done; wait"
    task = ordered(agent, office, body, timeout=60)
    wait(lambda: ended(task), "the end of the swarm")
    assert (task.state, task.reason_id) == ("failed", "task.too_many_processes")
    again = ordered(agent, office, "true")
    wait(lambda: ended(again), "another task")
    assert again.state == "done"


def test_python_gets_no_environment_of_the_agent(agent: RealAgent, office: Office) -> None:
    body = "import os\nprint([n for n in os.environ if n.startswith('PREDVID')], os.environ['PREDVID_WHO'])"
    who = Parameter("who", longest=40)
    publication = published(office, body, language="python", parameters=[who])
    task = asked(agent, publication, who="$(reboot); 'Ž'")
    wait(lambda: ended(task), "the end")
    assert printed(task) == "['PREDVID_WHO'] $(reboot); 'Ž'\n"


def test_a_missing_interpreter_is_named(agent: RealAgent, office: Office) -> None:
    publication = published(office, "Get-Date", language="powershell")
    task = asked(agent, publication)
    wait(lambda: ended(task), "the end")
    assert (task.state, task.reason_id) == ("failed", "task.no_interpreter")
    assert task.reason_values == {"tool": "powershell"}


def test_a_killed_agent_leaves_its_task_unknown_and_runs_it_no_second_time(
    agent: RealAgent, office: Office
) -> None:
    runs = agent.state.path / "runs"
    left = agent.state.path / "left-behind"
    body = f"echo . >> {runs}; setsid sh -c 'echo $$ > {left}; exec sleep 600' & sleep 600"
    task = ordered(agent, office, body)
    wait(lambda: begun(task) and left.exists() and left.read_text(), "the start")
    agent.kill()
    assert psutil.pid_exists(int(left.read_text())), "nobody else ends what a killed agent leaves"
    agent.start()
    wait(lambda: ended(task), "the outcome of the next process")
    assert (task.state, task.reason_id) == ("unknown", "task.agent_ended")
    after = ordered(agent, office, "true")
    wait(lambda: ended(after), "a task after it")
    assert runs.read_text().count(".") == 1
    wait(lambda: not psutil.pid_exists(int(left.read_text())), "the end of what was left")
    assert kinds(task) == ["task.started", "task.unknown"]


def test_an_agent_told_to_stop_ends_its_task_and_says_so(agent: RealAgent, office: Office) -> None:
    left = agent.state.path / "pid"
    task = ordered(agent, office, f"echo $$ > {left}; sleep 600")
    wait(lambda: begun(task) and left.exists(), "the start")
    agent.kill(signal.SIGTERM)
    wait(lambda: not psutil.pid_exists(int(left.read_text())), "the end of what was left")
    agent.start()
    wait(lambda: ended(task), "the outcome")
    assert task.state == "unknown"


def test_a_gateway_killed_while_a_task_runs_loses_and_repeats_nothing(
    agent: RealAgent, office: Office, gateway: Installation
) -> None:
    runs = agent.state.path / "gateway-runs"
    task = ordered(agent, office, f"echo . >> {runs}; for n in 1 2 3 4; do echo dio $n; sleep 1; done")
    wait(lambda: begun(task), "the start")
    gateway.kill("gateway")
    time.sleep(2)
    gateway.start("gateway")
    wait(lambda: ended(task), "the outcome", 90)
    assert (task.state, printed(task)) == ("done", "dio 1\ndio 2\ndio 3\ndio 4\n")
    assert runs.read_text() == ".\n"
    assert kinds(task) == ["task.started", "task.done"]


def test_an_unsigned_task_is_refused_and_alarms_until_a_person_looked(
    agent: RealAgent, office: Office
) -> None:
    publication = published(office, "touch /srv/never")
    task = asked(agent, publication)
    Publication.objects.filter(pk=publication.pk).update(signed=b"")
    signed = Office().publication("touch /srv/never", id=publication.key)
    Publication.objects.filter(pk=publication.pk).update(signed=msgspec.msgpack.encode(signed))
    wait(lambda: ended(task), "the refusal")
    assert (task.state, task.reason_id) == ("refused", "task.refused.signature")
    alert = Alert.objects.get(device=agent.row.device, check_name="agent", item="task")
    assert (alert.state, alert.phase, alert.said_id) == (3, "open", "agent.task_refused")
    now = timezone.now()
    chores.close_quiet_alerts(now + timedelta(hours=23))
    alert.refresh_from_db()
    assert alert.phase == "open"
    chores.settle(PLATFORM, agent.row.device_id, "Proba napada", now)
    alert.refresh_from_db()
    assert alert.phase == "resolved"
    assert "security.task_refused" in Event.objects.filter(device=agent.row.device).values_list(
        "kind", flat=True
    )


def test_a_revoked_operator_can_no_longer_run_anything(agent: RealAgent, office: Office) -> None:
    request = requests.request_command(
        PLATFORM, requests.Command("Nalog", "sh", "true"), [agent.row.device_id], timezone.now()
    )
    body = bytes(request.body)
    only_ivo = [OperatorKey("Ivo", office.ivo.public)]
    keyset = office.keyset(operators=only_ivo)
    authority.accept_keyset(PLATFORM, keyset, office.root.public, None, timezone.now())
    with pytest.raises(TaskRefused):
        authority.attach(PLATFORM, request.pk, office.sign(body), timezone.now())
    authority.attach(PLATFORM, request.pk, office.sign(body, office.ivo), timezone.now())
    task = request.tasks.get()
    wait(lambda: ended(task), "the end")
    assert task.state == "done"
    wait(lambda: agent.row.trust.keyset == office.version, "the agent's newer key set")
