"""Readers of what waits to be upgraded: files of people's own tools, tables in any language, garbage."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks import registry
from predvid.checks.readers import dnf, zypper
from predvid.checks.readers.moments import seconds
from predvid.checks.readers.windows_lifecycle import support_ends
from predvid.checks.readers.windows_update import failures, pending
from predvid.checks.readers.winget import parse_upgrades
from predvid.checks.recording import load, replay

WAITING = [
    {"KB": "KB5044284", "Status": "-D-----", "Size": "700MB", "MsrcSeverity": "Critical",
     "Title": "2026-10 Cumulative Update", "LastDeploymentChangeTime": "/Date(1786406400000)/"},
    {"KB": "", "Status": "-------", "Title": "Printer driver", "MsrcSeverity": None},
]  # fmt: skip
HISTORY = {"Result": "Failed", "Date": "/Date(1789000000000)/", "Title": "KB5044284", "HResult": -1}


def outcome(rows: Any) -> dict[str, float]:
    """Return the samples of a file that the module PSWindowsUpdate wrote."""
    check = registry.checks()["windows_updates"]
    done = replay(check, load(json.dumps(rows), check.replay), check.params)
    assert done.error is None
    return {sample.metric.removeprefix("windows_updates_"): sample.value for sample in done.samples}


def test_a_list_of_the_module_is_read() -> None:
    found = outcome(WAITING)
    assert (found["pending"], found["security"], found["critical"]) == (2, 1, 1)


def test_a_history_of_the_module_is_read() -> None:
    assert outcome(HISTORY)["failed"] == 1


CELL = st.from_regex(r"[A-Za-z][A-Za-z0-9.+-]{1,20}", fullmatch=True)
VERSION = st.from_regex(r"(< )?\d{1,3}(\.\d{1,5}){0,3}", fullmatch=True)
NAME = st.lists(st.text("ABčćž日本()-", min_size=1, max_size=8), min_size=1, max_size=4).map(" ".join)


@given(rows=st.dictionaries(CELL, st.tuples(NAME, VERSION, VERSION), max_size=5), source=st.booleans())
def test_any_table_of_winget_is_read_back(rows: dict[str, tuple[str, str, str]], source: bool) -> None:
    head = "Naziv ID Verzija Dostupno" + " Izvor" * source
    lines = [head, "-" * 40]
    for key, (name, before, after) in rows.items():
        lines.append(f"{name}  {key}   {before} {after.lstrip('< ')}" + " winget" * source)
    lines.append("3 nadogradnje dostupne.")
    found = {row["key"]: (row["name"], row["from"], row["to"]) for row in parse_upgrades("\n".join(lines))}
    assert found == {key: (name, before, after.lstrip("< ")) for key, (name, before, after) in rows.items()}


READERS: list[Callable[[str], Any]] = [
    dnf.security_names,
    lambda text: dnf.parse_upgrades(text, set()),
    lambda text: list(zypper.elements(text, "patch")),
    parse_upgrades,
    seconds,
    lambda text: pending({"pending": text}),
    lambda text: failures({"history": [text]}, 0),
    lambda text: support_ends({"CurrentBuild": text, "EditionID": text}),
]


@pytest.mark.parametrize("read", READERS)
@given(text=st.text())
def test_garbage_is_skipped(read: Callable[[str], Any], text: str) -> None:
    read(text)
