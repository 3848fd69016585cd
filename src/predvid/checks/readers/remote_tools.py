"""Finds programs for remote control by the names of their services; that tells nothing of their use."""

from collections.abc import Iterable, Iterator

from predvid.checks.errors import NotHere
from predvid.checks.readers import plain
from predvid.checks.source import Source

SERVICES = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services"
FOLDERS = {
    "linux": ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"),
    "macos": ("/Library/LaunchDaemons", "/Library/LaunchAgents"),
}
TOOLS = {
    "teamviewer": "TeamViewer", "anydesk": "AnyDesk", "rustdesk": "RustDesk", "supremo": "Supremo",
    "screenconnect": "ScreenConnect", "splashtop": "Splashtop", "logmein": "LogMeIn", "ammyy": "Ammyy",
    "tvnserver": "TightVNC", "uvnc_service": "UltraVNC", "winvnc": "VNC", "vncserver": "VNC", "x11vnc": "VNC",
    "realvnc": "VNC", "rserver3": "Radmin", "dwagent": "DWService", "dwagsvc": "DWService",
    "mesh agent": "MeshCentral", "meshagent": "MeshCentral", "chromoting": "Chrome Remote Desktop",
    "chrome-remote-desktop": "Chrome Remote Desktop", "zohoassist": "Zoho Assist", "xrdp": "xrdp",
    "nxserver": "NoMachine", "gotoassist": "GoToAssist", "bomgar": "BeyondTrust", "ateraagent": "Atera",
}  # fmt: skip


def installed(source: Source) -> list[str]:
    """Return the programs for remote control with a service here; raise CannotRead as the source does."""
    return sorted({product for name in _services(source) if (product := _product(name))})


def _product(name: str) -> str | None:
    lower = name.lower()
    return next((product for word, product in TOOLS.items() if word in lower), None)


def _services(source: Source) -> Iterator[str]:
    if source.platform == "windows":
        keys = plain.within(source.query("registry", SERVICES), "keys")
        yield from _texts(keys if isinstance(keys, list) else ())
        return
    for folder in FOLDERS[source.platform]:
        try:
            yield from source.listing(folder)
        except NotHere:
            continue


def _texts(values: Iterable[object]) -> Iterator[str]:
    yield from (value for value in values if isinstance(value, str))
