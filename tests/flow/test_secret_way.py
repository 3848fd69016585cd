"""The whole way of a secret: console, database, plan, agent, check; and not one byte of it anywhere else."""

import contextlib
import json
import re
import sqlite3
import urllib.error
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from door_fixture import install
from flow.browsing import Visitor
from up_process import Up, predvid, running, wait

WORD = "canary-2718-community"  # the check of `door_fixture` tells it wherever it can
OWNER_WORD = "dovoljno duga rečenica"
HREF = re.compile(r'(?:href|action|hx-get|src)="(/[^"#]*)')


@dataclass
class Way:
    """A running installation, its owner in a browser, the device of its local agent, the credential."""

    up: Up
    owner: Visitor
    device: str
    credential: str

    def measured(self) -> set[float]:
        """Return the values that the check gave for its word, as the page's chart has them."""
        answer = json.loads(self.owner.page(f"{self.device}series?metric=door_word&range=1h"))
        return {value for curve in answer["curves"] for value in curve["mean"]}


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """`predvid up` with the door's check installed; its owner keeps the word and binds it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(install(tmp_path_factory.mktemp("door"))))
        folder = tmp_path_factory.mktemp("way")
        with running(folder / "data", PREDVID_SECRETS_KEY=str(folder / "apart" / "master.key")) as up:
            owner = Visitor(up.ready["url"])
            link = up.ready["sign_in"].removeprefix(up.ready["url"].rstrip("/"))
            person = {"name": "Ana Anić", "email": "ana@example.com", "language": "en"}
            owner.send(link, link, password=OWNER_WORD, **person)
            device = found(r'href="(/devices/[0-9a-f-]{36}/)"', owner.page("/devices/"))
            client = found(r'href="(/clients/[0-9a-f-]{36}/)"', owner.page("/clients/"))
            form = f"{client}credentials/?kind=snmp_v2c"
            kept = owner.send(form, form, name="Doors", community=WORD, site="")
            address = found(r'href="(/clients/credentials/[0-9a-f-]{36}/)"', kept)
            holder = f"device:{device.split('/')[2]}"
            owner.send(address, f"{address}bind", holder=holder, check="door", target="", back=address)
            yield Way(up, owner, device, address)


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match, page
    return match.group(1)


def mark(word: str) -> float:
    """Return the number by which the door's check lets its word be known again."""
    return zlib.crc32(word.encode()) % 9973.0


def test_the_word_comes_to_the_check_and_is_found_nowhere(way: Way) -> None:
    wait(lambda: mark(WORD) in way.measured(), "the check has used the word")
    wait(lambda: facts(way.up.data), "its careless fact has arrived")
    assert (way.up.data.parent / "apart" / "master.key").stat().st_mode & 0o777 == 0o600
    assert not (way.up.data / "keys" / "secrets.key").exists()
    assert facts(way.up.data) == [{"login": ["with …"]}]
    assert not holding(way.up.data, WORD), "no file of server, store, agent or logs"
    assert not holding(way.up.data, WORD.encode().hex())
    assert "credentials" in " ".join(pages := crawled(way))
    assert len(pages) > 12
    assert not [address for address, text in pages.items() if WORD in text]
    assert not [line for line in shown(way.up.data) if WORD in line]


def facts(data: Path) -> list[object]:
    with contextlib.closing(sqlite3.connect(data / "predvid.sqlite3")) as database:
        rows = database.execute("SELECT value FROM inventory_fact WHERE name = 'door.said'")
        return [json.loads(row) for (row,) in rows]


def holding(data: Path, word: str) -> list[str]:
    """Return the files that hold `word`: the database with its log, the store, the agent's state, logs."""
    files = [path for path in data.parent.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"predvid.sqlite3", "predvid.sqlite3-wal", "outbox.db", "plan", "agent.log"} <= names
    return [str(path) for path in files if path.exists() and word.encode() in path.read_bytes()]


def crawled(way: Way) -> dict[str, str]:
    """Return every page that leads from the overview to another, with exports and charts, by address.

    Of addresses that differ by what follows the question mark alone, the first three.
    """
    seen: dict[str, str] = {}
    asked = Counter[str]()
    waiting = ["/", "/audit/export.csv", "/audit/export.jsonl", f"{way.device}series?metric=door_word"]
    while waiting:
        address = waiting.pop()
        path = address.partition("?")[0]
        if address in seen or asked[path] >= 3 or address.startswith(("/static", "/sign-out")):
            continue
        asked[path] += 1
        try:
            seen[address] = way.owner.page(address)
        except (urllib.error.HTTPError, UnicodeDecodeError):
            seen[address] = ""  # takes forms only, or is a picture
            continue
        waiting += HREF.findall(seen[address])
    return seen


def shown(data: Path) -> list[str]:
    """Return what the verbs print that come near a secret."""
    state = ("--state", str(data / "agent"))
    here = ("--data", str(data))
    return [
        done.stdout + done.stderr
        for done in (
            predvid("agent", "status", *state),
            predvid("agent", "status", "--json", *state),
            predvid("check", "run", "door", "--json"),
            predvid("check", "list", "--json"),
            predvid("secrets", "list", "--json", *here),
            predvid("secrets", "verify", "--json", *here),
            predvid("audit", "head", "--json", *here),
            predvid("doctor", "--json", *here),
            predvid("status", "--json", *here),
        )
    ]


def test_a_replaced_word_comes_with_the_next_plan_and_an_unbound_one_no_more(way: Way) -> None:
    wait(lambda: mark(WORD) in way.measured(), "the check has used the word")
    way.owner.send(way.credential, way.credential, community="canary-new-word")
    wait(lambda: mark("canary-new-word") in way.measured(), "the new word has come")
    unbind = found(r'action="(/clients/credentials/bindings/\S+?/unbind)"', way.owner.page(way.credential))
    way.owner.send(way.credential, unbind, back=way.credential)
    wait(lambda: "No credential is bound" in way.owner.page(way.device), "the check is without")
    assert not holding(way.up.data, "canary-new-word")
