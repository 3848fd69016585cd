"""The table `disk_io` of systems without /proc/diskstats: psutil's counters of whole disks."""

import psutil


def disk_io() -> dict[str, dict[str, float]]:
    """Return {disk: {requests, waited (s), read, written (bytes)}} since boot."""
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    return {
        name: {
            "requests": count.read_count + count.write_count,
            "waited": (count.read_time + count.write_time) / 1000,
            "read": count.read_bytes,
            "written": count.write_bytes,
        }
        for name, count in counters.items()
    }
