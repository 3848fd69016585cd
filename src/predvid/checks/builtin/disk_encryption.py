"""Disk encryption by LUKS, BitLocker and FileVault: bare system volumes, suspended protection."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.encryption import volumes
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say


@dataclass(frozen=True)
class DiskEncryptionParams:
    """Levels guard 1: the system volume, any other volume not encrypted; BitLocker suspended.

    A laptop gets lost with its disk, other devices rarely: only laptops warn of a bare system volume by
    default. Windows encrypts many workstations of its own accord, then suspended until someone signs
    in with an account of Microsoft: that is worth a warning only on laptops and servers.
    """

    system: Levels = Levels()
    data: Levels = Levels()
    suspended: Levels = Levels()


def collect(source: Source, params: DiskEncryptionParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield for each volume whether it is bare, and the volumes as a fact."""
    found = {volume.name: volume for volume in volumes(source)}
    if not found:
        raise NotHere(say("disk_encryption.none"))
    for volume in found.values():
        labels = {"volume": volume.name}
        metric = "encryption_system_bare" if volume.system else "encryption_data_bare"
        yield Sample(metric, float(not volume.encrypted), labels)
        if volume.encrypted and source.platform == "windows":
            yield Sample("encryption_suspended", float(volume.suspended), labels)
    rows = [
        {"key": volume.name, "encrypted": volume.encrypted, "method": volume.method}
        for volume in sorted(found.values(), key=lambda volume: volume.name)
    ]
    yield Fact("storage.encryption", rows)


def judge(samples: list[Sample], params: DiskEncryptionParams) -> Iterator[Result]:
    """Judge items `C:` for being encrypted and `C: protection` for being suspended."""
    for sample in samples:
        volume, value = sample.labels.get("volume", ""), sample.value
        match sample.metric:
            case "encryption_system_bare" | "encryption_data_bare":
                field = params.system if sample.metric == "encryption_system_bare" else params.data
                said = "disk_encryption.bare" if value else "disk_encryption.encrypted"
                yield Result(volume, field.judge(value), say(said, volume=volume))
            case "encryption_suspended":
                said = "disk_encryption.suspended" if value else "disk_encryption.protected"
                yield Result(f"{volume} protection", params.suspended.judge(value), say(said, volume=volume))


check = Check(
    name="disk_encryption",
    title=Text("Disk encryption", "Šifriranje diskova"),
    group="protection",
    collect=collect,
    judge=judge,
    params=DiskEncryptionParams(),
    interval=6 * 3600,
    timeout=60,
    hold=2 * 86400,  # an update of the firmware suspends BitLocker until the next start
    watches={
        "encryption_system_bare": "system",
        "encryption_data_bare": "data",
        "encryption_suspended": "suspended",
    },
    defaults={
        "laptop": {"system": Levels(1, None), "suspended": Levels(1, None)},
        "server": {"suspended": Levels(1, None)},
    },
    texts={
        "disk_encryption.none": Text(
            "No volume of this device could be encrypted",
            "Ovaj uređaj nema svezaka koji bi se mogli šifrirati",
        ),
        "disk_encryption.bare": Text(
            "The volume {volume} is not encrypted: whoever has the disk can read it",
            "Svezak {volume} nije šifriran: tko ima disk, može ga čitati",
        ),
        "disk_encryption.encrypted": Text("The volume {volume} is encrypted", "Svezak {volume} je šifriran"),
        "disk_encryption.suspended": Text(
            "BitLocker is suspended on {volume} and the key lies open on the disk: resume the protection",
            "BitLocker je na {volume} obustavljen i ključ je otvoreno zapisan na disku: ponovno uključite "
            "zaštitu",
        ),
        "disk_encryption.protected": Text(
            "The protection of {volume} is on", "Zaštita sveska {volume} je uključena"
        ),
        "fact.storage.encryption": Text("Disk encryption", "Šifriranje diskova"),
        "part.encrypted": Text("Encrypted", "Šifriran"),
        "part.method": Text("Method", "Način"),
        "metric.encryption_system_bare": Text("System volume not encrypted", "Svezak sustava nije šifriran"),
        "metric.encryption_data_bare": Text("Data volume not encrypted", "Podatkovni svezak nije šifriran"),
        "metric.encryption_suspended": Text("Protection suspended", "Zaštita obustavljena"),
    },
)
