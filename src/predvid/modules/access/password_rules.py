"""Pure judgement of a new password: the patterns that guessing programs try before anything else.

Length alone says little: `passwordpassword` has sixteen letters and falls with the first words of any list.
NIST SP 800-63B, 5.1.1.2: no common passwords, no repetitive or sequential characters, no context words.
"""

import re
import unicodedata
from collections.abc import Container, Iterable
from enum import StrEnum

SHORTEST = 12  # characters of a password, and of what one repeats
REST = 8  # characters that must be left when what anybody guesses is taken out
OWN = ("predvid",)  # the words that everybody here knows, whoever they are
_RUN = 4
_ROWS = (
    *("abcdefghijklmnopqrstuvwxyz", "01234567890123456789"),
    *("qwertzuiop", "qwertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm"),
)
_ROWS_BOTH_WAYS = (*_ROWS, *(row[::-1] for row in _ROWS))
_DISGUISE = str.maketrans("013457@$!", "oieastasi")


class Weakness(StrEnum):
    """Why a password is refused."""

    REPEATED = "repeated"
    SEQUENCE = "sequence"
    COMMON = "common"
    OWN = "own"


def weakness(password: str, own: Iterable[str], common: Container[str]) -> Weakness | None:
    """Return the pattern that a password of sufficient length follows, None where it follows none.

    `own` is what is known of its person (name, address), `common` the lower-case passwords of a list.
    """
    plain = _plain(password)
    squeezed = re.sub(r"[\s.,_-]", "", plain)  # what stands between words adds nothing
    if _repeats(squeezed):
        return Weakness.REPEATED
    if len(_without_runs(squeezed)) < REST:
        return Weakness.SEQUENCE
    if any(_common_words(text, common) for text in (plain, plain.translate(_DISGUISE))):
        return Weakness.COMMON
    left = squeezed
    for word in _known_words(own):
        left = left.replace(word, "")
    return Weakness.OWN if left != squeezed and len(left) < REST else None


def _plain(text: str) -> str:
    """Return `text` in small letters without accents, as lists and guessing programs write it."""
    apart = unicodedata.normalize("NFKD", text.lower().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _repeats(text: str) -> bool:
    """Tell whether `text` repeats one piece that is too short to stand alone, or a few characters."""
    period = next(n for n in range(1, len(text) + 2) if text[n:] == text[: len(text) - n])
    return (2 * period <= len(text) and period < SHORTEST) or len(set(text)) < 5


def _without_runs(text: str) -> str:
    """Return `text` without what follows the alphabet, the digits or a row of keys, either way."""
    left, at = "", 0
    while at < len(text):
        run = max(_run(text[at:], row) for row in _ROWS_BOTH_WAYS)
        if run < _RUN:
            left += text[at]
        at += run if run >= _RUN else 1
    return left


def _run(text: str, row: str) -> int:
    """Return how many characters `text` begins with that stand in `row` one after the other."""
    length = 0
    while length < len(text) and text[: length + 1] in row:
        length += 1
    return length


def _common_words(text: str, common: Container[str]) -> bool:
    """Tell whether `text` is one or two words of the list with nothing but digits and signs around them."""
    words = [word for word in re.split(r"[\W\d_]+", text) if word]
    if 3 * sum(map(len, words)) < len(text):  # some letters among many signs
        return False
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    if core in common or (0 < len(words) <= 2 and all(word in common for word in words)):
        return True
    return len(words) == 1 and any(
        words[0][:cut] in common and words[0][cut:] in common for cut in range(4, len(words[0]) - 3)
    )


def _known_words(own: Iterable[str]) -> list[str]:
    """Return the words of what is known of a person, longest first; from three letters."""
    found = {word for text in (*own, *OWN) for word in re.split(r"[\W_]+", _plain(text)) if len(word) > 2}
    return sorted(found, key=len, reverse=True)
