"""Checks come from the builtin folder and from plug-ins; a broken plug-in harms nobody."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from predvid.checks import registry
from predvid.checks.groups import GROUPS, OTHER, group_of, grouped
from predvid.checks.v1 import Check, Group, Levels, Text

PLUGIN = """
from dataclasses import dataclass
from predvid.checks.v1 import Check, Levels, Sample, Text

@dataclass(frozen=True)
class Params:
    level: Levels = Levels(1, 2)

def collect(source, params, state):
    yield Sample("door_open", 1.0)

check = Check(name="door", title=Text("Door", "Vrata"), collect=collect, params=Params(),
              texts={"door.open": Text("Open", "Otvorena")})
twice = Check(name="cpu", title=Text("Cpu", "Procesor"), collect=collect)
odd = Check(name="odd", title=Text("Odd", "Čudno"), collect=collect, params=Params(),
            watches={"door_open": "nothing"})
raises = property()
wordless = Check(name="wordless", title=Text("W", "W"), collect=collect, texts={"wordless.x": "not a Text"})
untold = Check(name="untold", title=Text("U", "U"), collect=collect, texts=None)
own = {"collect": collect, "params": Params()}
lost = Check(name="lost", title=Text("L", "L"), words={"livel": Text("A", "B")}, **own)
mute = Check(name="mute", title=Text("M", "M"), explained={"level": "seconds"}, **own)
bookless = Check(name="bookless", title=Text("B", "B"), collect=collect, runbook="Look at it.")
"""
ENTRIES = """[predvid.checks]
door = door_plugin:check
twice = door_plugin:twice
odd = door_plugin:odd
missing = no_such_module:check
thing = door_plugin:raises
wordless = door_plugin:wordless
untold = door_plugin:untold
lost = door_plugin:lost
mute = door_plugin:mute
bookless = door_plugin:bookless
"""


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a package with one good and some broken checks for the length of a test."""
    (tmp_path / "door_plugin.py").write_text(PLUGIN)
    info = tmp_path / "door_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: door-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(str(tmp_path))
    registry.reload()
    yield
    monkeypatch.undo()
    registry.reload()


@pytest.mark.usefixtures("plugins")
def test_a_good_plugin_joins_and_broken_ones_are_shown_with_a_reason() -> None:
    assert "door" in registry.checks()
    assert "cpu" in registry.checks()
    assert registry.texts()["door.open"].hr == "Otvorena"
    reasons = {plugin.name: plugin.reason for plugin in registry.broken()}
    assert set(reasons) == {
        *("twice", "odd", "missing", "thing", "wordless", "untold", "lost", "mute", "bookless"),
    }
    assert "'livel', which is not a field of params" in reasons["lost"]
    assert "explained must be a Text" in reasons["mute"]
    assert "runbook must be a Text" in reasons["bookless"]
    assert "exists already" in reasons["twice"]
    assert "door_open" in reasons["odd"]
    assert "no_such_module" in reasons["missing"]
    assert "property" in reasons["thing"]


def test_the_first_eight_are_here_and_none_is_broken() -> None:
    eight = {"cpu", "memory", "disk_space", "network", "services", "uptime", "patches", "inventory"}
    assert eight <= set(registry.checks())
    assert registry.broken() == []


def test_defaults_that_do_not_fit_are_a_flaw() -> None:
    check = Check("x", Text("X", "X"), lambda *_: [], defaults={"server": {"used": Levels(1, 2)}})
    assert "no parameters" in (registry.flaw(check) or "")


def test_builtin_checks_have_a_group_and_those_of_others_need_none() -> None:
    assert {name for name, check in registry.checks().items() if group_of(check) == OTHER} == set()
    strange = Check("x", Text("X", "X"), lambda *_: [], group="of a later version")  # type: ignore[arg-type]
    plain = Check("y", Text("Y", "Y"), lambda *_: [])
    assert grouped([strange, plain]) == {OTHER: [strange, plain]}
    assert registry.flaw(strange) is None
    assert set(GROUPS) == set(get_args(Group))
