"""Opens a page in a desktop's browser without showing its address to other users of the machine."""

import html
import os
import shutil
import subprocess
import threading
from pathlib import Path

_REDIRECT = """<!doctype html>
<meta charset="utf-8"><meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={page}">
<title>Predvid</title><a href="{page}">Predvid</a>
"""


def open_page(page: str, folder: Path) -> None:
    """Open an address that holds a secret, where there is a desktop.

    What a program is started with, every local user can read: so the browser is given a file in `folder`
    that its owner alone may read, and the file leads on. A browser that does not start is no matter.
    """
    desktop = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not desktop or (opener := shutil.which("xdg-open")) is None:
        return
    forget(folder)
    handle = os.open(_file(folder), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(_REDIRECT.format(page=html.escape(page)))
    nowhere = subprocess.DEVNULL
    started = subprocess.Popen(
        [opener, str(_file(folder))], stdin=nowhere, stdout=nowhere, stderr=nowhere, start_new_session=True
    )
    threading.Thread(target=started.wait, daemon=True).start()  # some openers stay as long as the browser


def forget(folder: Path) -> None:
    """Remove the file that led on, if there is one."""
    _file(folder).unlink(missing_ok=True)


def _file(folder: Path) -> Path:
    return folder / "open.html"
