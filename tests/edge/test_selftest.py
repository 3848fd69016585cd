"""The self-test tells what a machine reports, what needs something, and what this user may not see."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from predvid.checks.recording import RecordedSource, load
from predvid.checks.registry import checks
from predvid.edge import selftest as tested
from predvid.edge import selftest_words
from predvid.edge.identity import StateFolder, default_state
from predvid.edge.selftest import Findings, selftest

NOBODY = 65534
DENIED = {"error": {"id": "read.permission_denied", "values": {"what": "the memory"}}}
NAMES = ("memory", "load", "disk_health", "physical_disks", "zfs", "raid_md")


def missing(tool: str) -> dict[str, Any]:
    return {"error": {"id": "read.tool_missing", "values": {"tool": tool}}}


def found(state: StateFolder, **answers: Any) -> Findings:
    """Return what a self-test finds on a Linux machine with these answers."""
    machine = {
        "table:cpu": {"logical": 4},
        "table:load": [0.7, 1.2, 1.0],
        "table:memory": DENIED,
        "text:/proc/mdstat": "Personalities : \nunused devices: <none>\n",
        "run:smartctl --scan-open -j": missing("smartctl"),
        "run:zpool list -p": missing("zpool"),
    }
    recording = load(json.dumps({"platform": "linux", "answers": machine | answers}))
    return selftest(state, RecordedSource(recording), {name: checks()[name] for name in NAMES})


def page(findings: Findings, language: str, width: int = 80) -> str:
    return "\n".join(selftest_words.lines(findings, "host", language, width))


def test_each_check_stands_where_a_technician_looks_for_it(tmp_path: Path) -> None:
    findings = found(StateFolder(tmp_path / "none"))
    data = selftest_words.as_json(findings, "host", "en")
    rows = {row["check"]: row for row in data["checks"]}
    assert {name: row["standing"] for name, row in rows.items()} == {
        "memory": "needs", "load": "reports", "disk_health": "needs", "physical_disks": "other",
        "zfs": "absent", "raid_md": "absent",
    }  # fmt: skip
    assert data["counts"] == {"reports": 1, "needs": 2, "absent": 2, "other": 1}
    assert rows["disk_health"]["need"] == {"kind": "package", "package": "smartmontools"}
    assert rows["memory"]["need"] == {"kind": "rights", "package": None}
    assert rows["load"]["result"]["message"] == "0.3 tasks to run for each processor core"
    assert rows["load"]["group"] == "performance"


def test_the_page_begins_with_the_count_and_says_what_to_do(tmp_path: Path) -> None:
    findings = found(StateFolder(tmp_path / "none"))
    english, croatian = page(findings, "en"), page(findings, "hr")
    assert english.splitlines()[2].startswith("1 of 6 checks reports here, 2 need something, 2 do not apply")
    assert croatian.splitlines()[2].startswith("Ovdje javlja 1 od 6 provjera, za 2 nešto nedostaje")
    assert "→ Install the package smartmontools." in english
    assert "→ Instalirajte paket smartmontools." in croatian
    assert "1 more check is for other systems: Windows." in english
    assert "Disks (Windows)" not in english
    assert english.index("SOMETHING IS MISSING") < english.index("WHAT THIS DEVICE REPORTS")
    assert "not enrolled yet" in english


@pytest.mark.parametrize("language", ["hr", "en"])
def test_a_narrow_terminal_stays_readable(language: str, tmp_path: Path) -> None:
    lines = page(found(StateFolder(tmp_path / "none")), language, 60).splitlines()
    assert max(map(len, lines)) <= 60


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Be nobody for a while, if this process is root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state folder of the agent that root runs, in a place that everybody may pass through."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        monkeypatch.setenv("XDG_STATE_HOME", f"{name}/own")
        folder = Path(name, "service")
        monkeypatch.setattr(tested, "SERVICE_STATE", StateFolder(folder))
        yield folder


def test_an_ordinary_user_is_told_that_roots_agent_cannot_be_seen(service: Path) -> None:
    service.mkdir(mode=0o700 if os.geteuid() == 0 else 0)
    with ordinary_user():
        by_default, named = found(default_state()), found(StateFolder(service))
    for findings in (by_default, named):
        said = page(findings, "en", 400)
        assert f"keeps its state in {service}, which this user may not read" in said
        assert said.count("not visible to this user") == 3
        assert "not enrolled" not in said
        assert "not running" not in said
        assert "sudo predvid agent selftest" in said
        assert selftest_words.as_json(findings, "host", "en")["running"] is None


def test_an_ordinary_user_without_any_agent_is_not_enrolled(service: Path) -> None:
    with ordinary_user():
        findings = found(default_state())
    assert not service.exists()
    assert findings.server.state == "not_enrolled"
