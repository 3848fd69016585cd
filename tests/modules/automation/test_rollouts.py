"""A release reaches the agents in rings; what does not prove itself is stopped after a handful of devices."""

import os
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from console_fixture import World
from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied
from predvid.modules.access.rules import PLATFORM, Viewer
from predvid.modules.automation.actions import rollouts
from predvid.modules.automation.models import AgentTrust, Renewal, Rollout
from predvid.modules.automation.queries import releases
from predvid.modules.inventory.models import Agent, Device
from predvid.modules.monitoring.actions import note_event
from predvid.modules.monitoring.models import Event, Stream
from predvid.modules.monitoring.plans import plan_for
from releases_fixture import VERSION


class Fleet:
    """Agents that can renew themselves, and what becomes of them."""

    def __init__(self, world: World, size: int) -> None:
        site, self.now = world.sites[0], world.now
        devices = Device.objects.bulk_create(
            Device(client=site.client, site=site, name=f"PC-{n:04}") for n in range(size)
        )
        agents = Agent.objects.bulk_create(
            Agent(
                client=site.client,
                device=device,
                state="approved",
                version="0.1.0",
                sign_key=os.urandom(32),
                seal_key=os.urandom(32),
            )
            for device in devices
        )
        AgentTrust.objects.bulk_create(
            AgentTrust(client=site.client, agent=agent, root=b"r" * 32, renews=True, told_at=self.now)
            for agent in agents
        )

    def turn(self, *, works: bool, seconds: int = 5) -> list[Agent]:
        """Let time pass: agents whose plans name the release take it, well or not. Return who tried."""
        self.now += timedelta(seconds=seconds)
        rollouts.advance_all(self.now)
        trying = list(Agent.objects.filter(update_to=VERSION, version="0.1.0"))
        for agent in trying:
            if works:
                Agent.objects.filter(pk=agent.pk).update(version=VERSION)
            else:
                self.complains(agent)
        return trying

    def complains(self, agent: Agent, kind: str = "agent.update_reverted", **values: str) -> None:
        words = {"version": VERSION, "running": "0.1.0", **values}
        note_event(kind, agent.client_id, agent.device_id, self.now, **words)

    def hears(self, agent: Agent, at: datetime) -> None:
        Stream.objects.create(agent=agent, boot="b", seq=1, recent=b"", seen_at=at)

    def ended(self) -> Rollout:
        return Rollout.objects.get()


@pytest.fixture
def fleet(world: World, listed: None) -> Fleet:
    return Fleet(world, 200)


