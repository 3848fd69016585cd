"""Which volumes of a device are encrypted: dm-crypt by sysfs, BitLocker by WMI, FileVault by fdesetup."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from predvid.checks.errors import CannotRead
from predvid.checks.readers.mounts import parse_mountinfo
from predvid.checks.readers.plain import records, text, whole
from predvid.checks.source import Source
from predvid.core.model import say

BLOCK = "/sys/class/block"
BITLOCKER = (
    "root/cimv2/Security/MicrosoftVolumeEncryption:Win32_EncryptableVolume "
    "DriveLetter,ProtectionStatus,ConversionStatus,EncryptionMethod,VolumeType"
)
# Win32_EncryptableVolume, GetEncryptionMethod (learn.microsoft.com).
METHODS = {1: "AES-128 with diffuser", 2: "AES-256 with diffuser", 3: "AES-128", 4: "AES-256",
           5: "hardware", 6: "XTS-AES-128", 7: "XTS-AES-256"}  # fmt: skip
MOST = 200
MOST_DEPTH = 8  # layers of devices below a file system
_KIND = re.compile(r"CRYPT-([A-Z0-9]{2,12})-")
_DM = re.compile(r"dm-\d{1,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume: `system` holds the operating system; `suspended`: encrypted, but the key lies open on it.

    `method` is how it is encrypted, empty where it is not or where nobody says.
    """

    name: str
    system: bool
    encrypted: bool
    suspended: bool = False
    method: str = ""


def volumes(source: Source) -> Iterator[Volume]:
    """Yield the volumes of the device; raise CannotRead where nothing can be told."""
    match source.platform:
        case "windows":
            yield from _bitlocker(source)
        case "macos":
            yield _filevault(source.run("fdesetup", "status"))
        case _:
            yield from _dm_crypt(source)


def _bitlocker(source: Source) -> Iterator[Volume]:
    seen: set[str] = set()
    for row in records(source.query("wmi", BITLOCKER))[:MOST]:
        name, kind = text(row.get("DriveLetter")), whole(row.get("VolumeType"))
        converted, protected = whole(row.get("ConversionStatus")), whole(row.get("ProtectionStatus"))
        if not name or name in seen or protected is None or kind not in (0, 1):  # 2: portable
            continue
        seen.add(name)
        # Status 1: all of it is encrypted; protection 0 then means that the key is written in the clear.
        whole_one = converted == 1 or (converted is None and protected in (1, 2))
        method = METHODS.get(whole(row.get("EncryptionMethod")) or 0, "") if whole_one else ""
        yield Volume(name, kind == 0, whole_one, whole_one and protected == 0, method)


def _filevault(words: str) -> Volume:
    """Return the volume of a Mac by what `fdesetup status` says (fdesetup(8))."""
    match = re.search(r"FileVault is (On|Off)\b", words)
    if match is None:
        raise CannotRead(say("read.unexpected", what="fdesetup", detail=words.strip()[:80] or "–"))
    busy = "Encryption in progress" in words
    on = match[1] == "On" and not busy
    return Volume("/", True, on, method="FileVault" if on else "")


def _dm_crypt(source: Source) -> Iterator[Volume]:
    rows = parse_mountinfo(source.text("/proc/self/mountinfo"))
    mapped = _mapped(source)
    seen: set[str] = set()
    for row in rows:
        device = row["device"]
        if not device.startswith("/dev/") or device.startswith("/dev/loop") or device in seen:
            continue
        if len(seen) >= MOST:
            return
        seen.add(device)
        system = any(other["mount"] == "/" for other in rows if other["device"] == device)
        name = "/" if system else row["mount"]
        kind = _crypt(source, _block_name(device, mapped), 0)
        yield Volume(name, system, bool(kind), method=kind)


def _mapped(source: Source) -> dict[str, str]:
    """Return the kernel's name (dm-0) of each mapped device by the name that /dev/mapper gives it."""
    found = {}
    with suppress(CannotRead):
        for name in [name for name in source.listing(BLOCK) if _DM.fullmatch(name)][:MOST]:
            with suppress(CannotRead):
                found[source.text(f"{BLOCK}/{name}/dm/name").strip()] = name
    return found


def _block_name(device: str, mapped: dict[str, str]) -> str:
    last = device.rpartition("/")[2]
    return mapped.get(last, last)


def _crypt(source: Source, name: str, depth: int) -> str:
    """Return how the block device `name`, or all that it lies on, is encrypted; empty where it is not."""
    with suppress(CannotRead):
        match = _KIND.match(source.text(f"{BLOCK}/{name}/dm/uuid"))
        if match:
            return match[1]
    if depth >= MOST_DEPTH:
        return ""
    below = []
    with suppress(CannotRead):
        below = source.listing(f"{BLOCK}/{name}/slaves")[:MOST]
    kinds = [_crypt(source, each, depth + 1) for each in below]
    return kinds[0] if kinds and all(kinds) else ""
