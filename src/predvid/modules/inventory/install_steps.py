"""The commands that bring a new device its agent, as the enrolment page prints them."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

LINUX = "/opt/predvid"
# Not a folder in the root of the drive: there every user of the machine may change what SYSTEM then runs.
WINDOWS = r"C:\Program Files\Predvid"
LOCK = "predvid/edge/agent.lock"
SERVICE = "predvid/edge/install-agent.ps1"


@dataclass(frozen=True, slots=True)
class Steps:
    """One command each: make the environment, install agent and needs, enrol, start with the system."""

    environment: str
    agent: str
    needs: str
    enrol: str
    service: str


def linux(address: str, token: str, wheel: str, sha256: str, *, own_authority: bool) -> Steps:
    """Return the commands for a POSIX shell; see `_agent` about `own_authority`."""
    python = f"{LINUX}/bin/python"
    return Steps(
        f"python3 -m venv {LINUX}",
        f"{python} -m pip install {_agent(address, wheel, sha256, own_authority, shlex.quote)}",
        f"{python} -m pip install --require-hashes -r {LINUX}/lib/python3*/site-packages/{LOCK}",
        f"{LINUX}/bin/predvid agent enroll {shlex.quote(address)} --token {shlex.quote(token)}",
        f"{LINUX}/bin/predvid agent service install",
    )


def windows(address: str, token: str, wheel: str, sha256: str, *, own_authority: bool) -> Steps:
    """Return the commands for PowerShell."""
    python, packages = _quoted(rf"{WINDOWS}\Scripts\python.exe"), rf"{WINDOWS}\Lib\site-packages" + "\\"
    lock, service = (_quoted(packages + name.replace("/", "\\")) for name in (LOCK, SERVICE))
    return Steps(
        f"py -3.11 -m venv {_quoted(WINDOWS)}",
        f"& {python} -m pip install {_agent(address, wheel, sha256, own_authority, _quoted)}",
        f"& {python} -m pip install --require-hashes -r {lock}",
        f"& {python} -m predvid agent enroll {_quoted(address)} --token {_quoted(token)}",
        f"powershell -ExecutionPolicy Bypass -File {service} -Python {python}",
    )


def _agent(address: str, wheel: str, sha256: str, own_authority: bool, quote: Callable[[str], str]) -> str:
    """Return what pip is given for the agent itself: the file on this server and the hash it must have.

    pip knows no authority of ours and needs none: the hash, which the page shows over its own verified way,
    decides what is installed. So the host's certificate is not looked at.
    """
    trusted = f"--trusted-host {quote(urlsplit(address).netloc)} " if own_authority else ""
    return f"--no-deps {trusted}{quote(f'predvid @ {address}/agent/{wheel}#sha256={sha256}')}"


def _quoted(word: str) -> str:
    """Return `word` as one literal word of PowerShell (about_Quoting_Rules)."""
    doubled = word.replace("'", "''")
    return f"'{doubled}'"
