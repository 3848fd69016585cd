"""Wheels of later versions of the agent, and a service manager that starts what ends."""

import base64
import hashlib
import io
import subprocess
import threading
import zipfile
from pathlib import Path

from predvid import __version__
from predvid.edge.release import wheel_name
from predvid.modules.inventory.agent_wheel import agent_wheel
from up_process import clean_environment

AGENT = "predvid/edge/agent.py"
BROKEN = {  # what a release may get wrong; each is a line at the top of the agent's program
    "crashes": "raise SystemExit(7)\n",
    "is content to end": "raise SystemExit(0)\n",
    "wants a person": "raise SystemExit(2)\n",
}


def later(folder: Path, version: str, broken: str = "") -> Path:
    """Write the wheel of the agent that is here as `version`, with a fault where `broken` names one."""
    source = zipfile.ZipFile(io.BytesIO(agent_wheel().content))
    files = {}
    for name in source.namelist():
        content = source.read(name).replace(__version__.encode(), version.encode())
        if name == AGENT and broken:
            content = BROKEN[broken].encode() + content
        files[name.replace(f"-{__version__}.dist-info", f"-{version}.dist-info")] = content
    record = f"predvid-{version}.dist-info/RECORD"
    lines = [f"{name},{_digest(content)},{len(content)}" for name, content in files.items() if name != record]
    files[record] = ("\n".join([*lines, f"{record},,"]) + "\n").encode()
    path = folder / wheel_name(version)
    with zipfile.ZipFile(path, "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)
    return path


def _digest(content: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


class Service:
    """Starts a command again whenever it ends, as systemd does with Restart=always but for status 2."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._command, self._log = command, log
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self.statuses: list[int] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._log.open("ab") as log:
                self._child = subprocess.Popen(
                    self._command, env=clean_environment(), stdin=subprocess.DEVNULL, stderr=log
                )
            self.statuses.append(self._child.wait())
            if self.statuses[-1] == 2:
                return
            self._stopping.wait(0.2)

    def stop(self) -> None:
        """End it for good."""
        self._stopping.set()
        while self._thread.is_alive():
            if self._child is not None and self._child.poll() is None:
                self._child.terminate()
            self._thread.join(0.5)
