"""Reads names and dates out of an X.509 certificate (RFC 5280, DER by X.690): no key, no trust."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

MOST = 50  # certificates of one file
MAX_DER = 1 << 16  # bytes of one certificate
_PEM = re.compile(r"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]{1,200000}?)-----END ")
COMMON_NAME, ORGANISATION, ALT_NAME = b"\x55\x04\x03", b"\x55\x04\x0a", b"\x55\x1d\x11"
DNS_NAME = 0x82


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a person needs to know of one: dates in epoch seconds, DNS names, subject and issuer by name."""

    subject: str
    issuer: str
    serial: str
    begins: float
    ends: float
    names: tuple[str, ...]


def certificates(text: str) -> list[Certificate]:
    """Return the certificates in a PEM text, those that cannot be read left out."""
    found = []
    for block in _PEM.findall(text)[:MOST]:
        try:
            found.append(parse_der(base64.b64decode("".join(block.split()), validate=True)))
        except (ValueError, binascii.Error):
            continue
    return found


def parse_der(der: bytes) -> Certificate:
    """Return what the DER of one certificate says; raise ValueError where it is none."""
    if len(der) > MAX_DER:
        raise ValueError("too large")
    fields = list(_items(_only(_items(_only(_items(der, 0x30)), None), 0x30), None))
    if fields and fields[0][0] == 0xA0:  # the version
        fields = fields[1:]
    if len(fields) < 5:
        raise ValueError("too short")
    begins, ends = (_moment(tag, value) for tag, value in list(_items(fields[3][1], None))[:2])
    subject, issuer = _name(fields[4][1]), _name(fields[2][1])
    names = tuple(_alternatives(fields[5:]))
    return Certificate(
        subject or (names[0] if names else ""), issuer, fields[0][1].hex()[:40], begins, ends, names
    )


def _only(items: Iterator[tuple[int, bytes]], tag: int | None = 0x30) -> bytes:
    for found, value in items:
        if tag is not None and found != tag:
            break
        return value
    raise ValueError("no certificate")


def _items(data: bytes, outer: int | None) -> Iterator[tuple[int, bytes]]:
    """Yield tag and value of each element of DER `data`; with `outer`, the first must have that tag."""
    at = 0
    while at < len(data):
        if len(data) - at < 2:
            raise ValueError("cut short")
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            if not 1 <= size <= 4 or len(data) - at < size:
                raise ValueError("a length of unknown form")
            length = int.from_bytes(data[at : at + size])
            at += size
        if len(data) - at < length or (outer is not None and tag != outer):
            raise ValueError("cut short")
        yield tag, data[at : at + length]
        at += length
        if outer is not None:
            return


def _moment(tag: int, value: bytes) -> float:
    """Return epoch seconds of UTCTime or GeneralizedTime (RFC 5280, 4.1.2.5)."""
    text = value.decode("ascii")
    if tag == 0x17:
        text = ("20" if text[:2] < "50" else "19") + text
    elif tag != 0x18:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _name(value: bytes) -> str:
    """Return the common name in a distinguished name, else the organisation."""
    found: dict[bytes, str] = {}
    for _, group in _items(value, None):
        for _, pair in _items(group, None):
            parts = list(_items(pair, None))
            if len(parts) == 2 and parts[0][1] in (COMMON_NAME, ORGANISATION):
                codec = "utf-16-be" if parts[1][0] == 0x1E else "utf-8"
                found[parts[0][1]] = parts[1][1].decode(codec, "replace")[:120]
    return found.get(COMMON_NAME) or found.get(ORGANISATION, "")


def _alternatives(rest: list[tuple[int, bytes]]) -> Iterator[str]:
    extensions = next((value for tag, value in rest if tag == 0xA3), b"")
    for _, each in _items(_only(_items(extensions, None)) if extensions else b"", None):
        parts = list(_items(each, None))
        if len(parts) >= 2 and parts[0][1] == ALT_NAME:
            general = _only(_items(parts[-1][1], None))
            yield from (
                v.decode("ascii", "replace")[:120]
                for tag, v in list(_items(general, None))[:50]
                if tag == DNS_NAME
            )
