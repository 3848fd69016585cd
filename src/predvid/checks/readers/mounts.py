"""Which mounts are real file systems: reads mountinfo (proc_pid_mountinfo(5)) and drops the noise."""

import re
from collections.abc import Iterable
from typing import Any

NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "fuse.sshfs",
        "fuse.glusterfs",
        "ceph",
        "9p",
        "afs",
        "davfs",
        "fuse.davfs2",
        "fuse.rclone",
    }
)
LOCAL = frozenset(
    {
        "ext2",
        "ext3",
        "ext4",
        "xfs",
        "btrfs",
        "zfs",
        "f2fs",
        "jfs",
        "reiserfs",
        "vfat",
        "exfat",
        "ntfs",
        "ntfs3",
        "fuseblk",
        "hfsplus",
        "apfs",
        "hfs",
        "ufs",
        "refs",
        "fat32",
        "bcachefs",
        "nilfs2",
    }
)
TURNED = frozenset({"emergency_ro", "shutdown"})  # ext4 since Linux 6.15, and f2fs/xfs after a forced stop
CONTAINER_FILES = frozenset({"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"})
_OCTAL = re.compile(r"\\([0-7]{3})")


def _plain(field: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match.group(1), 8)), field)


def parse_mountinfo(text: str) -> list[dict[str, Any]]:
    """Return one row per mount: `device, mount, type, network, number` (major:minor), `turned_read_only`.

    A file system that the kernel itself made read-only after an error carries `ro` on its super block while
    the mount still says `rw`; one that a person mounted read-only says `ro` on both. Malformed lines are
    skipped.
    """
    rows = []
    for line in text.splitlines():
        left, dash, right = line.partition(" - ")
        mount, source = left.split(" "), right.split(" ")
        if not dash or len(mount) < 6 or len(source) < 3:
            continue
        options, super_options = set(mount[5].split(",")), set(source[2].split(","))
        turned = "ro" not in options and bool(super_options & ({"ro"} | TURNED))
        rows.append(
            {
                "device": _plain(source[1]),
                "mount": _plain(mount[4]),
                "type": source[0].lower(),
                "network": source[0].lower() in NETWORK,
                "number": mount[2],
                "turned_read_only": turned,
            }
        )
    return rows


def is_real(row: dict[str, Any]) -> bool:
    """Tell whether a mount holds data worth watching: not pseudo, snap or image."""
    kind, mount, device = row["type"].lower(), row["mount"], row["device"]
    if kind == "overlay":
        return bool(mount == "/")  # a container's own root
    if (
        mount in CONTAINER_FILES
        or device.startswith("/dev/loop")
        or mount.startswith(("/snap/", "/var/lib/docker/", "/var/lib/containers/"))
    ):
        return False
    return kind in NETWORK or kind in LOCAL


def distinct(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the real mounts, each file system once at its shortest path (the rest are bind mounts).

    Of two at the same path only the last one can be seen: the one below it is hidden.
    """
    best: dict[str, dict[str, Any]] = {}
    for row in {row["mount"]: row for row in rows}.values():
        if not is_real(row):
            continue
        # A ZFS data set is a file system of its own; elsewhere one device is one pool of space.
        key = row["device"]
        if key not in best or len(row["mount"]) < len(best[key]["mount"]):
            best[key] = row
    return sorted(best.values(), key=lambda row: str(row["mount"]))
