"""Task authority from `predvid trust init` to a script that ran: an operator's commands, a real server."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from installation import Installation, installation
from predvid.wire.token import parse

TOKEN = """
from datetime import UTC, datetime, timedelta
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
from predvid.modules.inventory.models import Site
now = datetime.now(UTC)
if not Site.objects.exists():
    add_client(PLATFORM, "Client", "Site", now)
site, hour = Site.objects.first().pk, timedelta(hours=1)
print(create_token(PLATFORM, site, uses=5, valid=hour, approves=True, now=now))
"""
ASK = """
from datetime import UTC, datetime
from predvid.modules.access.rules import PLATFORM
from predvid.modules.automation.actions import requests
from predvid.modules.automation.models import AgentTrust, Publication, Task
from predvid.modules.inventory.models import Agent
now, device = datetime.now(UTC), Agent.objects.order_by("enrolled_at").first().device_id
"""
TEMPLATE = """
id = "hello"
version = {version}
title = "Say hello"
[script]
language = "sh"
body = "echo hello $PREDVID_WHOM"
[targets]
everywhere = true
[[parameters]]
name = "whom"
values = ["world", "moon"]
default = "world"
"""
TASKS = """
def line(task):
    printed = "".join(one.text for one in task.output.order_by("part"))
    return f"{task.state} {task.reason_id} {printed.strip()}"
print(*map(line, Task.objects.order_by("created_at")), sep="|")
"""
START = (
    "requests.request_template(PLATFORM, Publication.objects.get(newest=True).pk, [device], {params}, now)"
)
PINNED = "print(AgentTrust.objects.exclude(root=b'').count())"
REFUSED = """
from predvid.modules.monitoring.models import Event
print(Event.objects.filter(kind="security.task_refused").count())
"""
ENDED = ("done", "failed", "refused", "unknown", "expired", "cancelled")
NO_AUDIT = """
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute("{sql}")
"""
SECONDS = 40.0


@dataclass
class Desk:
    """An operator's machine beside a running installation, with the agent of `predvid up`."""

    one: Installation
    folder: Path
    passphrase: Path

    def trust(self, *arguments: str, folder: Path | None = None, check: bool = True) -> Any:
        """Run a verb of `predvid trust`; return its JSON, or with `check` False the whole process."""
        where = ["--folder", str(folder or self.folder), "--data", str(self.one.place.data)]
        command = ["trust", *arguments, *where, "--passphrase-file", str(self.passphrase)]
        done = self.one.predvid(*command, "--json", check=False)
        assert not check or done.returncode == 0, done.stderr
        return json.loads(done.stdout) if check else done

    def ask(self, code: str) -> str:
        """Ask for a task in the server's own words; return what `code` prints."""
        return self.one.django(ASK + code)

    def order(self, body: str, **words: object) -> str:
        """Ask for an ad-hoc command on the device; return the digest of what waits."""
        given = "".join(f", {name}={value!r}" for name, value in words.items())
        command = f"requests.Command('Order', 'sh', {body!r}{given})"
        self.ask(f"requests.request_command(PLATFORM, {command}, [device], now)")
        return str(self.trust("sign")["requests"][-1]["digest"])

    def tasks(self) -> list[str]:
        """Return state, reason and output of every task, oldest first."""
        return self.ask(TASKS).split("|")

    def held(self, what: str) -> int:
        """Return what the agent last told that it holds."""
        return int(self.ask(f"print(max([0, *AgentTrust.objects.values_list({what!r}, flat=True)]))"))

    def ended(self, number: int) -> str:
        """Wait until the task of that number has ended; return it."""
        wait(lambda: self.tasks()[number].split()[0] in ENDED, self.tasks)
        return self.tasks()[number]


