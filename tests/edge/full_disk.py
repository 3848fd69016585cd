"""A disk to fill and to empty: a small tmpfs where mounting is allowed, else a limit of file sizes."""

import contextlib
import errno
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOM = "1m"


@dataclass
class SmallDisk:
    """A folder of its own; `mounted` tells that it is a file system of `ROOM` bytes."""

    folder: Path
    mounted: bool
    process: "subprocess.Popen[bytes] | None" = None

    def fill(self) -> None:
        """Leave no room: not one more byte in a file, nor (on a tmpfs) one more page."""
        if not self.mounted:
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
            return
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            for size in (1 << 16, 4096, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"x" * size)

    def free(self) -> None:
        """Give the room back, to this process and to the one that was started on the disk."""
        if self.mounted:
            (self.folder / "ballast").unlink()
            return
        whole = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.setrlimit(resource.RLIMIT_FSIZE, whole)
        if self.process is not None:
            resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, whole)

    def refuses(self) -> bool:
        """Tell whether the disk takes no byte more."""
        try:
            with (self.folder / "probe").open("wb", buffering=0) as file:
                file.write(b"x")
        except OSError as error:
            return error.errno in (errno.ENOSPC, errno.EFBIG)
        return False


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[SmallDisk]:
    """Yield a small disk at `folder`, unmounted in the end."""
    folder.mkdir()
    command = ("mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(folder))
    try:
        mounted = subprocess.run(command, capture_output=True, check=False, timeout=30).returncode == 0
    except OSError:
        mounted = False
    try:
        yield SmallDisk(folder, mounted)
    finally:
        if mounted:
            subprocess.run(("umount", "-l", str(folder)), check=True, timeout=30)
