"""What in a system log means trouble that nobody sees yet: by words on Linux, by provider and id on Windows.

A sign is `name=words` (Linux: the words in their order, anything between them, case ignored) or
`name=provider:id,id` (Windows). The built-in signs of Linux count in messages of the kernel alone.
Sources: kernel documentation and messages of its drivers; Microsoft's documentation of the events of disk,
Ntfs, volsnap, storport's drivers and Resource-Exhaustion-Detector.

Not among them, since backups cause them on healthy machines: disk 51 and 157 (a disk was taken away, as
backups do with virtual ones), Ntfs 137 (on shadow copies). Nor srv 2013: the check of disk space is better.
"""

LINUX = (
    "disk=I/O error,",
    "disk=failed command:",
    "disk=Medium Error",
    "filesystem=EXT4-fs error",
    "filesystem=XFS corruption",
    "filesystem=BTRFS error",
    "filesystem=Remounting filesystem read-only",
    "hung=blocked for more than seconds",
    "lockup=soft lockup",
    "lockup=hard LOCKUP",
    "machine=Machine check events logged",
    "thermal=temperature above threshold",
    "conntrack=table full, dropping packet",
    "power=Undervoltage detected",
)
# An empty floppy drive, a scratched disc, an image that was taken away: nobody's disk.
NO_DISKS = ("dev fd", "dev sr", "dev loop", "dev nbd")
WINDOWS = (
    "disk=disk:7,11,52",
    "disk=Microsoft-Windows-Disk:7,11,52",
    "filesystem=Ntfs:55,98",
    "filesystem=Microsoft-Windows-Ntfs:55,98",
    "controller=storahci:11,129",
    "controller=iaStorA:9,129",
    "controller=iaStorAC:9,129",
    "controller=iaStorAVC:9,129",
    "controller=iaStorVD:9,129",
    "controller=stornvme:11,129",
    "snapshots=volsnap:14,25,35",
    "memory=Microsoft-Windows-Resource-Exhaustion-Detector:2004",
)
NAMES = ("disk", "filesystem", "hung", "lockup", "machine", "thermal", "conntrack", "controller", "snapshots",
         "memory", "power")  # fmt: skip
MOST = 100


def name_of(sign: str) -> str:
    """Return the name in a sign."""
    return sign.partition("=")[0].strip()[:40] or "?"


def in_words(sign: str, message: str) -> bool:
    """Tell whether the words of a sign stand in a message, in their order."""
    at, message = 0, message.casefold()
    words = sign.partition("=")[2].casefold().split()[:12]
    for word in words:
        found = message.find(word, at)
        if found < 0:
            return False
        at = found + len(word)
    return bool(words)


def of_kernel(sign: str, source: str, message: str) -> bool:
    """Tell whether the kernel (`source` of a journal entry) says the words of a sign of a real disk."""
    at = message.casefold()
    return source == "kernel" and in_words(sign, message) and not any(part in at for part in NO_DISKS)


def is_event(sign: str, provider: str, number: object) -> bool:
    """Tell whether an event of Windows is the one that a sign names."""
    wanted, _, ids = sign.partition("=")[2].rpartition(":")
    return wanted.casefold() == provider.casefold() and str(number) in [
        part.strip() for part in ids.split(",")
    ]
