"""A gateway that is told to end ends at once and cleanly, whoever holds an answer of it open."""

import http.client
import signal
from pathlib import Path
from uuid import uuid4

from held_answer import Held
from installation import installation
from simulated import Device

ROWS = """
from datetime import UTC, datetime
from django.test import Client as Browser
from predvid.modules.access.models import Person
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.models import Agent, Device
site = add_client(PLATFORM, "Hotel", "", datetime.now(UTC)).sites.get()
device = Device.objects.create(client=site.client, site=site, name="SRV", platform="linux")
Agent.objects.create(id={agent!r}, client=site.client, device=device, state="approved", generation=1,
                     sign_key=bytes.fromhex({key!r}), seal_key=b"", boot={boot!r})
person = Person.objects.create(email="a@example.com", name="Ana", role="owner", all_clients=True)
browser = Browser()
browser.force_login(person)
print(browser.cookies["predvid_session"].value)
"""


def test_held_answers_and_live_pages_do_not_keep_it(tmp_path: Path) -> None:
    device = Device(agent=str(uuid4()))
    with installation(tmp_path / "i", "store", "gateway") as one:
        key = device.signer.public.hex()
        cookie = one.django(ROWS.format(agent=device.agent, key=key, boot=device.boot))
        held = Held(one.port, device)
        assert held.status == 200
        assert held.message() is not None
        page = http.client.HTTPConnection("127.0.0.1", one.port, timeout=20)
        page.request("GET", "/live", headers={"Cookie": f"predvid_session={cookie}"})
        stream = page.getresponse()
        assert stream.status == 200
        process = one.running.pop("gateway")
        process.send_signal(signal.SIGTERM)
        assert held.message() is None
        assert b"bye" in stream.read()
        assert process.wait(20) == -signal.SIGTERM  # uvicorn ends as one who was told to
        held.close()
        page.close()
        log = one.log("gateway")
        assert "Traceback" not in log
        assert "graceful" not in log
