"""The live source of a Linux device: psutil's tables, and /proc where it says more."""

import contextlib
import os
from typing import Any

from predvid.checks.readers.meminfo import parse_meminfo
from predvid.checks.readers.mounts import distinct, parse_mountinfo
from predvid.edge.sources.deleted_libraries import deleted_libraries
from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_tables import PORTABLE, with_usage
from predvid.edge.sources.processes import linux_processes
from predvid.edge.sources.questions import QUERIES
from predvid.edge.sources.sockets import linux_listening

# What a check may run on a Linux device; nothing else is started, whatever a plan or plug-in says.
PROGRAMS = (
    "MegaCli64",
    "aa-status",
    "apcaccess",
    "apt-get",
    "arcconf",
    "btrfs",
    "chronyc",
    "clamdscan",
    "coredumpctl",
    "dmidecode",
    "dnf",
    "dpkg-query",
    "firewall-cmd",
    "flatpak",
    "freshclam",
    "journalctl",
    "hpacucli",
    "hpssacli",
    "last",
    "loginctl",
    "lpstat",
    "lsblk",
    "lvs",
    "megasasctl",
    "mysql",
    "nft",
    "nginx",
    "nvidia-smi",
    "nvme",
    "perccli",
    "perccli64",
    "pvs",
    "pvesh",
    "qm",
    "realm",
    "rpm",
    "runuser",
    "smartctl",
    "snap",
    "ssacli",
    "sshd",
    "storcli",
    "storcli64",
    "systemctl",
    "systemd-analyze",
    "tw_cli",
    "upsc",
    "ufw",
    "vgs",
    "virsh",
    "wbinfo",
    "wg",
    "zfs",
    "zpool",
    "zypper",
)

# Their times change when package lists are fetched; the lists themselves carry the archive's times.
_APT_STAMPS = (
    "/var/lib/apt/periodic/update-success-stamp",
    "/var/lib/apt/periodic/update-stamp",
    "/var/lib/apt/lists/partial",
    "/var/lib/apt/lists",
)


def _load() -> list[float]:
    return list(os.getloadavg())


def _memory() -> dict[str, Any]:
    with open("/proc/meminfo", encoding="ascii", errors="replace") as file:
        return dict(parse_meminfo(file.read()))


def _filesystems() -> list[dict[str, Any]]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        rows = parse_mountinfo(file.read())
    return [with_usage(row) for row in distinct(rows)]


def _boot() -> dict[str, Any]:
    with open("/proc/uptime", encoding="ascii") as file:
        uptime = float(file.read().split()[0])
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return {"id": file.read().strip(), "uptime": uptime}


def _apt() -> dict[str, Any]:
    times = []
    for path in _APT_STAMPS:
        with contextlib.suppress(OSError):
            times.append(os.stat(path).st_mtime)
    return {"lists_updated_at": max(times, default=None)}


TABLES = {
    **PORTABLE,
    "load": _load,
    "memory": _memory,
    "filesystems": _filesystems,
    "boot": _boot,
    "apt": _apt,
    "processes": linux_processes,
    "listening": linux_listening,
    "deleted_libraries": deleted_libraries,
}


def linux_source() -> HostSource:
    """Return the live source of this Linux device."""
    return HostSource("linux", TABLES, PROGRAMS, QUERIES)
