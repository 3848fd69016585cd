"""A Debian of its own under a live systemd: made by debootstrap in a folder, booted by systemd-nspawn."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from up_process import wait

SUITE = "bookworm"
PACKAGES = "systemd,systemd-sysv,dbus,cron,python3,python3-venv"
PROGRAMS = {"debootstrap": "debootstrap", "systemd-nspawn": "systemd-container", "nsenter": "util-linux"}
ALONE = ("--register=no", "--keep-unit")  # for a machine that systemd does not run itself
REBOOT = 133  # what nspawn ends with under --keep-unit when the guest asks for a restart
CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")  # one tree, or an older one
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing() -> list[str]:
    """Name what this machine lacks to boot a guest."""
    lacks = [f"{name} (package {package})" for name, package in PROGRAMS.items() if not shutil.which(name)]
    return [*lacks, *(["root"] if os.geteuid() else [])]


@dataclass
class Guest:
    """A machine whose files lie in `root`; it shares this machine's network."""

    root: Path
    name: str = field(default_factory=lambda: f"guest-{uuid4().hex[:8]}")
    machine: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Install the system."""
        command = ("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(self.root))
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        (self.root / "etc/machine-id").write_text(f"{uuid4().hex}\n")  # else systemd asks its first questions
        (self.root / "etc/hostname").write_text(f"{self.name}\n")

    def boot(self) -> None:
        """Start the machine and wait until systemd has started what belongs to a system."""
        alone = () if Path("/run/systemd/system").exists() else ALONE
        options = ("--boot", "--quiet", "--console=pipe", "-M", self.name, "-D", str(self.root))
        log = self.root.with_suffix(".log")
        with log.open("ab") as shown:
            machine = self.machine = subprocess.Popen(
                ("sh", "-c", f'{self._apart()} exec "$@"', "sh", "systemd-nspawn", *options, *alone),
                stdin=subprocess.DEVNULL,
                stdout=shown,
                stderr=shown,
                start_new_session=True,
            )
        wait(lambda: self.runs() or machine.poll() is not None, "the guest", 120)
        if not self.runs():
            pytest.fail(f"this machine cannot boot a guest: {log.read_text()[-2000:]}")

    def _apart(self) -> str:
        """Return the shell's way into cgroups of its own: two guests in one would meet."""
        own = [folder / self.name for folder in map(Path, CGROUPS) if (folder / "cgroup.procs").exists()]
        if Path("/run/systemd/system").exists():
            return ""  # systemd gives it a scope
        return " ".join(f"mkdir -p {each}; echo $$ >{each}/cgroup.procs;" for each in own)

    def runs(self) -> bool:
        """Tell whether systemd has come up."""
        return self.run("systemctl", "is-system-running", check=False).strip() in ("running", "degraded")

    def boot_id(self) -> str:
        """Return the id of this start of the machine, empty while there is none."""
        said = self.run("cat", "/proc/sys/kernel/random/boot_id", check=False)
        return said if re.fullmatch(r"[0-9a-f-]{36}\n", said) else ""

    def reboot(self) -> None:
        """Restart the machine from inside."""
        before = self.boot_id()
        self.run("systemctl", "reboot", check=False)
        wait(lambda: self._again(before), "the guest after a restart", 120)

    def _again(self, before: str) -> bool:
        assert self.machine is not None
        if self.machine.poll() == REBOOT:
            self.boot()
        return self.boot_id() not in ("", before) and self.runs()

    def run(self, *command: str, check: bool = True, **environment: str) -> str:
        """Run a program inside, without a shell; return what it printed."""
        given = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"} | environment
        inside = ("env", "-i", *(f"{name}={value}" for name, value in given.items()), *command)
        done = subprocess.run(
            ("nsenter", "-t", str(self._leader()), "-a", *inside),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    def shell(self, script: str, check: bool = True, **environment: str) -> str:
        """Run a shell's command line inside."""
        return self.run("sh", "-c", script, check=check, **environment)

    def state(self, unit: str, *properties: str) -> dict[str, str]:
        """Return properties of a unit."""
        said = self.run("systemctl", "show", f"--property={','.join(properties)}", unit)
        return dict(line.split("=", 1) for line in said.splitlines())

    def _leader(self) -> int:
        assert self.machine is not None
        try:
            inside = psutil.Process(self.machine.pid).children()
        except psutil.NoSuchProcess:
            inside = []
        return inside[0].pid if inside else 0

    def stop(self) -> None:
        """Switch the machine off."""
        if self.machine is None or self.machine.poll() is not None:
            return
        self.machine.terminate()
        try:
            self.machine.wait(60)
        except subprocess.TimeoutExpired:
            self.machine.kill()
            self.machine.wait(20)
        for tree in (Path(folder) / self.name for folder in CGROUPS):
            for folder, _, _ in os.walk(tree, topdown=False):
                os.rmdir(folder)
