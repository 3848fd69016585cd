"""Pure decisions about what people write down of a client: values of fields, names and kinds of files."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from urllib.parse import urlsplit

from predvid.core.errors import UserError

LONGEST_VALUE = 500  # characters
LONGEST_NOTE = 10_000
LARGEST_FILE = 3 << 20  # bytes; a form as a whole may bring 4 MiB (server.proxy)
MOST_OF_A_CLIENT = 200 << 20  # bytes of all files of one client
LONGEST_NAME = 120
NUMBER = re.compile(r"[-+]?[0-9]{1,15}(?:[.,][0-9]{1,9})?")
DAY = re.compile(r"([0-9]{1,2})\. ?([0-9]{1,2})\. ?([0-9]{4})\.?")
FORBIDDEN = re.compile(r'[<>:"/\\|?*%;]')  # somewhere a path, a drive, a wildcard or the end of a header
# First bytes by which formats are known; what no row fits is text if it reads as UTF-8, else bytes.
MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
OFFICE = "application/vnd.openxmlformats-officedocument."
PACKED = {  # formats that are ZIP archives, by the end of the name
    ".docx": OFFICE + "wordprocessingml.document",
    ".xlsx": OFFICE + "spreadsheetml.sheet",
    ".pptx": OFFICE + "presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
BYTES = "application/octet-stream"


def clean_value(kind: str, choices: Sequence[str], text: str) -> str:
    """Return what a custom field of `kind` keeps of a text: numbers with a point, days as ISO 8601.

    An empty text stays empty. Raises UserError where it does not fit the kind.
    """
    value = " ".join(text.replace("\x00", "").split())
    if len(value) > LONGEST_VALUE:
        raise UserError("A field holds at most %(n)d characters.", n=LONGEST_VALUE)
    if not value or kind == "text":
        return value
    if kind == "choice":
        if value not in choices:
            raise UserError("Choose one of the values in the list.")
        return value
    return {"number": _number, "date": _day, "link": web_address}[kind](value)


def _number(text: str) -> str:
    packed = text.replace(" ", "")
    if not NUMBER.fullmatch(packed):
        raise UserError("Write a number, for example 1250 or 12,5.")
    return packed.replace(",", ".").removeprefix("+")


def _day(text: str) -> str:
    try:
        if found := DAY.fullmatch(text):
            day, month, year = map(int, found.groups())
            return date(year, month, day).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise UserError("Write a date, for example 31.12.2026.") from None


def web_address(text: str) -> str:
    """Return an address that a page may link to: http or https with a host. Raises UserError."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        fits = False
    if not fits or any(letter.isspace() for letter in text) or len(text) > LONGEST_VALUE:
        raise UserError("Write a web address that begins with https:// or http://.")
    return text


def file_name(told: str) -> str:
    """Return the name under which a file is handed out: no path, nothing hidden, nothing that ends a header.

    Signs that turn the direction of writing are left out: with them `exe.pdf` may read as `fdp.exe`.
    """
    name = unicodedata.normalize("NFC", told).replace("\\", "/").rpartition("/")[2]
    name = "".join(letter for letter in name if unicodedata.category(letter)[0] != "C")
    name = FORBIDDEN.sub("_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if len(name) > LONGEST_NAME and dot and len(ending) <= 10:
        name = f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}"
    return name[:LONGEST_NAME] or "document"


def content_type(content: bytes, name: str) -> str:
    """Return what a file is by its first bytes; its name decides only which kind of ZIP archive."""
    for start, found in MAGIC:
        if content.startswith(start):
            ending = "." + name.rpartition(".")[2].lower()
            return PACKED.get(ending, found) if found == "application/zip" else found
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return BYTES
    return BYTES if "\x00" in text else "text/plain; charset=utf-8"
