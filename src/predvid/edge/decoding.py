"""Text of files that other programs wrote, in whatever encoding: UTF-8, UTF-16, or a code page of Windows.

A redirected console of Windows writes the code page of its language, which nothing in the file names:
Croatian 852 or 1250, German 850 or 1252, Russian 866 or 1251. The one is taken in which most of what is not
ASCII is a letter of those languages; names of classes, properties and keys are ASCII in all of them.
"""

import codecs

# In doubt the earlier one is taken: tools write Windows' own (ANSI) more often than the console's.
CODE_PAGES = ("cp1252", "cp1250", "cp852", "cp850", "cp1251", "cp866")
# A blank that does not break groups the digits of numbers.
WESTERN = frozenset("\xa0äöüßÄÖÜéèêëáàâíìîïóòôúùûçÇñÑåÅæÆøØ")
CENTRAL = frozenset("\xa0čćžšđČĆŽŠĐäöüßÄÖÜéáíóúýěřůőűłńśźżąęĺľťďň")
CYRILLIC = frozenset(chr(code) for code in range(0x410, 0x450)) | frozenset("\xa0Ёё")
LETTERS = {
    "cp1252": WESTERN, "cp850": WESTERN, "cp1250": CENTRAL, "cp852": CENTRAL,
    "cp1251": CYRILLIC, "cp866": CYRILLIC,
}  # fmt: skip
ENOUGH = 64 << 10  # bytes that are not ASCII and tell the code page


def decoded(content: bytes) -> str:
    """Return the text of `content`; raise UnicodeDecodeError where it is none (zeros, but no UTF-16)."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if _halved(content):  # a joined export may have lost the mark
        return content.decode("utf-16-le", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if b"\0" in content:
            raise
        return content.decode(code_page(content), errors="replace")


def _halved(content: bytes) -> bool:
    """Tell whether it is UTF-16 of a text that is mostly ASCII: zeros stand at odd places only."""
    even, odd = content[0:512:2], content[1:512:2]
    return odd.count(0) > len(odd) * 0.3 and even.count(0) < len(even) * 0.05


def code_page(content: bytes) -> str:
    """Return the code page in which the bytes of `content` that are not ASCII are letters most often."""
    foreign = bytes(byte for byte in content[: 16 * ENOUGH] if byte > 0x7F)[:ENOUGH]

    def likely(page: str) -> int:
        return sum(letter in LETTERS[page] for letter in foreign.decode(page, errors="replace"))

    return max(CODE_PAGES, key=likely)
