"""Tells a serial number from the words that makers leave where one should stand."""

import re

# What the firmware of boards without a number answers (SMBIOS strings seen in the field).
_PLACEHOLDERS = frozenset(
    """
none|n/a|na|unknown|not specified|not available|not applicable|invalid|undefined|empty|oem|o.e.m.|default
default string|system serial number|serial number|chassis serial number|to be filled
to be filled by o.e.m.|to be filled by oem|0123456789|1234567890|123456789|12345678
system manufacturer|system product name|system version|type1productconfigid|type2 - board serial number
""".strip()
    .replace("\n", "|")
    .split("|")
)
_SAME = re.compile(r"(.)\1*")


def meaningful(text: str) -> str:
    """Return `text` stripped, or an empty string for a maker's placeholder (`O.E.M.`, all zeros)."""
    plain = text.strip(" \t\r\n\x00")
    bare = re.sub(r"[\s.:_-]", "", plain).lower()
    if plain.lower() in _PLACEHOLDERS or len(bare) < 2 or _SAME.fullmatch(bare):
        return ""
    return plain


def usable_mac(text: str) -> str:
    """Return a MAC address in lower case with colons, or an empty string where it identifies nothing."""
    mac = text.lower().replace("-", ":")
    if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", mac) or mac in (
        "00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff",
    ):
        return ""
    return mac