def wait(done: Callable[[], object], what: Callable[[], object]) -> None:
    until = time.monotonic() + SECONDS
    while not done():
        assert time.monotonic() < until, f"not within {SECONDS:.0f} s: {what()}"
        time.sleep(0.2)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the desk after `trust init`, with the local agent running."""
    with installation(tmp_path_factory.mktemp("trusted"), "store", "gateway", "worker") as one:
        one.place.describe()
        state = one.place.data / "agent"
        one.predvid("agent", "enroll", one.place.address, "--token", one.django(TOKEN), "--state", str(state))
        home = tmp_path_factory.mktemp("operator")
        (home / "pass").write_text("a passphrase for tests\n")
        desk = Desk(one, home / "trust", home / "pass")
        made = desk.trust("init", "--name", "ana")
        assert (made["left"], made["pinned"], made["operators"]) == (True, True, ["ana"])
        command = [sys.executable, "-m", "predvid", "agent", "run", "--state", str(state)]
        with (one.place.data / "agent.log").open("wb") as log:
            agent = subprocess.Popen(command, stderr=log, env={**os.environ, "NO_PROXY": "*"})
        try:
            wait(lambda: desk.ask(PINNED) == "1", lambda: one.log("gateway"))
            yield desk
        finally:
            agent.terminate()
            agent.wait(20)


def test_a_published_template_runs_and_an_older_one_is_not_taken(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "hello.toml"
    file.write_text(TEMPLATE.format(version=2))
    done = desk.trust("publish", str(file), "--yes", check=False)
    assert done.returncode == 0
    assert "echo hello $PREDVID_WHOM" in done.stderr, "nothing is signed unseen"
    desk.ask(START.format(params={"whom": "moon"}))
    assert desk.ended(0) == "done  hello moon"
    file.write_text(TEMPLATE.format(version=1))
    done = desk.trust("publish", str(file), "--yes", check=False)
    assert (done.returncode, done.stderr.count("older (version 1)")) == (1, 1)


def test_an_order_runs_once_its_very_bytes_are_confirmed(desk: Desk) -> None:
    sha = desk.order("echo ordered")
    assert desk.trust("sign", "--confirm", "0" * 64)["signed"] == 0
    answer = desk.trust("sign", "--confirm", sha)
    assert (answer["signed"], answer["requests"][0]["message"]["content"]["body"]) == (1, "echo ordered")
    assert desk.ended(1) == "done  ordered"
    assert desk.trust("sign")["requests"] == []


def test_what_widens_rights_needs_two_and_the_devices_owner(desk: Desk, tmp_path: Path) -> None:
    ivo = tmp_path / "ivo"
    key = desk.trust("operator", "add", "ivo", folder=ivo)["key"]
    stranger = desk.trust("sign", folder=ivo, check=False)
    assert (stranger.returncode, "No operator of the newest key set" in stranger.stderr) == (1, True)
    assert desk.trust("operator", "add", "ivo", "--key", key)["operators"] == ["ana", "ivo"]
    sha = desk.order("echo widened", widens=True)
    assert desk.trust("sign", "--confirm", sha)["signed"] == 1
    assert desk.tasks()[2].split()[0] == "waiting"
    assert desk.trust("sign", "--confirm", sha)["signed"] == 0, "one operator is not two"
    waiting, signed = str(tmp_path / "waiting"), str(tmp_path / "answers")
    assert desk.trust("fetch", waiting)["requests"] == 1
    offline = desk.trust("sign", "--file", waiting, "--out", signed, "--confirm", sha, folder=ivo)
    assert offline["signed"] == 1
    assert desk.trust("carry", signed)["carried"] == 1
    assert desk.ended(2).split() == ["refused", "task.refused.widening"]
    wait(lambda: desk.ask(REFUSED) == "1", lambda: desk.ask(REFUSED))


def test_a_new_root_is_followed_and_what_is_revoked_is_gone(desk: Desk) -> None:
    before = desk.trust("status")["root"]
    after = desk.trust("rotate")
    assert (after["serial"], after["keyset"]) == (1, 3)
    assert after["root"] != before
    assert desk.trust("sign", "--confirm", desk.order("echo rotated"))["signed"] == 1
    assert desk.ended(3) == "done  rotated"
    wait(lambda: (desk.held("root_serial"), desk.held("keyset")) == (1, 3), desk.tasks)
    assert desk.trust("revoke", "hello")["revoked"] == ["hello"]
    wait(lambda: not desk.trust("status", "--online", check=False).returncode, lambda: desk.one.log("worker"))
    assert desk.ask("print(Publication.objects.filter(newest=True).count())") == "0"


def test_what_cannot_be_audited_is_not_taken(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "hello.toml"
    file.write_text(TEMPLATE.format(version=9).replace('"hello"', '"other"'))
    trigger = "CREATE TRIGGER mute BEFORE INSERT ON access_auditentry BEGIN SELECT RAISE(ABORT, 'no'); END"
    desk.one.django(NO_AUDIT.format(sql=trigger))
    try:
        done = desk.trust("publish", str(file), "--yes", check=False)
        assert done.returncode == 1
        assert "database" in done.stderr
    finally:
        desk.one.django(NO_AUDIT.format(sql="DROP TRIGGER mute"))
    assert desk.ask("print(Publication.objects.filter(key='other').count())") == "0"


def test_a_token_made_after_init_pins_the_root_at_enrolment(desk: Desk, tmp_path: Path) -> None:
    token = desk.one.django(TOKEN)
    root = desk.trust("status")["root"].replace("-", "")
    assert parse(token).root_fingerprint == root
    state = str(tmp_path / "second")
    desk.one.predvid("agent", "enroll", desk.one.place.address, "--token", token, "--state", state)
    shown = json.loads(desk.one.predvid("agent", "trust", "--state", state, "--json").stdout)
    assert (shown["root"].replace("-", ""), shown["classes"]) == (root, [0, 1, 2])
