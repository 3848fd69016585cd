"""The command line: bad options are one line, every terminal gets its text, a closed pipe is no error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from predvid.cli import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["agent"], "VERB"),
        (["agent", "rum"], "invalid choice: 'rum'"),
        (["agent", "run", "--bogus"], "unrecognized arguments: --bogus"),
        (["agent", "enroll"], "url"),
        (["check", "run"], "name"),
        (["up", "--port", "x"], "invalid int value: 'x'"),
        (["serve", "nothing"], "invalid choice"),
        (["status", "--bogus"], "--bogus"),
        (["doctor", "--port"], "--port"),
        (["owner"], "verb"),
        (["nothing"], "no verb 'nothing'"),
    ],
)
def test_bad_options_are_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("predvid")
    assert words in line


@pytest.mark.parametrize("arguments", [["agent", "--help"], ["agent", "enroll", "--help"], ["check", "-h"]])
def test_help_is_still_a_page(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "usage: predvid" in capsys.readouterr().out


def run(*arguments: str, **more: str) -> "subprocess.Popen[str]":
    command, environment = [sys.executable, "-m", "predvid", *arguments], {**os.environ, **more}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_terminal_that_lacks_letters_gets_the_rest(tmp_path: Path) -> None:
    process = run("agent", "selftest", "--lang", "hr", "--state", str(tmp_path), PYTHONIOENCODING="ascii")
    out, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")
    assert "Predvid agent, samoprovjera" in out


def test_whoever_stops_reading_gets_no_complaint() -> None:
    process = run("check", "list", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(60) == 0
