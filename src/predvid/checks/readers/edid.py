"""Reads EDID, by which a screen tells what it is (VESA E-EDID Standard, Release A, revision 2, section 3)."""

from typing import Any

HEADER = bytes.fromhex("00ffffffffffff00")
_SERIAL, _NAME = 0xFF, 0xFC  # tags of display descriptors
# PNP ids of makers whose screens stand in offices (UEFI Forum, PNP ID registry).
MAKERS = {
    "AAC": "AcerView", "ACI": "ASUS", "ACR": "Acer", "AOC": "AOC", "APP": "Apple", "AUO": "AU Optronics",
    "AUS": "ASUS", "BNQ": "BenQ", "BOE": "BOE", "CMN": "Chimei Innolux", "CMO": "Chi Mei", "DEL": "Dell",
    "EIZ": "EIZO", "ENC": "EIZO", "EPI": "Envision", "FUS": "Fujitsu", "GBT": "Gigabyte", "GSM": "LG",
    "HKC": "HKC", "HPN": "HP", "HPQ": "HP", "HSD": "HannStar", "HWP": "HP", "IVM": "iiyama",
    "IVO": "InfoVision", "LEN": "Lenovo", "LGD": "LG Display", "LPL": "LG Philips", "MED": "Medion",
    "MEI": "Panasonic", "MSI": "MSI", "NEC": "NEC", "PHL": "Philips", "SAM": "Samsung",
    "SDC": "Samsung Display",
    "SEC": "Samsung", "SHP": "Sharp",
    "SNY": "Sony", "VIZ": "Vizio", "VSC": "ViewSonic", "XMI": "Xiaomi",
}  # fmt: skip


def maker(code: str) -> str:
    """Return the name of a maker by its three letters, or the letters themselves."""
    return MAKERS.get(code.upper(), code)


def parse_edid(content: bytes) -> dict[str, Any] | None:
    """Return {vendor, code, name, serial, made} of an EDID block, None where it is none.

    `code` is the maker's letters with the product number; `made` is "2021-W12", or "2021" for a model year.
    The checksum is not required: some screens get it wrong and work.
    """
    if len(content) < 128 or content[:8] != HEADER:
        return None
    letters = int.from_bytes(content[8:10], "big")
    vendor = "".join(chr(64 + (letters >> shift & 31)) for shift in (10, 5, 0))
    if not vendor.isascii() or not vendor.isalpha():
        return None
    number = int.from_bytes(content[12:16], "little")
    blocks = [content[at : at + 18] for at in (54, 72, 90, 108)]
    return {
        "vendor": maker(vendor),
        "code": f"{vendor}{int.from_bytes(content[10:12], 'little'):04X}",
        "name": _words(blocks, _NAME),
        "serial": _words(blocks, _SERIAL)
        or (str(number) if number not in (0, 0x01010101, 0xFFFFFFFF) else ""),
        "made": _made(content[16], content[17] + 1990),
    }


def _words(blocks: list[bytes], tag: int) -> str:
    for block in blocks:
        if block[:3] == b"\0\0\0" and block[3] == tag:
            words = block[5:18].partition(b"\n")[0].decode("cp437")
            return " ".join("".join(char for char in words if char.isprintable()).split())
    return ""


def _made(week: int, year: int) -> str:
    return f"{year}-W{week:02}" if 1 <= week <= 54 else str(year)
