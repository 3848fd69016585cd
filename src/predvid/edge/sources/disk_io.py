"""The table `disk_io` of systems without /proc/diskstats: psutil's counters of whole disks."""

import sys

import psutil

# psutil divides Windows' 100-nanosecond counts by 10 000 000: what it calls milliseconds are seconds there.
TICKS = 1.0 if sys.platform == "win32" else 1000.0


def disk_io() -> dict[str, dict[str, float]]:
    """Return {disk: {requests, reads, waited, read_waited (s), read, written (bytes)}} since boot."""
    counters = psutil.disk_io_counters(perdisk=True, nowrap=False) or {}
    return {
        name: {
            "requests": count.read_count + count.write_count,
            "reads": count.read_count,
            "waited": (count.read_time + count.write_time) / TICKS,
            "read_waited": count.read_time / TICKS,
            "read": count.read_bytes,
            "written": count.write_bytes,
        }
        for name, count in counters.items()
    }
