"""The table `sessions`: who is logged on, as the system's own record of logins tells."""

from typing import Any

import psutil


def sessions() -> list[dict[str, Any]]:
    """Return rows {user, terminal, host, since (epoch seconds)}."""
    return [
        {"user": one.name, "terminal": one.terminal or "", "host": one.host or "", "since": one.started}
        for one in psutil.users()
    ]
