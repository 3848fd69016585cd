"""Leaves a folder on Windows to SYSTEM and Administrators alone, before anything secret is in it.

ProgramData lets every user read what is created below it. Groups are named by their identifiers, since names
are translated. Sources: Microsoft's pages on icacls and on well-known SIDs.
"""

import os
import subprocess
from pathlib import Path

from predvid.core.errors import UserError

SYSTEM, ADMINISTRATORS, OWNER = "*S-1-5-18", "*S-1-5-32-544", "*S-1-3-4"
WHOLE = "(OI)(CI)F"  # full control of the folder, of folders and of files in it


def commands(folder: Path, elevated: bool) -> list[tuple[str, ...]]:
    """Return what protects `folder`, in order; one who is no administrator keeps the own folder too."""
    icacls = str(Path(os.environ.get("SYSTEMROOT", r"C:\Windows")) / "System32" / "icacls.exe")
    whose = (SYSTEM, ADMINISTRATORS) if elevated else (SYSTEM, ADMINISTRATORS, OWNER)
    alone = (icacls, str(folder), "/inheritance:r", "/grant:r", *(f"{sid}:{WHOLE}" for sid in whose))
    if not elevated:
        return [alone]
    # Somebody else may have made the folder beforehand, with rights of their own in its list.
    return [(icacls, str(folder), "/setowner", ADMINISTRATORS), (icacls, str(folder), "/reset"), alone]


def protect(folder: Path, elevated: bool) -> None:
    """Take `folder` from everybody else; raise UserError where that does not work."""
    for command in commands(folder, elevated):
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UserError(f"{folder} cannot be protected: icacls does not run ({error})") from None
        if done.returncode:
            raise UserError(f"{folder} cannot be protected: icacls ended with status {done.returncode}")
