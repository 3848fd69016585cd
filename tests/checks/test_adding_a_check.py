"""The guide to adding a check is true: its example loads, runs and is judged as its recording says."""

import importlib.util
import json
import re
from pathlib import Path

from predvid.checks import registry
from predvid.checks.recording import load, replay
from predvid.checks.v1 import State
from predvid.core.wording import word

GUIDE = Path(__file__).parents[2] / "docs/adding-a-check.md"


def block(language: str) -> str:
    """Return the first block of code in `language` in the guide."""
    found = re.search(
        rf"^```{language}\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found
    return found[1]


def test_the_example_of_the_guide_works(tmp_path: Path) -> None:
    path = tmp_path / "open_files_example.py"
    path.write_text(block("python"), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    check, recording = module.check, block("json")
    assert registry.flaw(check) is None
    outcome = replay(check, load(recording), check.params)
    expected = json.loads(recording)["expected"]
    assert outcome.error is None
    assert {sample.metric: sample.value for sample in outcome.samples} == expected["samples"]
    assert [result.state for result in outcome.results] == [State.CRITICAL]
    assert expected["results"][""] == f"CRITICAL: {word(outcome.results[0].said, 'en', check.texts)}"
    garbled = replay(
        check, load('{"platform": "linux", "answers": {"text:/proc/sys/fs/file-nr": "?"}}'), check.params
    )
    assert garbled.error is not None
    assert garbled.error.id in check.texts
