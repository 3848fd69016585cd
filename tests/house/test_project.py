"""What the project file, the Makefile, the units and the documents name exists."""

import ast
import os
import re
import tomllib

import pytest

from house.tree import PACKAGE, ROOT, Source, files, sources
from predvid.checks.registry import checks
from predvid.cli import main

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENTRIES = {
    **PROJECT["project"]["scripts"],
    **{
        f"{group}.{name}": to
        for group, e in PROJECT["project"]["entry-points"].items()
        for name, to in e.items()
    },
}
DOCUMENTS = [name for name in files() if name.endswith(".md")]
DEPLOYMENT = [name for name in files() if name.startswith(("docs/", "packaging/"))]
TARGETS = {
    *("up", "test", "check", "faults", "drill", "fuzz", "mutants", "bench", "screenshots", "tables"),
    *("lock", "clean", "audit", "sbom"),
}


def defined(source: Source) -> set[str]:
    """Return the names that a module defines at its top."""
    names: set[str] = set()
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return names


def constants(tops: tuple[str, ...] = ("src",)) -> str:
    """Return every word that the package's code contains."""
    return "\n".join(source.text for source in sources(*tops))


def test_defined_sees_the_top_only() -> None:
    assert defined(Source("a.py", "def f():\n    def g(): ...\nx = 1\ny: int = 2\n")) == {"f", "x", "y"}


@pytest.mark.parametrize("entry", ENTRIES)
def test_entry_points_resolve(entry: str) -> None:
    module, _, name = ENTRIES[entry].partition(":")
    path = f"src/{module.replace('.', '/')}.py"
    found = {source.path: source for source in sources("src")}
    assert path in found, f"{entry}: no {path}"
    assert name in defined(found[path]), f"{entry}: no {name} in {path}"


def test_ci_runs_make_test() -> None:
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "set -eu" in script.read_text()
    assert "make test" in script.read_text()


def test_the_makefile_has_its_targets() -> None:
    assert set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)) == TARGETS


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_in_documents_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", (ROOT / name).read_text(encoding="utf-8"))
    assert not [link for link in links if not (ROOT / name).parent.joinpath(link).exists()]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_and_targets_in_documents_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    paths = re.findall(r"`((?:src|docs|tests|bench|packaging|requirements)/[\w./-]+)`", text)
    assert not [path for path in paths if not (ROOT / path).exists()]
    assert set(re.findall(r"`make ([a-z]+)", text)) <= TARGETS


@pytest.mark.parametrize("name", ["ARCHITECTURE.md"])
def test_functions_in_the_architecture_exist(name: str) -> None:
    """A word such as `core/alerting.transition` names a file of the package and something that it defines."""
    found = {source.path.removeprefix(f"{PACKAGE}/"): source for source in sources("src")}
    named = re.findall(
        r"`([a-z_/0-9]+/[a-z_0-9]+)\.([A-Za-z_]+)[^`]*`", (ROOT / name).read_text(encoding="utf-8")
    )
    assert named
    wrong = [
        f"{m}.{f}"
        for m, f in named
        if f != "py" and (f"{m}.py" not in found or f not in defined(found[f"{m}.py"]))
    ]
    assert not wrong


@pytest.mark.parametrize("name", DEPLOYMENT)
def test_variables_in_documents_and_units_are_read(name: str) -> None:
    variables = set(
        re.findall(r"\bPREDVID_[A-Z_]+[A-Z]\b", (ROOT / name).read_text(encoding="utf-8", errors="replace"))
    )
    assert not [variable for variable in variables if f'"{variable}"' not in constants()]


@pytest.mark.parametrize("name", [name for name in files() if name.endswith(".service")])
def test_units_start_a_verb_and_drop_rights(name: str) -> None:
    unit = (ROOT / name).read_text()
    verb = re.search(
        r"^ExecStart=\S+(?:(?:/| -m )predvid ([a-z]+)| -I \S+/(launch)\.py )", unit, re.MULTILINE
    )
    assert verb, "starts neither a verb nor the agent's launcher"
    assert verb.group(2) or f"predvid.verbs.{verb.group(1)}" in ENTRIES
    for line in ("NoNewPrivileges=", "Restart=", "[Install]"):
        assert f"\n{line}" in unit


COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def test_documents_say_how_many_libraries_the_agent_brings() -> None:
    lock = (ROOT / PACKAGE / "edge" / "agent.lock").read_text(encoding="utf-8")
    pinned = re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)
    used = [re.split(r"\W", name)[0] for name in PROJECT["project"]["dependencies"]]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    rest = COUNTS[len(pinned) - len(used)]
    assert f"{COUNTS[len(pinned)]} libraries come from a package index" in readme
    assert f"the {COUNTS[len(used)]} that it uses, and the {rest} that those need" in readme
    manual = (ROOT / "docs" / "agent.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in manual for name in pinned)


@pytest.mark.parametrize(
    "verb", ["status", "doctor", "owner", "audit head", "secrets list", "trust init", "release list"]
)
def test_verbs_that_the_readme_names_take_the_data_directory(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"`{verb.split()[0]}`" in (ROOT / "README.md").read_text(encoding="utf-8")
    with pytest.raises(SystemExit):
        main([*verb.split(), "--help"])
    assert "--data" in capsys.readouterr().out


def test_the_readme_says_how_many_checks_a_mac_runs() -> None:
    on_macs = [check for check in checks().values() if "macos" in check.platforms]
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"On a Mac** the agent has {len(on_macs)} of the checks" in readme
