"""Tasks on PostgreSQL: asked for, handed over, told of in batches, halted, and shown on every page."""

from contextlib import closing
from pathlib import Path

import msgspec

from flow.test_postgresql import TOKEN
from installation import installation
from predvid.wire import v1
from predvid.wire.v1 import TaskOutcome, TrustHeld
from simulated import Device, Link, now_ms

SETTING = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
"""
FOUNDED = (
    SETTING
    + """
from django.utils import timezone
from operators import Office
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import authority, requests
from predvid.modules.inventory.models import Device
office, now = Office(), timezone.now()
authority.accept_keyset(PLATFORM, office.keyset(), office.root.public, None, now)
template = authority.accept_publication(PLATFORM, office.publication("true"), now)
request = requests.request_template(PLATFORM, template.pk, [Device.objects.get().pk], {}, now)
print(request.tasks.get().wire)
"""
)
PAGES = (
    SETTING
    + """
import os
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from task_scene import scene
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.automation.actions import chores, running
from predvid.modules.automation.models import KeySetRow
from predvid.modules.inventory.models import Agent, Device, Site
KeySetRow.objects.all().delete()  # another office founds the authority of the scene
now, site = timezone.now(), Site.objects.get()
owner = Person.objects.create(email="a@example.com", name="Ana", role="owner", all_clients=True)
for n in range(31):
    device = Device.objects.create(client=site.client, site=site, name=f"D{n:02}")
    Agent.objects.create(client=site.client, device=device, state="approved", sign_key=os.urandom(32),
                         seal_key=os.urandom(32))
made = scene(viewer_of(owner), list(Device.objects.filter(name__startswith="D").order_by("name")), now)
running.advance_all(now), chores.expire(now), chores.close_quiet_alerts(now)
browser = Browser(headers={"host": settings.ALLOWED_HOSTS[0]})
browser.force_login(owner)
session = browser.session
session["proof"] = now.timestamp()
session.save()
addresses = ["/tasks/", "/tasks/?group=bad&q=D", "/authority/", "/tasks/new/", f"/tasks/{made.done.pk}/",
             f"/tasks/requests/{made.campaign.pk}/", f"/tasks/templates/{made.publication.pk}/",
             f"/devices/{made.done.device_id}/"]
print(made.campaign.state, {browser.get(address).status_code for address in addresses})
"""
)
STATES = """
from predvid.modules.automation.models import Task
print(list(Task.objects.values_list("state", "handed", "output_bytes")))
"""


def test_tasks_hold_on_postgresql(tmp_path: Path, postgres: str) -> None:
    parts = ("store", "gateway")
    with installation(tmp_path / "i", *parts, database_url=postgres) as one, closing(Link(one.port)) as link:
        device = Device()
        status, answer = link.post(device, "enrol", device.enrolment(one.django(TOKEN)))
        assert status == 200, answer
        device.agent = msgspec.msgpack.decode(answer, type=v1.Enrolled).agent
        link.ack(device, device.batch("cpu", [], trust=TrustHeld(b"r" * 32, 0, 9, 0, (0, 1))))
        wire = one.django(FOUNDED).splitlines()[-1]
        leases: list[v1.TaskLease] = []
        while not leases:
            leases = link.ack(device, device.batch("cpu", [])).tasks
        assert [lease.task for lease in leases] == [wire]
        outcomes = [
            TaskOutcome(wire, "started", at=now_ms()),
            TaskOutcome(wire, "output", "čšž", at=now_ms(), part=1),
            TaskOutcome(wire, "done", code=0, at=now_ms()),
            TaskOutcome("forged", "refused", at=now_ms()),
        ]
        body = device.batch("cpu", [], outcomes=outcomes)
        assert not link.ack(device, body).repeated
        assert link.ack(device, body).repeated
        assert one.django(STATES) == "[('done', 1, 6)]"
        assert one.django(PAGES).splitlines()[-1] == "halted {200}"
