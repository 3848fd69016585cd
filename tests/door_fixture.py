"""An installed check from outside that takes a secret and is careless with it, for tests of its way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from predvid.checks import registry

PLUGIN = '''"""A door that opens by a secret, and tells of it wherever it can."""
import zlib
from predvid.checks.v1 import Check, Event, Fact, Sample, Text, say
def collect(source, params, state):
    (one,) = source.query("secret", "10.0.0.7")
    word = one["community"]
    yield Sample("door_word", zlib.crc32(word.encode()) % 9973.0, {"as": "door " + word})
    yield Fact("door.said", {"login": ["with " + word]})
    yield Event("agent.started", say("agent.started", version=word), actor=word, source={"x": word})
    raise RuntimeError("x" * 270 + " refused " + word)
def timid(source, params, state):
    yield Sample("timid_words", float(len(source.query("secret", ""))))
door = Check(name="door", title=Text("Door", "Vrata"), collect=collect, secrets=("snmp_v2c",), interval=10)
timid = Check(name="timid", title=Text("Timid", "Plaha"), collect=timid, secrets=("ssh_key",), interval=10)
'''
ENTRIES = "[predvid.checks]\ndoor = door_that_tells:door\ntimid = door_that_tells:timid\n"


def install(folder: Path) -> Path:
    """Install the check in `folder`, to be put on the path of Python."""
    (folder / "door_that_tells.py").write_text(PLUGIN)
    info = folder / "door_that_tells-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: door-that-tells\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRIES)
    return folder


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The check is installed for the length of a test."""
    monkeypatch.syspath_prepend(str(install(tmp_path)))
    registry.reload()
    yield
    monkeypatch.undo()
    registry.reload()
