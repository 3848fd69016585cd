"""Commands for a person to paste: with the path of this program, and the data where they lie elsewhere."""

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

USUAL_DATA = "~/.local/share/predvid"
USUAL_PORT = 8700


def data_of(env: Mapping[str, str]) -> str:
    """Return the data directory of whoever names none: PREDVID_DATA, else the usual one."""
    return env.get("PREDVID_DATA", USUAL_DATA)


def pasted(data: Path, *words: str) -> str:
    """Return the command `predvid words...` for the installation in `data`, quoted for a POSIX shell.

    The program is named by its path unless the search path finds this very one; `--data` is added unless
    `data` is the usual directory of whoever reads it here.
    """
    program = Path(sys.executable).with_name("predvid").absolute()
    found = shutil.which("predvid")
    name = "predvid" if found is not None and Path(found).absolute() == program else str(program)
    usual = Path(USUAL_DATA).expanduser().absolute() == data.absolute()
    return shlex.join([name, *words, *([] if usual else ["--data", str(data)])])


def installed_by_units() -> bool:
    """Tell whether a server's environment file describes the installation (docs/operations.md)."""
    return bool(os.environ.get("PREDVID_STORE_PORT"))
