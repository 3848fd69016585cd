"""`predvid window` on the installation's tables: plans, lists and ends windows; its JSON is stable."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from installation import Installation, installation
from predvid.core.wording import LANGUAGES
from predvid.server.window_texts import TEXTS

CLIENT = "Hotel Čvorak"
FILL = f"""
from django.utils import timezone
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
add_client(PLATFORM, "{CLIENT}", "", timezone.now())
"""
DEEDS = """
from predvid.modules.access.models import AuditEntry
print(*AuditEntry.objects.filter(object_kind="window").order_by("number").values_list("verb", flat=True))
"""
KEYS = {
    *("id", "client", "site", "device", "reason", "repeat", "days", "first", "at", "minutes", "zone", "last"),
    *("open_until", "next"),
}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with one client, of which nothing runs."""
    with installation(tmp_path_factory.mktemp("windows") / "data") as one:
        one.django(FILL)
        yield one


def said(one: Installation, *words: str) -> Any:
    return json.loads(one.predvid("window", *words, "--json").stdout)


def test_a_window_from_its_plan_to_its_end(one: Installation) -> None:
    begun = datetime.now(UTC) - timedelta(minutes=5)
    when = ("--on", begun.date().isoformat(), "--at", f"{begun:%H:%M}", "--minutes", "60", "--zone", "UTC")
    row = said(one, "add", "--client", CLIENT, "--reason", "Zakrpe", *when)
    assert set(row) == KEYS
    assert (row["client"], row["repeat"], row["next"]) == (CLIENT, "once", [])
    assert row["open_until"]
    ended = said(one, "end", str(row["id"]))
    assert ended["open_until"] is None
    assert said(one, "list") == {"windows": [ended]}
    assert one.django(DEEDS).split() == ["window.added", "window.ended"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("add", "--client", "Nema Takvog"), "exactly one"),
        (("add", "--zone", "Europe/Zagrebb"), "no such time zone"),
        (("add", "--weekly", "8"), "days on which"),
        (("end", "999999999"), "nothing of that name"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(one: Installation, words: tuple[str, ...], why: str) -> None:
    usual = ("--reason", "Zakrpe", "--on", "2026-12-01", "--at", "22:00", "--minutes", "60")
    whole = (words[0], *usual, *words[1:]) if words[0] == "add" else words
    done = one.predvid("window", *whole, "--lang", "en", check=False)
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_every_sentence_has_both_languages() -> None:
    assert all(text.pattern(language) for text in TEXTS.values() for language in LANGUAGES)
