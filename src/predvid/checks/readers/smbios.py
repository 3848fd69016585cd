"""Reads the SMBIOS table, in which the firmware describes the machine (DMTF DSP0134 3.7), as Linux shows it.

Source of the bytes: /sys/firmware/dmi/tables/DMI. Structures are a header of type, length and handle, fields
at fixed places, then texts that the fields number from 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.identity import meaningful
from predvid.checks.readers.smbios_words import CHASSIS, FORM_FACTORS, MEMORY_TYPES

MOST = 4096  # structures
BIOS, SYSTEM, BOARD, CASE, PROCESSOR, MEMORY_ARRAY, MEMORY_DEVICE, BATTERY, END = (
    0,
    1,
    2,
    3,
    4,
    16,
    17,
    22,
    127,
)
MIB = 1 << 20


@dataclass(frozen=True)
class Structure:
    """One structure: its type, its fields with the header, its texts."""

    type: int
    data: bytes
    texts: tuple[str, ...]

    def number(self, at: int, size: int) -> int | None:
        """Return the number of `size` bytes at `at`, None where the structure is too short."""
        piece = self.data[at : at + size]
        return int.from_bytes(piece, "little") if len(piece) == size else None

    def text(self, at: int) -> str:
        """Return the text that the byte at `at` numbers, nothing for a filler or none."""
        number = self.number(at, 1) or 0
        return meaningful(self.texts[number - 1]) if 0 < number <= len(self.texts) else ""


def structures(content: bytes) -> Iterator[Structure]:
    """Yield the structures of a table, as far as it is whole."""
    at = 0
    for _ in range(MOST):
        length = content[at + 1] if at + 4 <= len(content) else 0
        if length < 4 or at + length > len(content):
            return
        end = content.find(b"\0\0", at + length)
        if end < 0:
            return
        kind = content[at]
        texts = content[at + length : end].decode("utf-8", "replace").split("\0")
        yield Structure(kind, content[at : at + length], tuple(" ".join(text.split()) for text in texts))
        if kind == END:
            return
        at = end + 2


def parse_table(content: bytes) -> dict[str, Any]:
    """Return the facts that the table holds: bios, board, system, memory, memory_modules, cpu, batteries."""
    found: dict[int, list[Structure]] = {}
    for one in structures(content):
        found.setdefault(one.type, []).append(one)
    first = {kind: rows[0] for kind, rows in found.items()}
    facts = {
        "bios": _bios(first.get(BIOS)),
        "board": _board(first.get(BOARD)),
        "system": _system(first.get(SYSTEM), first.get(CASE)),
        "memory": _memory(found.get(MEMORY_ARRAY, [])),
        "memory_modules": [row for one in found.get(MEMORY_DEVICE, []) if (row := _module(one))],
        "cpu": _cpu(found.get(PROCESSOR, [])),
        "batteries": [row for one in found.get(BATTERY, []) if (row := _battery(one))],
    }
    return {name: value for name, value in facts.items() if value}


def _bios(one: Structure | None) -> dict[str, Any]:
    if one is None:
        return {}
    month, _, rest = one.text(8).partition("/")
    day, _, year = rest.partition("/")
    date = f"{year}-{month}-{day}" if len(year) == 4 and len(month) == len(day) == 2 else one.text(8)
    return {"vendor": one.text(4), "version": one.text(5), "date": date}


def _board(one: Structure | None) -> dict[str, Any]:
    if one is None:
        return {}
    return {"vendor": one.text(4), "model": one.text(5), "version": one.text(6), "serial": one.text(7)}


def _system(one: Structure | None, case: Structure | None) -> dict[str, Any]:
    found = {"vendor": "", "model": "", "serial": "", "uuid": "", "sku": "", "family": ""}
    if one is not None:
        places = {"vendor": 4, "model": 5, "serial": 7, "sku": 25, "family": 26}
        found = {name: one.text(at) for name, at in places.items()} | {"uuid": _uuid(one.data[8:24])}
    if case is not None:
        kind = (case.number(5, 1) or 0) & 0x7F
        found |= {"chassis": CHASSIS.get(kind, ""), "asset_tag": case.text(8)}
        found["serial"] = found["serial"] or case.text(7)
    return found


def _uuid(raw: bytes) -> str:
    """Return the UUID as text; its first three parts are stored with the lowest byte first (7.2.1)."""
    if len(raw) != 16:
        return ""
    turned = raw[3::-1] + raw[5:3:-1] + raw[7:5:-1] + raw[8:]
    digits = turned.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _memory(arrays: list[Structure]) -> dict[str, Any]:
    """Return slots and the most that the board takes; only arrays of system memory (use 3) count."""
    used = [one for one in arrays if one.number(5, 1) == 3]
    most = 0
    for one in used:
        small = one.number(7, 4) or 0
        most += (one.number(15, 8) or 0) if small == 0x80000000 else small << 10
    slots = sum(one.number(13, 2) or 0 for one in used)
    return {"slots": slots or None, "most_bytes": most or None} if used else {}


def _module(one: Structure) -> dict[str, Any] | None:
    size = _module_size(one)
    if not size:
        return None
    bank, slot = one.text(17), one.text(16)
    speed = one.number(21, 2) or one.number(32, 2) or 0
    return {
        "key": " ".join(dict.fromkeys(part for part in (bank, slot) if part)),
        "size_bytes": size,
        "type": MEMORY_TYPES.get(one.number(18, 1) or 0, ""),
        "form": FORM_FACTORS.get(one.number(14, 1) or 0, ""),
        "speed_mhz": speed if 0 < speed < 0xFFFF else None,
        "vendor": one.text(23),
        "model": one.text(26),
        "serial": one.text(24),
    }


def _module_size(one: Structure) -> int:
    """Return bytes: of field 12, in KiB with its top bit set, or of field 28 where that is 7FFFh (7.18)."""
    size = one.number(12, 2) or 0
    if size in (0, 0xFFFF):
        return 0
    if size == 0x7FFF:
        return ((one.number(28, 4) or 0) & 0x7FFFFFFF) * MIB
    return (size & 0x7FFF) << 10 if size & 0x8000 else size * MIB


def _cpu(found: list[Structure]) -> dict[str, Any]:
    """Return the sockets that hold a processor (status bit 6), the socket's name and the top speed in MHz."""
    used = [one for one in found if (one.number(24, 1) or 0) & 0x40]
    if not used:
        return {}
    mhz = used[0].number(20, 2) or 0
    return {"sockets": len(used), "socket": used[0].text(4), "mhz": mhz if 0 < mhz < 0xFFFF else None}


def _battery(one: Structure) -> dict[str, Any] | None:
    name, serial = one.text(8), one.text(7)
    capacity = (one.number(10, 2) or 0) * (one.number(21, 1) or 1)
    if not name and not serial and not capacity:
        return None
    return {
        "key": f"{name} {serial}".strip(),
        "name": name,
        "vendor": one.text(5),
        "serial": serial,
        "chemistry": one.text(20),
        "design_mwh": capacity or None,
    }
