"""Two people save one empty template in the same moment: one is told of the other, nothing breaks."""

import json
from pathlib import Path

from installation import installation

RACE = """
import json, threading
from django.db import connection
from django.utils import timezone
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring import policy_actions
from predvid.modules.monitoring.models import TemplateSetting
from predvid.modules.monitoring.queries.places import version

def save(barrier, value, seen):
    barrier.wait()
    try:
        policy_actions.change(PLATFORM, "template", "printer", "disk_space", {"used": value}, (),
                              timezone.now(), version({}))
        seen.append("kept")
    except Exception as error:
        seen.append(type(error).__name__)
    connection.close()

told = []
for turn in range(8):
    TemplateSetting.objects.all().delete()
    barrier, seen = threading.Barrier(2), []
    levels = [{"warning": 70 + n, "critical": 90} for n in range(2)]
    threads = [threading.Thread(target=save, args=(barrier, value, seen)) for value in levels]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    told.append([*sorted(seen), TemplateSetting.objects.count()])
print(json.dumps(told))
"""


def test_the_second_to_save_an_empty_template_is_told_of_the_first(tmp_path: Path, postgres: str) -> None:
    with installation(tmp_path / "i", database_url=postgres) as one:
        told = json.loads(one.django(RACE).splitlines()[-1])
    assert told == [["Outrun", "kept", 1]] * 8