def test_a_good_release_goes_in_rings_until_all_have_it(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    waves = []
    while Rollout.objects.get().state == Rollout.State.RUNNING:
        waves.append(len(fleet.turn(works=True)))
        assert len(waves) < 200
    assert sum(waves) == 200
    assert waves[:2].count(1) >= 1, "one device comes first"
    assert max(waves) < 200, "never all at once"
    assert not Agent.objects.filter(version="0.1.0", trust__renews=True).exists()
    assert fleet.ended().state == Rollout.State.DONE


def test_a_bad_release_stops_after_the_first_devices(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    tried = [agent for _ in range(20) for agent in fleet.turn(works=False)]
    assert 1 <= len(tried) <= 10
    halted = fleet.ended()
    assert (halted.state, halted.halt_reason["ring"]) == (Rollout.State.HALTED, 1)
    assert not Agent.objects.filter(update_to=VERSION).exists(), "no plan names it any more"
    assert Event.objects.filter(kind="release.halted", client=None).count() == 1


def test_a_release_that_breaks_some_devices_stops_in_the_second_ring(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    fleet.turn(works=True)
    for _ in range(20):
        fleet.turn(works=Renewal.objects.exclude(state="waiting").count() < 4)
    assert fleet.ended().state == Rollout.State.HALTED
    assert Renewal.objects.exclude(state__in=("waiting", "left")).count() <= 20


def test_who_could_only_not_reach_the_server_has_not_failed(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    fleet.now += timedelta(seconds=5)
    rollouts.advance_all(fleet.now)
    agent = Agent.objects.get(update_to=VERSION)
    fleet.complains(agent, "agent.update_refused", code="unreachable", why="no way")
    rollouts.advance_all(fleet.now)
    assert fleet.ended().state == Rollout.State.RUNNING
    fleet.complains(agent, "agent.update_refused", code="untrusted", why="signature")
    rollouts.advance_all(fleet.now)
    assert fleet.ended().state == Rollout.State.HALTED


def test_an_agent_that_is_off_holds_up_no_rollout_and_has_not_failed(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    rollouts.advance_all(fleet.now)
    agent = Agent.objects.get(update_to=VERSION)
    fleet.hears(agent, fleet.now)
    fleet.now += timedelta(hours=23)
    rollouts.advance_all(fleet.now)
    assert Renewal.objects.get(agent=agent).state == Renewal.State.UNDER_WAY
    fleet.turn(works=True, seconds=3600)
    assert Renewal.objects.get(agent=agent).state == Renewal.State.LEFT
    assert Agent.objects.get(pk=agent.pk).update_to == "", "it does not take it unwatched either"
    for _ in range(200):
        fleet.turn(works=True)
    assert fleet.ended().state == Rollout.State.DONE
    assert Renewal.objects.filter(state=Renewal.State.DONE).count() == 199


def test_a_release_after_which_agents_fall_silent_is_halted(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    rollouts.advance_all(fleet.now)
    agent = Agent.objects.get(update_to=VERSION)
    fleet.hears(agent, fleet.now + timedelta(seconds=40))
    fleet.now += timedelta(hours=24)
    rollouts.advance_all(fleet.now)
    assert fleet.ended().state == Rollout.State.HALTED
    assert Renewal.objects.exclude(state__in=("waiting", "left")).count() == 1


def test_an_agent_that_is_locked_meanwhile_does_not_renew_itself_later(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    rollouts.advance_all(fleet.now)
    locked = Agent.objects.filter(update_to=VERSION)
    locked.update(state="locked")
    rollouts.advance_all(fleet.now)
    assert not locked.filter(state="locked").exists()


def test_what_was_said_of_another_release_or_before_does_not_count(fleet: Fleet) -> None:
    for agent in Agent.objects.filter(trust__renews=True)[:50]:
        fleet.complains(agent)
    fleet.now += timedelta(hours=1)
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    rollouts.advance_all(fleet.now)
    fleet.complains(Agent.objects.get(update_to=VERSION), version="0.0.9")
    rollouts.advance_all(fleet.now)
    assert fleet.ended().state == Rollout.State.RUNNING


def test_the_plan_names_the_release_and_is_newer(fleet: Fleet) -> None:
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    versions = dict(Device.objects.values_list("pk", "plan_version"))
    rollouts.advance_all(fleet.now)
    (agent,) = Agent.objects.filter(update_to=VERSION)
    plan = plan_for(agent.pk, {}, fleet.now)
    assert plan.update == VERSION
    assert plan.version > versions[agent.device_id]


def test_agents_that_cannot_renew_themselves_are_left_out(fleet: Fleet) -> None:
    unable = list(AgentTrust.objects.values_list("pk", flat=True)[:50])
    AgentTrust.objects.filter(pk__in=unable[:20]).update(renews=False)
    AgentTrust.objects.filter(pk__in=unable[20:]).update(root=b"")
    assert rollouts.begin(PLATFORM, VERSION, fleet.now).agents == 150


def test_a_stopped_rollout_leaves_the_rest_as_it_was(fleet: Fleet) -> None:
    rollout = rollouts.begin(PLATFORM, VERSION, fleet.now)
    fleet.turn(works=True)
    fleet.now += timedelta(seconds=5)
    rollouts.advance_all(fleet.now)
    rollouts.stop(PLATFORM, rollout.pk, fleet.now)
    assert not fleet.turn(works=True)
    assert fleet.ended().state == Rollout.State.CANCELLED
    with pytest.raises(UserError, match="ended already"):
        rollouts.stop(PLATFORM, rollout.pk, fleet.now)


def test_one_release_at_a_time_and_only_a_published_one(fleet: Fleet) -> None:
    with pytest.raises(UserError, match="published"):
        rollouts.begin(PLATFORM, "9.9", fleet.now)
    rollouts.begin(PLATFORM, VERSION, fleet.now)
    with pytest.raises(UserError, match="on its way"):
        rollouts.begin(PLATFORM, VERSION, fleet.now)


@pytest.mark.parametrize("role", ["technician", "account_manager", "client_contact", "auditor"])
def test_only_heads_of_the_whole_roll_out(fleet: Fleet, role: str) -> None:
    with pytest.raises(Denied):
        rollouts.begin(Viewer("X", role, None), VERSION, fleet.now)
    with pytest.raises(NotVisible):
        rollouts.begin(Viewer("X", "owner", frozenset()), VERSION, fleet.now)


def test_a_list_that_cannot_be_read_offers_nothing(fleet: Fleet) -> None:
    path = settings.PLACE.data / "releases/metadata/timestamp.json"
    whole = path.read_bytes()
    assert [one.version for one in releases.published()] == [VERSION]
    for content in (b"", b"{}", b"[]", whole[:100], b"\xff"):
        path.write_bytes(content)
        assert releases.published() == []
        assert releases.believed_until() is None
    path.write_bytes(whole)
