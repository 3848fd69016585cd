"""A database that cannot be used is told in one sentence with what to do, as the real engine says it."""

import sqlite3
from pathlib import Path

import pytest
from django.db import OperationalError

from predvid.server.setting_up import why_unusable


def test_a_full_disk_is_called_that(tmp_path: Path) -> None:
    link = sqlite3.connect(tmp_path / "full.db")
    link.execute("PRAGMA max_page_count = 3")
    script = "".join(f"CREATE TABLE t{number} (a);" for number in range(99))
    with pytest.raises(sqlite3.OperationalError) as full:
        link.executescript(script)
    link.close()
    said = why_unusable(OperationalError(str(full.value)), own_file=True)
    assert "disk of the data directory is full" in said
    assert "PREDVID_DATABASE_URL" not in said


def test_a_server_out_of_reach_names_its_setting() -> None:
    said = why_unusable(OperationalError("connection refused\nIs it running?"), own_file=False)
    assert said == "The database cannot be used: connection refused. See PREDVID_DATABASE_URL."
