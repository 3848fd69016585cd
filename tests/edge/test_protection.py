"""The state folder on Windows: what is asked of icacls in which order, and a sentence where it refuses."""

from pathlib import Path

import pytest

from predvid.core.errors import UserError
from predvid.edge.protection import commands, protect


def stand_in(root: Path, status: int) -> Path:
    """Put a program in icacls's place that writes down how it was called; return where."""
    program, calls = root / "System32" / "icacls.exe", root / "calls"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> "{calls}"\nexit {status}\n')
    program.chmod(0o755)
    return calls


def test_an_administrators_folder_is_for_the_system_and_administrators_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    calls = stand_in(tmp_path, 0)
    protect(Path("state folder"), elevated=True)
    assert calls.read_text().splitlines() == [
        "state folder /setowner *S-1-5-32-544",
        "state folder /reset",
        "state folder /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F",
    ]


def test_a_persons_own_folder_stays_the_persons() -> None:
    (only,) = commands(Path("mine"), elevated=False)
    assert only[1:3] == ("mine", "/inheritance:r")
    assert only[-1] == "*S-1-3-4:(OI)(CI)F"


def test_a_refusal_ends_the_enrolment_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    with pytest.raises(UserError, match="cannot be protected: icacls does not run"):
        protect(tmp_path, elevated=True)
    calls = stand_in(tmp_path, 5)
    with pytest.raises(UserError, match="cannot be protected: icacls ended with status 5"):
        protect(tmp_path, elevated=True)
    assert len(calls.read_text().splitlines()) == 1
