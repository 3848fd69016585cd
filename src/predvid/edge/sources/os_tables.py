"""Tables that psutil gives alike on Linux, Windows and macOS, as JSON-like data.

`cpu_times` {total, cores[]}: seconds by part. `cpu` {logical, physical}. `memory`: bytes. `filesystems`: one
row per mount. `net_io` {clock, nics{}}: counters with a monotonic clock in seconds. `net_addresses`
{nic: [{family, address}]}. `boot` {id, uptime seconds}. `host` {name, system, release, version, machine}.
"""

import os
import platform
import threading
import time
from typing import Any

import psutil

from predvid.checks.readers.mounts import NETWORK, is_real
from predvid.edge.sources.disk_io import disk_io
from predvid.edge.sources.processes import processes
from predvid.edge.sources.sessions import sessions
from predvid.edge.sources.sockets import listening

SHARE_WAIT = 3.0  # seconds that a network share may take to tell its size
_waiting: set[str] = set()  # shares whose last question has not been answered yet
_FAMILIES = {"AF_INET": "ipv4", "AF_INET6": "ipv6", "AF_PACKET": "mac", "AF_LINK": "mac", "-1": "mac"}


def cpu_times() -> dict[str, Any]:
    """Return seconds spent in each part since boot, in all and for each core."""
    return {
        "total": psutil.cpu_times()._asdict(),
        "cores": [t._asdict() for t in psutil.cpu_times(percpu=True)],
    }


def cpu() -> dict[str, Any]:
    """Return the number of logical and physical cores (None where unknown)."""
    return {"logical": psutil.cpu_count(), "physical": psutil.cpu_count(logical=False)}


def memory() -> dict[str, Any]:
    """Return memory and swap in bytes."""
    virtual, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "total": virtual.total,
        "available": virtual.available,
        "swap_total": swap.total,
        "swap_free": swap.free,
    }


def filesystems() -> list[dict[str, Any]]:
    """Return the mounts with their sizes; `turned_read_only` is known on Linux only."""
    rows = [
        {
            "device": part.device,
            "mount": part.mountpoint,
            "type": part.fstype.lower(),
            "network": part.fstype.lower() in NETWORK or "remote" in part.opts,
        }
        for part in psutil.disk_partitions(all=False)
        if "cdrom" not in part.opts
    ]
    return [with_usage(row) for row in rows if is_real(row)]


def with_usage(row: dict[str, Any]) -> dict[str, Any]:
    """Return `row` with `total, free, available` bytes and `inodes_total, inodes_free`, or with its `error`.

    A dead network share blocks whoever asks it, for ever: such a question is asked in a thread of its own,
    and not again while it is unanswered.
    """
    if not row["network"]:
        return row | _usage(row["mount"])
    mount, answer = row["mount"], dict[str, Any]()
    if mount in _waiting:
        return row | {"error": "timed out"}

    def ask() -> None:
        answer.update(_usage(mount))
        _waiting.discard(mount)

    _waiting.add(mount)
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(SHARE_WAIT)
    return row | (dict(answer) or {"error": "timed out"})


def _usage(mount: str) -> dict[str, Any]:
    try:
        if not hasattr(os, "statvfs"):
            usage = psutil.disk_usage(mount)
            return {"total": usage.total, "free": usage.free, "available": usage.free}
        whole = os.statvfs(mount)
    except OSError as error:
        return {"error": error.strerror or str(error)}
    return {
        "total": whole.f_blocks * whole.f_frsize,
        "free": whole.f_bfree * whole.f_frsize,
        "available": whole.f_bavail * whole.f_frsize,
        "inodes_total": whole.f_files,
        "inodes_free": whole.f_ffree,
    }


def net_io() -> dict[str, Any]:
    """Return the raw counters of every interface, its state and its speed (Mbit/s, 0 where unknown)."""
    states = psutil.net_if_stats()
    nics = {}
    for name, count in psutil.net_io_counters(pernic=True, nowrap=False).items():
        state = states.get(name)
        nics[name] = {
            "rx_bytes": count.bytes_recv,
            "tx_bytes": count.bytes_sent,
            "rx_errors": count.errin,
            "tx_errors": count.errout,
            "rx_drops": count.dropin,
            "tx_drops": count.dropout,
            "up": bool(state and state.isup and _running(state.flags)),
            "speed_mbit": state.speed if state else 0,
        }
    return {"clock": time.monotonic(), "nics": nics}


def _running(flags: str) -> bool:
    # Where the system names flags, `running` means that a cable is in; `up` only that it was switched on.
    return not flags or "running" in flags.split(",")


def net_addresses() -> dict[str, list[dict[str, str]]]:
    """Return the addresses of every interface: family `ipv4`, `ipv6` or `mac`."""
    found: dict[str, list[dict[str, str]]] = {}
    for name, addresses in psutil.net_if_addrs().items():
        found[name] = [
            {"family": _FAMILIES[family], "address": a.address.partition("%")[0].replace("-", ":").lower()}
            for a in addresses
            if (family := getattr(a.family, "name", str(a.family))) in _FAMILIES
        ]
    return found


def boot() -> dict[str, Any]:
    """Return uptime in seconds, and the minute of the boot as its id (a set clock may move the second)."""
    started = psutil.boot_time()
    return {"id": str(round(started / 120)), "uptime": max(0.0, time.time() - started)}


def host() -> dict[str, str]:
    """Return the name of the device and of its operating system."""
    return {
        "name": platform.node(),
        "system": platform.system(),
        "release": platform.release(),
        "version": platform.version(),
        "machine": platform.machine(),
    }


PORTABLE = {
    "cpu_times": cpu_times,
    "cpu": cpu,
    "memory": memory,
    "filesystems": filesystems,
    "disk_io": disk_io,
    "processes": processes,
    "listening": listening,
    "net_io": net_io,
    "net_addresses": net_addresses,
    "boot": boot,
    "sessions": sessions,
    "host": host,
}
