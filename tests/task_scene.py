"""Tasks in every state for tests of pages: made by the real verbs, signed by real keys, no agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from operators import Office
from predvid.modules.access.rules import Viewer
from predvid.modules.automation.actions import authority, requests, running
from predvid.modules.automation.models import AgentTrust, Publication, Task, TaskOutput, TaskRequest
from predvid.modules.inventory.models import Agent, Device
from predvid.wire.authority import Parameter

CLEAN = """#!/bin/sh
# Briše privremene datoteke starije od zadanog broja dana.
find /srv/tmp -type f -mtime "+$PREDVID_DAYS" -print -delete
"""


@dataclass
class Scene:
    """What the scene made."""

    office: Office
    publication: Publication
    done: Task
    running: Task
    refused: Task
    campaign: TaskRequest
    waiting: TaskRequest
    second: TaskRequest


def pinned(office: Office, devices: Sequence[Device], now: datetime) -> None:
    """Let the agents of `devices` have told that they pin the office's root."""
    for agent in Agent.objects.filter(device__in=devices, state="approved"):
        AgentTrust.objects.create(
            client_id=agent.client_id,
            agent=agent,
            root=office.fingerprint,
            keyset=1,
            classes=[0, 1, 2],
            told_at=now,
        )


def founded(who: Viewer, devices: Sequence[Device], now: datetime) -> Office:
    """Return an office whose key set is in force and whose root all agents of `devices` pin."""
    office = Office()
    authority.accept_keyset(who, office.keyset(), office.root.public, None, now)
    pinned(office, devices, now)
    return office


def scene(who: Viewer, devices: Sequence[Device], now: datetime) -> Scene:
    """Make tasks in every state on `devices`, of which there must be at least 30."""
    office = founded(who, devices, now)
    days = Parameter("days", low=1, high=90, default="7")
    folder = Parameter("folder", values=["/srv/tmp", "/srv/cache"], default="/srv/tmp")
    signed = office.publication(CLEAN, parameters=[days, folder], minutes_by_hand=6)
    publication = authority.accept_publication(who, signed, now)
    first = [device.pk for device in devices]

    def one(number: int, state: str, **words: object) -> Task:
        asked = requests.request_template(who, publication.pk, [first[number]], {"days": "30"}, now)
        Task.objects.filter(request=asked).update(
            state=state, started_at=now - timedelta(minutes=3), leased_at=now, **words
        )
        if state in ("done", "failed", "refused"):
            TaskRequest.objects.filter(pk=asked.pk).update(state="done", ended_at=now)
        return asked.tasks.get()

    done = one(0, "done", ended_at=now - timedelta(minutes=2), code=0, minutes_saved=6, output_bytes=90)
    text = "".join(f"/srv/tmp/ostatak-{n:03}.tmp\n" for n in range(60))
    TaskOutput.objects.create(client_id=done.client_id, task=done, part=1, text=text)
    going = one(1, "started")
    TaskOutput.objects.create(client_id=going.client_id, task=going, part=1, text="Provjeravam diskove …\n")
    one(3, "failed", ended_at=now, code=2)
    one(4, "unknown", ended_at=now, reason_id="task.agent_ended")
    refused = one(2, "refused", ended_at=now, reason_id="task.refused.signature")
    campaign = requests.request_template(who, publication.pk, first[5:25], {}, now)
    rows = list(campaign.tasks.order_by("place"))
    Task.objects.filter(pk=rows[0].pk).update(state="done", ended_at=now)
    running.advance_all(now)
    Task.objects.filter(request=campaign, ring=1).update(state="failed", code=1, ended_at=now)
    running.advance_all(now)
    campaign.refresh_from_db()
    command = requests.Command("Provjeri diskove", "bash", "smartctl --scan\n", why="Prijava korisnika")
    waiting = requests.request_command(who, command, first[:1], now)
    second = requests.request_template(who, publication.pk, first[:30], {}, now)
    return Scene(office, publication, done, going, refused, campaign, waiting, second)
