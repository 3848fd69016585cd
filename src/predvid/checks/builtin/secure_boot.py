"""Secure Boot and the TPM: whether the firmware starts signed systems only, and which chip keeps keys.

Linux: the variables SecureBoot and SetupMode below /sys/firmware/efi/efivars (UEFI 2.10: four bytes of
attributes, then the value), /sys/class/tpm (sysfs-class-tpm). Windows: UEFISecureBootEnabled, PEFirmwareType
(1 BIOS, 2 UEFI) and UEFICA2023Status (learn.microsoft.com, Secure Boot certificate updates), Win32_Tpm.
"""

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import plain
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

EFI = "/sys/firmware/efi"
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"  # EFI_GLOBAL_VARIABLE
TPM = "/sys/class/tpm"
CONTROL = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Control"
STATE = f"{CONTROL}/SecureBoot/State"
SERVICING = f"{CONTROL}/SecureBoot/Servicing"
CHIP = (
    "root/cimv2/Security/MicrosoftTpm:Win32_Tpm IsEnabled_InitialValue,IsActivated_InitialValue,SpecVersion,"
    "ManufacturerIdTxt,ManufacturerVersion"
)
UEFI = 2


@dataclass(frozen=True)
class SecureBootParams:
    """Levels guard 1: Secure Boot is off though the firmware has it; there is no TPM in use."""

    secure_boot: Levels = Levels()
    tpm: Levels = Levels()


WATCHES = {"secure_boot_off": "secure_boot", "secure_boot_no_tpm": "tpm"}


def collect(source: Source, params: SecureBootParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield whether Secure Boot is off and the TPM missing, both as facts too."""
    parts = (_linux_boot, _linux_tpm) if source.platform == "linux" else (_windows_boot, _windows_tpm)
    yield from piecewise(partial(read, source) for read in parts)


def _boot(firmware: str, on: bool | None, **more: Any) -> Iterator[Sample | Fact]:
    if on is not None:
        yield Sample("secure_boot_off", float(not on))
    yield Fact("security.boot", {"firmware": firmware, "secure_boot": on, **more})


def _tpm(present: bool, version: str = "", vendor: str = "") -> Iterator[Sample | Fact]:
    yield Sample("secure_boot_no_tpm", float(not present))
    yield Fact("security.tpm", {"present": present, "version": version, "vendor": vendor})


def _linux_boot(source: Source) -> Iterator[Sample | Fact]:
    try:
        source.listing(EFI)
    except NotHere:
        yield from _boot("BIOS", None)
        return
    on = _variable(source, "SecureBoot")
    yield from _boot("UEFI", on if on is None else on and not _variable(source, "SetupMode"))


def _variable(source: Source, name: str) -> bool | None:
    """Return whether a variable of one byte is 1; None where the firmware has none."""
    path = f"{EFI}/efivars/{name}-{GLOBAL}"
    try:
        content = base64.b64decode(plain.text(source.query("bytes", path)), validate=True)
    except NotHere:
        return None
    except (binascii.Error, ValueError):
        content = b""
    if len(content) != 5 or content[4] > 1:
        raise CannotRead(say("read.unexpected", what=path, detail="–"))
    return content[4] == 1


def _linux_tpm(source: Source) -> Iterator[Sample | Fact]:
    try:
        chips = [name for name in source.listing(TPM) if name.startswith("tpm")]
    except NotHere:
        chips = []
    if not chips:
        yield from _tpm(False)
        return
    try:
        version = source.text(f"{TPM}/{chips[0]}/tpm_version_major").strip()
    except CannotRead:
        version = ""
    yield from _tpm(True, {"1": "1.2", "2": "2.0"}.get(version, ""))


def _windows_boot(source: Source) -> Iterator[Sample | Fact]:
    firmware = plain.whole(plain.within(source.query("registry", CONTROL), "values", "PEFirmwareType"))
    try:
        enabled = plain.whole(
            plain.within(source.query("registry", STATE), "values", "UEFISecureBootEnabled")
        )
    except NotHere:
        enabled = None  # Windows makes the key on UEFI only
    try:
        renewed = plain.text(plain.within(source.query("registry", SERVICING), "values", "UEFICA2023Status"))
    except NotHere:
        renewed = ""
    uefi = firmware == UEFI or (firmware is None and enabled is not None)
    on = enabled == 1 if uefi and enabled is not None else None
    yield from _boot("UEFI" if uefi else "BIOS", on, certificates_2023=renewed)


def _windows_tpm(source: Source) -> Iterator[Sample | Fact]:
    row = next(iter(plain.records(source.query("wmi", CHIP))), None)
    if row is None:
        yield from _tpm(False)
        return
    used = row.get("IsEnabled_InitialValue") is True and row.get("IsActivated_InitialValue") is not False
    version = plain.text(row.get("SpecVersion")).partition(",")[0]
    yield from _tpm(used, version, plain.text(row.get("ManufacturerIdTxt")))


def judge(samples: list[Sample], params: SecureBootParams) -> Iterator[Result]:
    """Judge both by their levels."""
    yield from verdicts("secure_boot", WATCHES, TEXTS, samples, params)


TEXTS = {
    "secure_boot.secure_boot": Text(
        "Secure Boot is off: the firmware starts unsigned systems too",
        "Secure Boot je isključen: pokreću se i nepotpisani sustavi",
    ),
    "secure_boot.secure_boot_ok": Text("Secure Boot is on", "Secure Boot je uključen"),
    "secure_boot.tpm": Text("No TPM is in use", "TPM se ne koristi"),
    "secure_boot.tpm_ok": Text("A TPM is in use", "TPM je u uporabi"),
    "fact.security.boot": Text("Start of the system", "Pokretanje sustava"),
    "fact.security.tpm": Text("TPM", "TPM"),
    "part.secure_boot": Text("Secure Boot", "Secure Boot"),
    "part.certificates_2023": Text("Certificates of 2023", "Certifikati iz 2023."),
    "part.present": Text("Present", "Prisutan"),
    "metric.secure_boot_off": Text("Secure Boot off", "Secure Boot isključen"),
    "metric.secure_boot_no_tpm": Text("No TPM", "Bez TPM-a"),
}

OWN = {"secure_boot": Levels(1, None)}

check = Check(
    name="secure_boot",
    title=Text("Secure Boot and TPM", "Secure Boot i TPM"),
    group="protection",
    collect=collect,
    judge=judge,
    params=SecureBootParams(),
    platforms=("linux", "windows"),
    interval=6 * 3600,
    watches=WATCHES,
    defaults={"workstation": OWN, "laptop": OWN},
    texts=TEXTS,
)
