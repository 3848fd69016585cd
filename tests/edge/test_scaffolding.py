"""A check begun by `predvid check scaffold` works at once, in a checkout and as a package of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from house import file_rules
from house.tree import ROOT, Source
from predvid.core.errors import UserError
from predvid.edge.check_verb import check

LONGEST = "a" * 40
PROMISES = [f"tests/checks/test_{what}.py" for what in ("promises", "recordings", "fuzz", "manuals")]
STEPS = re.compile(r"^  \d\. ", re.MULTILINE)


def done(*command: str, cwd: Path, status: int = 0, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of this Python and return it; its status must be `status`."""
    ran = subprocess.run(
        (sys.executable, "-m", *command),
        cwd=cwd, env={**os.environ, "LC_ALL": "C.UTF-8", **environment},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == status, ran.stdout + ran.stderr
    return ran


def lint(what: str, cwd: Path) -> None:
    """Hold a file or folder to ruff's rules and form, by the project that it is in."""
    done("ruff", "check", "--no-cache", what, cwd=cwd)
    done("ruff", "format", "--no-cache", "--check", what, cwd=cwd)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with what a check needs: the package without its server, and the promises of checks."""
    root = tmp_path_factory.mktemp("checkout")
    shutil.copy(ROOT / "pyproject.toml", root)
    left_out = shutil.ignore_patterns("modules", "server", "locale")
    shutil.copytree(ROOT / "src/predvid", root / "src/predvid", ignore=left_out)
    (root / "tests/checks").mkdir(parents=True)
    for file in (*PROMISES, "tests/checks/expectation.py", "tests/checks/mutation.py"):
        shutil.copy(ROOT / file, root / file)
    return root


@pytest.mark.parametrize(("name", "on"), [("door_sensor", "linux,windows,macos"), (LONGEST, "windows")])
def test_a_check_in_a_checkout_keeps_every_promise(checkout: Path, name: str, on: str) -> None:
    below = checkout / "tests"
    said = done("predvid", "check", "scaffold", name, "--platform", on, "--lang", "hr", cwd=below,
                PYTHONPATH=str(checkout / "src")).stdout  # fmt: skip
    assert "Zapisano:" in said
    assert len(STEPS.findall(said)) == 4
    file, recording = f"src/predvid/checks/builtin/{name}.py", below / "checks" / name / "ordinary.json"
    text = (checkout / file).read_text(encoding="utf-8")
    rules = [
        rule for rule in vars(file_rules).values() if getattr(rule, "__module__", "") == "house.file_rules"
    ]
    assert not [flaw for rule in rules if rule.__doc__ for flaw in rule(Source(file, text))]
    lint(file, checkout)
    held = done("pytest", "-q", *PROMISES, "-k", name, "-p", "no:cacheprovider", cwd=checkout).stdout
    assert int(re.findall(r"(\d+) passed", held)[0]) >= 6
    assert json.loads(recording.read_text(encoding="utf-8"))["platform"] == on.split(",")[0]


def test_a_check_in_a_checkout_runs_here_and_on_its_recording(checkout: Path) -> None:
    source = str(checkout / "src")
    done("predvid", "check", "scaffold", "lives", "--into", str(checkout), cwd=ROOT, PYTHONPATH=source)
    ask = ("predvid", "check", "run", "lives", "--json", "--lang", "hr")
    live = json.loads(done(*ask, cwd=ROOT, PYTHONPATH=source).stdout)
    assert (live["error"], live["samples"][0]["unit"]) == (None, "%")
    replay = ("--replay", str(checkout / "tests/checks/lives/ordinary.json"))
    assert json.loads(done(*ask, *replay, cwd=ROOT, PYTHONPATH=source).stdout)["results"] == [
        {"item": "", "state": "OK", "message": "U uporabi je 25 % memorije", "reason": None}
    ]


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a scaffolded package."""
    into = tmp_path_factory.mktemp("plugin")
    assert check(["scaffold", "door_sensor", "--plugin", "--into", str(into), "--json"]) == 0
    return into / "predvid-check-door-sensor"


def test_a_package_of_its_own_is_clean_and_tests_itself(plugin: Path) -> None:
    lint(".", plugin)
    assert "2 passed" in done("pytest", "-q", "-p", "no:cacheprovider", cwd=plugin).stdout


def installed(plugin: Path, into: Path) -> dict[str, str]:
    """Build and install the package into the folder `into`; return the environment that finds it."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    done("pip", "install", *options, "--target", str(into), str(plugin), cwd=plugin)
    return {"PYTHONPATH": str(into)}


def listed(environment: dict[str, str], cwd: Path) -> tuple[dict[str, Any], str]:
    """Return the rows of `predvid check list` by name, and what it said about disabled plug-ins."""
    ran = done("predvid", "check", "list", "--json", cwd=cwd, **environment)
    return {row["name"]: row for row in json.loads(ran.stdout)}, ran.stderr


def test_an_installed_package_joins_the_list_and_a_broken_one_harms_nobody(
    plugin: Path, tmp_path: Path
) -> None:
    environment = installed(plugin, tmp_path / "site")
    rows, complaints = listed(environment, tmp_path)
    assert (rows["door_sensor"]["group"], complaints) == ("other", "")
    ran = done("predvid", "check", "run", "door_sensor", "--json", cwd=tmp_path, **environment)
    assert json.loads(ran.stdout)["error"] is None
    file = tmp_path / "site/predvid_check_door_sensor/check.py"
    whole = file.read_text(encoding="utf-8")
    for broken, reason in (
        (f"{whole}\nraise RuntimeError('no door here')\n", "RuntimeError: no door here"),
        (whole.replace("params=Params()", "params={'used': 1}"), "params is not an instance of a dataclass"),
        (whole.replace('": "used"}', '": "usd"}'), "'usd', which is not a Levels field of params"),
    ):
        file.write_text(broken, encoding="utf-8")
        shutil.rmtree(file.parent / "__pycache__", ignore_errors=True)
        rows, complaints = listed(environment, tmp_path)
        assert "door_sensor" not in rows
        assert {"cpu", "memory", "uptime"} <= set(rows)
        assert complaints.count("\n") == 1
        assert "plug-in door_sensor is disabled: " in complaints
        assert reason in complaints


REFUSED = [
    (["cpu"], "there is a check 'cpu' already"),
    (["class"], "no name for a check"),
    (["Door"], "no name for a check"),
    (["door-sensor"], "no name for a check"),
    (["../door"], "no name for a check"),
    (["_door"], "no name for a check"),
    (["a" * 41], "no name for a check"),
    (["vrata_č"], "no name for a check"),
    (["door", "--platform", "linux,beos"], "'beos' is none of linux, windows, macos"),
    (["door", "--platform", ""], "is none of"),
    (["door", "--into", "EMPTY"], "not in a checkout of Predvid"),
    (["door", "--plugin", "--into", "EMPTY/none"], "is no folder"),
    (["taken", "--plugin", "--into", "EMPTY"], "exists already"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSED)
def test_what_cannot_be_written_is_refused_in_one_sentence(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    kept = tmp_path / "predvid-check-taken/pyproject.toml"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(UserError) as refused:
        check(["scaffold", *(word.replace("EMPTY", str(tmp_path)) for word in arguments)])
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [kept]
    assert kept.read_text() == "mine"


def test_the_agent_loads_neither_templates_nor_what_verifies_releases() -> None:
    ask = (
        "import sys, predvid.edge.verbs; "
        "sys.exit(any(m in sys.modules for m in ('predvid.edge.scaffolding', 'tuf', 'cryptography')))"
    )
    assert subprocess.run((sys.executable, "-c", ask), check=False, timeout=60).returncode == 0
