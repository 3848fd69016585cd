"""The starts of the system that wtmpdb noted (wtmpdb(8)): what Debian 13 and its kin keep instead of wtmp."""

import sqlite3
from contextlib import closing
from pathlib import Path

# Its BOOT_TIME is 1; an orderly stop fills in the moment of Logout (wtmpdb.h). Moments are in microseconds.
_STARTS = "SELECT Login, Logout FROM wtmp WHERE Type = 1 ORDER BY Login DESC LIMIT 1000"
MICRO = 1_000_000
WAIT = 2.0  # seconds for a writer


def starts(path: str) -> list[dict[str, float | None]]:
    """Return {began, ended} of the newest starts, oldest first, epoch seconds; ended None: it never was.

    Raises OSError where there is no such file, ValueError for one that is no such database.
    """
    with Path(path).open("rb"):  # SQLite words a missing file and one without permission alike
        pass
    try:
        with closing(
            sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", WAIT, uri=True)
        ) as database:
            rows = database.execute(_STARTS).fetchall()
    except sqlite3.Error as error:
        raise ValueError(str(error)) from None
    return [
        {"began": began / MICRO, "ended": ended / MICRO if isinstance(ended, int) else None}
        for began, ended in reversed(rows)
        if isinstance(began, int)
    ]
