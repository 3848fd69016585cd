"""The agent as a service: a systemd unit on Linux, the documented steps on Windows."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from predvid.core.errors import UserError
from predvid.edge.identity import StateFolder, present
from predvid.edge.look import running

UNIT = Path("/etc/systemd/system/predvid-agent.service")
NAME = UNIT.name
SCRIPT = Path(__file__).with_name("install-agent.ps1")
STARTING = 30  # seconds for Python and the agent's first steps, on a slow and busy machine too

# No ProtectSystem, ProtectHome or PrivateTmp: each gives the service a mount table of its own, and the agent
# would report that one instead of the machine's. No SystemCallArchitectures=native: it kills the 32-bit tools
# of RAID controllers. OOMPolicy: a program of a check that meets MemoryMax ends alone, not with the agent.
TEMPLATE = """\
[Unit]
Description=Predvid agent: preventive monitoring of this machine
Documentation=https://predvid.example/docs/agent
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={python} -m predvid agent run --state {state}
Restart=always
RestartSec=5
# 2: what only a person can put right (not enrolled, a key that others can read, a wrong policy file)
RestartPreventExitStatus=2
TimeoutStopSec=10
UMask=0077
Nice=5
IOSchedulingClass=best-effort
IOSchedulingPriority=6
MemoryMax=512M
OOMPolicy=continue
TasksMax=320
NoNewPrivileges=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes

[Install]
WantedBy=multi-user.target
"""

WINDOWS = """\
On Windows the agent runs as a scheduled task of the SYSTEM account that starts with the machine.
In PowerShell, as administrator:

  1. & "{python}" -m predvid agent enroll URL --token TOKEN --state "{state}"
  2. powershell -ExecutionPolicy Bypass -File "{script}" -Python "{python}" -State "{state}"

install-agent.ps1 came with the agent. It leaves the state folder and policy.toml
to SYSTEM and Administrators alone (access control list), registers the task 'Predvid agent', and starts it.
"""

WINDOWS_REMOVAL = """\
In PowerShell, as administrator:

  powershell -ExecutionPolicy Bypass -File "{script}" -Python "{python}" -State "{state}" -Remove
"""


def unit(state: StateFolder, python: str) -> str:
    """Return the text of the systemd unit; `python` is the interpreter that has Predvid installed."""
    return TEMPLATE.format(python=_quoted(python), state=_quoted(str(state.path)))


def _quoted(word: str) -> str:
    word = word.replace("%", "%%").replace("$", "$$")
    return f'"{word}"' if " " in word else word


def install(state: StateFolder) -> str:
    """Install, enable and start the service; return what to tell the technician. Raises UserError."""
    if sys.platform == "win32":
        return WINDOWS.format(script=SCRIPT, python=sys.executable, state=state.path)
    if not _systemd_runs():
        raise UserError(
            "there is no systemd here: let your own supervisor keep this command running:\n  "
            f"{sys.executable} -m predvid agent run --state {state.path}"
        )
    if os.geteuid() != 0:
        raise UserError("installing a service needs root: repeat with sudo")
    if not present(state.membership):
        raise UserError("enrol first: predvid agent enroll URL --token T")
    try:
        UNIT.write_text(unit(state, sys.executable), encoding="utf-8")
    except OSError as error:
        raise UserError(f"cannot write {UNIT}: {error.strerror}", status=1) from None
    for command in (("daemon-reload",), ("enable", NAME), ("restart", NAME)):
        _systemctl(*command)
    _wait_until_it_runs(state)
    return f"{NAME} is installed, starts with the machine and runs now. Its messages: journalctl -u {NAME} -f"


def _wait_until_it_runs(state: StateFolder) -> None:
    """Wait until the agent holds its state folder; systemd is content as soon as Python was started."""
    end = time.monotonic() + STARTING
    while not running(state):
        dead = _systemctl("show", "--property=ActiveState", "--value", NAME).strip() == "failed"
        if dead or time.monotonic() > end:
            raise UserError(f"{NAME} is installed but does not run: journalctl -u {NAME} says why", status=1)
        time.sleep(0.2)


def uninstall(state: StateFolder) -> str:
    """Stop and remove the service; the state folder stays. Return what to tell. Raises UserError."""
    if sys.platform == "win32":
        return WINDOWS_REMOVAL.format(python=sys.executable, state=state.path, script=SCRIPT)
    if not _systemd_runs() or not UNIT.exists():
        raise UserError(f"there is no service to remove: {UNIT} does not exist")
    if os.geteuid() != 0:
        raise UserError("removing a service needs root: repeat with sudo")
    _systemctl("disable", "--now", NAME)
    try:
        UNIT.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(f"cannot remove {UNIT}: {error.strerror}", status=1) from None
    _systemctl("daemon-reload")
    return f"{NAME} is stopped and removed. Identity and outbox of the agent stay in {state.path}"


def _systemd_runs() -> bool:
    """Tell whether systemd runs this machine: the test of sd_booted(3)."""
    booted = Path("/run/systemd/system").exists()
    return sys.platform == "linux" and booted and shutil.which("systemctl") is not None


def _systemctl(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ("systemctl", *arguments), capture_output=True, text=True, timeout=60, check=False
        )
    except subprocess.TimeoutExpired:
        raise UserError(f"systemctl {' '.join(arguments)} gave no answer", status=1) from None
    if done.returncode:
        raise UserError(f"systemctl {' '.join(arguments)} failed: {done.stderr.strip()}", status=1)
    return done.stdout
