"""The one-time link of the first owner is in no process's arguments and in no file that others may read."""

import os
import stat
from pathlib import Path

import pytest

from predvid.server import browser
from up_process import wait

LINK = "http://127.0.0.1:8700/welcome/secret-of-the-owner"


def test_the_link_reaches_the_browser_by_a_file_of_the_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, run = tmp_path / "bin", tmp_path / "run"
    programs.mkdir()
    run.mkdir()
    opener = programs / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf %s "$*" > {tmp_path}/new && mv {tmp_path}/new {tmp_path}/told\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.setenv("DISPLAY", ":0")
    browser.open_page(LINK, run)
    wait((tmp_path / "told").exists, "the browser is started")
    page = Path((tmp_path / "told").read_text())
    assert "secret" not in str(page)
    assert LINK in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    browser.forget(run)
    assert not page.exists()


def test_nothing_is_written_where_there_is_no_desktop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    browser.open_page(LINK, tmp_path)
    assert not list(tmp_path.iterdir())
