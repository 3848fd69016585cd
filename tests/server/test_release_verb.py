"""Operators sign releases by the command line; a new root or operator is followed, strangers sign nothing."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flow.releasing import later
from predvid.core.trust import digest
from predvid.operator.folder import Folder
from predvid.operator.release_repository import Repository
from up_process import predvid

VERBS = {"init", "operator", "add", "rotate", "list", "publish", "withdraw", "refresh"}
SECRET = "ispravan konj baterija"


class Desk:
    """An operator's machine beside an installation."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder, self.data = path / "trust", path / "data"
        (self.data / "run").mkdir(parents=True)
        (path / "pass").write_text(SECRET)

    def run(self, verb: str, *words: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
        where = ("--folder", str(folder or self.folder), "--data", str(self.data))
        secret = ("--passphrase-file", str(self.path / "pass"))
        names = [word for word in words[:2] if word in VERBS]
        return predvid(verb, *names, *where, *secret, "--json", *words[len(names) :])

    def good(self, verb: str, *words: str) -> Any:
        done = self.run(verb, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    one = Desk(tmp_path_factory.mktemp("desk"))
    one.good("trust", "init", "--name", "ana")
    return one


def test_without_releases_the_verbs_say_how_to_begin(desk: Desk) -> None:
    for verb in ("list", "refresh"):
        done = desk.run("release", verb)
        assert done.returncode == 1
        assert "predvid release publish" in done.stderr
        assert done.stderr.count("\n") == 1


def test_a_published_wheel_lies_where_the_server_hands_it_out(desk: Desk, tmp_path: Path) -> None:
    said = desk.good("release", "publish", str(later(tmp_path, "0.1.1")), "--to", str(tmp_path / "copy"))
    assert [one["version"] for one in said["releases"]] == ["0.1.1"]
    assert said["copied"] == [str(desk.data / "releases"), str(tmp_path / "copy")]
    for place in said["copied"]:
        assert Repository(Path(place)).releases() == Repository(desk.folder / "releases").releases()
    root = Folder(desk.folder).known().root
    assert Repository(desk.data / "releases").signed_by()[0] == digest(root).hex()
    assert desk.good("release", "list")["releases"] == said["releases"]


def test_what_is_no_wheel_of_the_agent_is_one_clear_line(desk: Desk, tmp_path: Path) -> None:
    for path in (tmp_path / "none.whl", tmp_path / "predvid-9-py3-none-any.whl"):
        done = desk.run("release", "publish", str(path))
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1


def test_a_rotated_root_takes_the_list_along(desk: Desk, tmp_path: Path) -> None:
    before = Folder(desk.folder).known().root
    desk.good("trust", "rotate")
    after = Folder(desk.folder).known().root
    assert after != before
    said = desk.good("release", "publish", str(later(tmp_path, "0.1.2")))
    assert [one["version"] for one in said["releases"]] == ["0.1.1", "0.1.2"]
    assert Repository(desk.data / "releases").signed_by()[0] == digest(after).hex()
    assert len(list((desk.data / "releases/metadata").glob("*.root.json"))) == 2


def test_a_withdrawn_version_is_gone_and_no_counter_comes_twice(desk: Desk, tmp_path: Path) -> None:
    withdrawn = desk.good("release", "list")["releases"][-1]["counter"]
    said = desk.good("release", "withdraw", "0.1.2")
    assert [one["version"] for one in said["releases"]] == ["0.1.1"]
    said = desk.good("release", "publish", str(later(tmp_path, "0.1.3")))
    assert [one["version"] for one in said["releases"]] == ["0.1.1", "0.1.3"]
    assert said["releases"][-1]["counter"] > withdrawn


def test_a_new_operator_signs_once_the_roots_holder_has_refreshed(desk: Desk, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    made = desk.run("trust", "operator", "add", "iva", folder=theirs)
    assert made.returncode == 0, made.stderr
    key = json.loads(made.stdout.splitlines()[-1])["key"]
    wheel = later(tmp_path, "0.1.4")
    done = desk.run("release", "publish", str(wheel), folder=theirs)
    assert done.returncode == 2
    assert "trust operator add" in done.stderr
    desk.good("trust", "operator", "add", "iva", "--key", key)
    desk.good("release", "refresh")
    names = {one.name for one in (Folder(desk.folder).known().operators or pytest.fail("none")).operators}
    assert names == {"ana", "iva"}
    assert len(Repository(desk.data / "releases").signed_by()[1]) == 2
