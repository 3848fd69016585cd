"""The guide of the API tells of every call, and its examples work as they stand against a real server."""

import json
import re
import subprocess
from pathlib import Path

from house.tree import ROOT
from installation import installation
from predvid.modules.api.loading import routes
from predvid.modules.api.problems import URN

GUIDE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
MODELS = "from predvid.modules.monitoring.models import Alert"
WORLD = """
import json
from datetime import UTC, datetime, timedelta
from django.utils import timezone
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import FOR_TOKENS, PLATFORM
from predvid.modules.access.token_actions import make_token
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.models import Alert
now = timezone.now()
site = add_client(PLATFORM, "Hotel", "", now).sites.first()
device = Device.objects.create(client=site.client, site=site, name="SRV-01", platform="linux")
said = {"said_id": "disk_space.used", "said_values": {"used": 96.0, "mount": "/", "free": 4e9}}
times = {"since": now, "opened_at": now, "changed_at": now}
alert = Alert.objects.create(
    client=site.client, device=device, check_name="disk_space", item="/", state=3, **said, **times
)
owner = Person.objects.create(email="o@example.com", name="O", role="owner", all_clients=True, language="en")
_, text = make_token(viewer_of(owner), "guide", FOR_TOKENS, None, timedelta(days=1), now)
print(json.dumps({"TOKEN": text, "DEVICE": str(device.pk), "ALERT": str(alert.pk)}))
"""


def test_every_call_stands_in_the_guide() -> None:
    table = set(re.findall(r"^\| `(\w+ [^`]+)` \| (?:`([\w.]+)`|-) \|", GUIDE, re.MULTILINE))
    assert table == {(f"{route.method} {route.path}", route.verb or "") for route in routes()}


def test_every_kind_of_problem_stands_in_the_guide() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "src/predvid/modules/api").rglob("*.py"))
    kinds = set(re.findall(r'Problem\(\s*\d+,\s*"([a-z-]+)"', code)) | {"store-away", "database-away"}
    assert kinds
    assert not [kind for kind in kinds if f"`{kind}`" not in GUIDE]
    assert URN in GUIDE


def test_the_examples_of_the_guide_work(tmp_path: Path) -> None:
    examples = re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    commands = [line for block in examples for line in block.replace("\\\n", "").splitlines()]
    assert len(commands) >= 7
    with installation(tmp_path / "i", "store", "gateway", "console") as one:
        words = {**json.loads(one.django(WORLD)), "PREDVID": one.place.address}
        for command in commands:
            done = subprocess.run(
                ["sh", "-c", command], env={"PATH": "/usr/bin:/bin", "NO_PROXY": "*", **words},
                capture_output=True, text=True, check=True, timeout=60,
            )  # fmt: skip
            answer = json.loads(done.stdout)
            assert not answer.get("type", "").startswith(URN), (command, answer)
        assert one.django(f"{MODELS}; print(Alert.objects.get().phase)") == "acknowledged"
