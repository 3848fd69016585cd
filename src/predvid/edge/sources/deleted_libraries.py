"""The table `deleted_libraries`: programs that still run with libraries which an update has replaced.

A mapping of proc_pid_maps(5) that may be executed and whose file is gone ends with ` (deleted)`. Rows
{process, library}. It looks at MOST processes at most and stops after SECONDS; containers are left out.
"""

import os
import re
import time
from collections.abc import Sequence

MOST, SECONDS = 400, 0.5
# What packages install; programs also map files of their own and delete them.
FOLDERS = ("/usr/", "/lib", "/opt/")
_MAPPING = re.compile(r"^\S+ r.xp \S+ \S+ [1-9]\d* +(/\S+\.so\S*) \(deleted\)$", re.MULTILINE)
_CONTAINER = ("docker", "kubepods", "libpod", "lxc", "machine.slice")


def deleted_libraries(folders: Sequence[str] = FOLDERS) -> list[dict[str, str]]:
    """Return one row for each program with a replaced library; what may not be read is passed over."""
    found: dict[str, str] = {}
    until = time.monotonic() + SECONDS
    for pid in list(filter(str.isdecimal, os.listdir("/proc")))[:MOST]:
        if time.monotonic() > until:
            break
        try:
            paths = _MAPPING.findall(_text(f"/proc/{pid}/maps"))
            path = next((path for path in paths if path.startswith(tuple(folders))), None)
            if path and not any(word in _text(f"/proc/{pid}/cgroup") for word in _CONTAINER):
                found[_text(f"/proc/{pid}/comm").strip()] = path
        except OSError:
            continue
    return [{"process": name, "library": found[name]} for name in sorted(found)]


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(4 << 20)
