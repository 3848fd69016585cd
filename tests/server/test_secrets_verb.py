"""`predvid secrets` on a real installation: rotation survives kill -9, recovery brings a lost key back."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from installation import Installation, installation
from predvid.core.wording import LANGUAGES
from predvid.server.secrets_texts import TEXTS

WORD = "canary-31337-community"
ROWS = 400
FILL = f"""
from predvid.modules.access import secret_actions
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.wire.secrets import SnmpCommunity
from django.db import transaction
from django.utils import timezone
now = timezone.now()
with transaction.atomic():
    for n in range(2):
        client = add_client(PLATFORM, f"Client {{n}}", "", now)
        for m in range({ROWS // 2}):
            secret_actions.add(PLATFORM, client.pk, f"Switch {{m}}", SnmpCommunity("{WORD}"), now)
"""
SPOIL = """
from predvid.modules.access.models import Secret
row = Secret.objects.filter(client__name="Client 1").get(name="Switch 7")
blob = bytearray(row.value)
blob[20] ^= 4  # done twice, it is whole again
Secret.objects.filter(pk=row.pk).update(value=bytes(blob))
print(row.pk)
"""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with secrets, of which nothing runs; each test leaves it whole."""
    with installation(tmp_path_factory.mktemp("secrets") / "data") as one:
        one.django(FILL)
        yield one


def key(one: Installation) -> Path:
    return one.place.secrets_key


def keys_in(path: Path) -> int:
    return len(path.read_text().splitlines()) - 1


def verified(one: Installation) -> dict[str, object]:
    done = one.predvid("secrets", "verify", "--json", check=False)
    answer: dict[str, object] = json.loads(done.stdout)
    assert done.returncode == (1 if answer["damaged"] else 0), done.stderr
    return answer


def test_rotation_killed_at_any_moment_loses_nothing(one: Installation) -> None:
    command = [sys.executable, "-m", "predvid", "secrets", "rotate"]
    killed = 0
    for pause in (0.0, 0.0, 0.01, 0.03, 0.06, 0.12):
        before = keys_in(key(one))
        running = subprocess.Popen(command, env=one.environment, stdout=subprocess.DEVNULL)
        while keys_in(key(one)) == before and running.poll() is None:
            pass  # as near to the first write as can be
        time.sleep(pause)
        running.kill()
        killed += running.wait(20) != 0
        assert verified(one) == {"count": ROWS, "damaged": []}
    assert killed >= 3, "most were killed while they worked"
    done = one.predvid("secrets", "rotate", "--json")
    assert json.loads(done.stdout)["values"] == ROWS
    assert keys_in(key(one)) == 1
    assert verified(one) == {"count": ROWS, "damaged": []}
    assert [path.name for path in key(one).parent.iterdir() if "secrets" in path.name] == ["secrets.key"]


def test_two_rotations_at_once_lose_nothing(one: Installation) -> None:
    command = [sys.executable, "-m", "predvid", "secrets", "rotate"]
    both = [subprocess.Popen(command, env=one.environment, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [each.wait(60) for each in both] == [0, 0]
    assert verified(one) == {"count": ROWS, "damaged": []}
    assert keys_in(key(one)) == 1


def test_a_lost_key_comes_back_from_its_recovery_file(one: Installation, tmp_path: Path) -> None:
    phrase, file = tmp_path / "phrase", tmp_path / "recovery.json"
    phrase.write_text("a sentence that nobody guesses\n")
    made = one.predvid("secrets", "recovery", "-o", str(file), "--passphrase-file", str(phrase))
    assert str(file) in made.stdout
    assert file.stat().st_mode & 0o777 == 0o600
    again = one.predvid("secrets", "recovery", "-o", str(file), "--passphrase-file", str(phrase), check=False)
    assert (again.returncode, again.stderr.count("\n")) == (2, 1), "it overwrites nothing"
    right = key(one).read_text()
    key(one).unlink()
    lost = one.predvid("secrets", "verify", check=False)
    assert (lost.returncode, lost.stderr.count("\n")) == (2, 1)
    assert "is missing" in lost.stderr
    phrase.write_text("another sentence altogether\n")
    wrong = one.predvid(
        "secrets", "recovery", "--restore", str(file), "--passphrase-file", str(phrase), check=False
    )
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert not key(one).exists()
    piped = subprocess.run(
        [sys.executable, "-m", "predvid", "secrets", "recovery", "--restore", str(file), "--lang", "hr"],
        env=one.environment, input="a sentence that nobody guesses\n", text=True, capture_output=True,
        timeout=60, check=True,
    )  # fmt: skip
    assert "tajne se otvaraju" in piped.stdout
    assert key(one).read_text() == right
    assert verified(one)["damaged"] == []
    key(one).write_text("junk")
    phrase.write_text("a sentence that nobody guesses\n")
    one.predvid("secrets", "recovery", "--restore", str(file), "--passphrase-file", str(phrase))
    assert key(one).read_text() == right
    assert key(one).with_name("secrets.key.damaged").read_text() == "junk"


def test_a_recovery_file_of_another_installation_is_refused(one: Installation, tmp_path: Path) -> None:
    right, file, phrase = key(one).read_text(), tmp_path / "recovery.json", tmp_path / "phrase"
    phrase.write_text("a sentence that nobody guesses\n")
    with installation(tmp_path / "other") as other:
        other.predvid("secrets", "recovery", "-o", str(file), "--passphrase-file", str(phrase))
    key(one).unlink()
    done = one.predvid(
        "secrets", "recovery", "--restore", str(file), "--passphrase-file", str(phrase), check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert not key(one).exists()
    key(one).touch(mode=0o600)
    key(one).write_text(right)
    assert verified(one)["damaged"] == []


def test_a_damaged_row_is_named_precisely_in_both_languages(one: Installation) -> None:
    row = one.django(SPOIL)
    answer: Any = verified(one)
    (flaw,) = answer["damaged"]
    assert len(flaw.pop("tenant")) == 36
    place = {"table": "access_secret", "row": row, "field": "value"}
    assert flaw == {"why": "damaged", "name": "Switch 7", **place}
    for language, words in {"en": "damaged", "hr": "oštećena"}.items():
        shown = one.predvid("secrets", "verify", "--lang", language, check=False).stdout
        assert shown.count("\n") == 1
        assert shown.startswith("Switch 7")
        assert words in shown
    refused = one.predvid("secrets", "rotate", check=False)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert row in refused.stderr
    one.django(SPOIL)
    assert verified(one)["damaged"] == []


def test_names_are_listed_and_values_are_not(one: Installation) -> None:
    for options in ((), ("--json",), ("--lang", "hr")):
        shown = one.predvid("secrets", "list", *options).stdout
        assert shown.count("Switch") == ROWS
        assert WORD not in shown
    rows = json.loads(one.predvid("secrets", "list", "--json").stdout)["secrets"]
    assert set(rows[0]) == {"id", "client", "name", "kind", "changed", "who"}


def test_no_file_of_the_installation_holds_a_word(one: Installation) -> None:
    one.predvid("secrets", "rotate")
    files = [path for path in one.place.data.rglob("*") if path.is_file()]
    assert any(path.name == "predvid.sqlite3" for path in files)
    assert not [path for path in files if WORD.encode() in path.read_bytes()]
    master = key(one).read_text().split()[-1]
    others = [path for path in files if path != key(one)]
    forms = (master.encode(), bytes.fromhex(master))
    assert not [path for path in others if any(form in path.read_bytes() for form in forms)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("recovery",),
        ("recovery", "-o", "x", "--restore", "y"),
        ("recovery", "--restore", "nothing-here", "--passphrase-file", "nothing-there"),
        ("explode",),
        (),
    ],
)
def test_wrong_usage_is_one_line(one: Installation, arguments: tuple[str, ...]) -> None:
    done = one.predvid("secrets", *arguments, check=False)
    assert (done.returncode, done.stderr.count("\n"), done.stdout) == (2, 1, "")


def test_the_key_may_lie_elsewhere_and_the_doctor_says_when_it_cannot_be_used(
    one: Installation, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "credentials" / "secrets.key"
    elsewhere.parent.mkdir(mode=0o700)
    os.replace(key(one), elsewhere)

    def asked(**env: str) -> tuple[int, dict[str, dict[str, str]]]:
        done = subprocess.run(
            [sys.executable, "-m", "predvid", "doctor", "--json", "--time-server", "127.0.0.1:9"],
            env=one.environment | env, text=True, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, {row["what"]: row for row in json.loads(done.stdout)}

    status, found = asked()
    assert status == 1
    assert found["Secrets"]["state"] == "bad"
    assert "is missing" in found["Secrets"]["seen"]
    moved = {"PREDVID_SECRETS_KEY": str(elsewhere)}
    assert asked(**moved)[1]["Secrets"]["state"] == "ok"
    elsewhere.chmod(0o644)
    assert "can be read by others" in asked(**moved)[1]["Secrets"]["seen"]
    elsewhere.chmod(0o600)
    elsewhere.write_text(elsewhere.read_text()[::-1])
    assert "damaged" in asked(**moved)[1]["Secrets"]["seen"]
    elsewhere.write_text(elsewhere.read_text()[::-1])
    os.replace(elsewhere, key(one))
    assert asked()[1]["Secrets"]["state"] == "ok"


def test_every_sentence_takes_the_same_values_in_both_languages() -> None:
    for text in TEXTS.values():
        taken = [set(re.findall(r"\{(\w+)", text.pattern(language))) for language in LANGUAGES]
        assert taken[0] == taken[1], text
