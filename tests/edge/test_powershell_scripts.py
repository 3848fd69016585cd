"""Every packaged PowerShell script parses, changes nothing, and stays within Windows PowerShell 5.1."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from predvid.edge import service
from predvid.edge.sources.powershell_host import HOST, MAX_SCRIPT, SCRIPTS, is_query, is_script

RECORDINGS = Path(__file__).parents[1] / "checks"
ALL = sorted(SCRIPTS.rglob("*.ps1"))
WRITING = Path(service.__file__).with_name("install-agent.ps1")
PARSER = Parser(Language(tree_sitter_powershell.language()))
VERBS = """
get select where foreach sort group measure test convertfrom convertto join split write read confirm compare
resolve new out import
"""
READING = frozenset(VERBS.split())
HARMLESS = ("new-object", "new-timespan", "new-cimsession", "out-null", "out-string", "import-module")
NEWER = re.compile(r"\?\?|\?\.|-Parallel\b|ConvertFrom-Json[^\n]*-AsHashtable|&&|\|\||-AsUTC\b")


def walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from walk(child)


def commands(tree: Node) -> set[str]:
    found = {node.text.decode().lower() for node in walk(tree) if node.type == "command_name" and node.text}
    return {name for name in found if re.fullmatch(r"[a-z]+-[a-z]+", name)}


def test_the_scripts_are_found() -> None:
    assert HOST in ALL
    assert len(ALL) > 1


@pytest.mark.parametrize("path", [*ALL, WRITING], ids=lambda path: path.stem)
def test_the_script_parses(path: Path) -> None:
    content = path.read_bytes()
    tree = PARSER.parse(content)
    broken = [
        f"line {node.start_point[0] + 1}: {(node.text or b'')[:60].decode(errors='replace')}"
        for node in walk(tree.root_node)
        if node.is_error or node.is_missing
    ]
    assert not broken
    assert len(content) <= MAX_SCRIPT
    assert content.isascii(), "Windows PowerShell reads a file without a mark in the local code page"


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_the_script_only_reads(path: Path) -> None:
    own = set(re.findall(r"^\s*function\s+([\w-]+)", path.read_text().lower(), re.MULTILINE))
    for name in commands(PARSER.parse(path.read_bytes()).root_node) - own:
        verb = name.partition("-")[0]
        assert verb in READING, name
        assert verb not in ("new", "out", "import") or name in HARMLESS, name


@pytest.mark.parametrize("path", [*ALL, WRITING], ids=lambda path: path.stem)
def test_the_script_needs_nothing_newer_than_5_1(path: Path) -> None:
    code = "\n".join(
        line.partition(" #")[0] for line in path.read_text().splitlines() if not line.startswith("#")
    )
    assert not NEWER.search(code)


def test_a_broken_script_would_be_seen() -> None:
    tree = PARSER.parse(b"if ($x { Get-Item }\nRemove-Item $y\n").root_node
    assert tree.has_error
    assert "remove-item" in commands(PARSER.parse(b"Remove-Item $y\n").root_node)


def recorded() -> list[tuple[str, str, Any]]:
    """Return (file, question, answer) of all that recordings ask of a Windows device."""
    found = []
    for path in sorted(RECORDINGS.glob("*/*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))
        for step in (data, *data.get("steps", [])):
            found += [(path.stem, key, answer) for key, answer in step.get("answers", {}).items()]
    return [row for row in found if row[1].startswith(("query:wmi ", "query:powershell "))]


def test_every_recorded_question_is_one_that_a_live_windows_answers_in_that_shape() -> None:
    asked = recorded()
    assert len(asked) > 50
    for name, key, answer in asked:
        kind, _, argument = key.removeprefix("query:").partition(" ")
        assert is_query(argument) if kind == "wmi" else is_script(argument), (name, key)
        failed = isinstance(answer, dict) and "error" in answer
        assert failed or isinstance(answer, list), (name, key, "the host always answers with a list")
