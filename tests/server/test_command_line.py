"""Commands that pages and verbs show can be pasted: they name this program and where the data lie."""

import shlex
from pathlib import Path

import pytest

from predvid.server import command_line
from predvid.server.place import Place

USUAL = Path(command_line.USUAL_DATA).expanduser()


def words(command: str) -> list[str]:
    """Return what a shell makes of `command`, without the program's path, which must exist."""
    program, *rest = shlex.split(command)
    assert program == "predvid" or Path(program).is_file()
    return rest


def test_data_elsewhere_are_named_and_quoted(tmp_path: Path) -> None:
    data = tmp_path / "of Ana & co"
    assert words(command_line.pasted(data, "trust", "init")) == ["trust", "init", "--data", str(data)]


def test_data_in_the_usual_place_are_not_named() -> None:
    assert words(command_line.pasted(USUAL, "owner", "link")) == ["owner", "link"]


def test_the_program_is_its_path_unless_the_search_path_finds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    program = shlex.split(command_line.pasted(USUAL, "status"))[0]
    assert Path(program).is_absolute()
    monkeypatch.setenv("PATH", str(Path(program).parent))
    assert command_line.pasted(USUAL, "status") == "predvid status"


@pytest.mark.parametrize(
    ("address", "local", "options"),
    [
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700", []),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000", ["--port", "9000"]),
        ("http://[::1]:8700", "http://[::1]:8700", ["--listen", "::1"]),
        (
            "https://m.example.com:8700",
            "https://127.0.0.1:8700",
            ["--listen", "0.0.0.0", "--name", "m.example.com"],  # noqa: S104 - a word of a command
        ),
        (
            "https://10.0.0.2:9000",
            "https://10.0.0.2:9000",
            ["--port", "9000", "--listen", "10.0.0.2", "--name", "10.0.0.2"],
        ),
    ],
)
def test_a_start_listens_where_the_last_one_did(address: str, local: str, options: list[str]) -> None:
    assert words(Place(USUAL, address=address, local=local).start()) == ["up", *options]


def test_a_start_that_other_machines_reach(tmp_path: Path) -> None:
    place = Place(tmp_path, address="http://127.0.0.1:9000", local="http://127.0.0.1:9000")
    assert place.only_here
    more = ("--listen", "0.0.0.0")  # noqa: S104 - a word of a command
    assert words(place.start(*more)) == ["up", "--port", "9000", *more, "--data", str(tmp_path)]
    assert not Place(tmp_path, address="https://m.example.com:8700").only_here
