"""Secrets that are kept while the keys rotate open afterwards, on SQLite and on PostgreSQL."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from installation import Installation, installation

CLIENTS = 12  # each with a data key that is made in the middle of it
WRITE = f"""
from predvid.modules.access import secret_actions
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.wire.secrets import SnmpCommunity
from django.utils import timezone
import sys
print("ready", flush=True)
for n in range({CLIENTS}):
    client = add_client(PLATFORM, f"Client {{sys.argv[1]}} {{n}}", "", timezone.now())
    for m in range(4):
        kept = secret_actions.add(PLATFORM, client.pk, f"Switch {{m}}", SnmpCommunity("word"), timezone.now())
        secret_actions.replace(PLATFORM, kept.pk, SnmpCommunity("another"), timezone.now())
"""


def race(one: Installation) -> None:
    code = f"import django; django.setup()\n{WRITE}"
    environment = {**one.environment, "PREDVID_PART": "verb"}  # of the platform, not of a person
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(n)], env=environment, stdout=subprocess.PIPE, text=True
        )
        for n in range(2)
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    while any(writer.poll() is None for writer in writers):
        done = one.predvid("secrets", "rotate", check=False)
        assert done.returncode == 0, done.stderr
    for writer in writers:
        assert writer.wait(60) == 0
        assert writer.stdout is not None
        writer.stdout.close()
    told = json.loads(one.predvid("secrets", "verify", "--json").stdout)
    assert told == {"count": 2 * CLIENTS * 4, "damaged": []}
    assert json.loads(one.predvid("secrets", "rotate", "--json").stdout)["values"] == 2 * CLIENTS * 4
    assert len(one.place.secrets_key.read_text().splitlines()) == 2


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_is_kept_during_a_rotation_opens(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if database == "postgresql" else ""
    with installation(tmp_path / "data", database_url=url) as one:
        race(one)
