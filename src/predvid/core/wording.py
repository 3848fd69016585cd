"""Puts a sentence (stable id and values) into Croatian or English words, with right plurals and numbers.

A pattern is plain text with places in braces: `{name}`, `{name:format}` or `{name|one|few|other}` (English
takes `{name|one|other}`), where the chosen form follows the value. Formats: `int`, `num` (one decimal at
most), `pct`, `bytes`, `secs` (a duration). Between a number and its unit stands a no-break space. Plural
rules: Unicode CLDR for `hr` and `en`.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from predvid.core.model import Said, Value

LANGUAGES = ("hr", "en")
NBSP = "\u00a0"  # holds a number to its unit: no line ends between them
_PLACE = re.compile(r"\{(\w+)(?::(\w+))?((?:\|[^{}|]*)*)\}( (?=(?:%|°C|ms|s)(?!\w)))?")
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")
_STEPS = (
    (86400, {"hr": ("dan", "dana", "dana"), "en": ("day", "days")}),
    (3600, {"hr": ("sat", "sata", "sati"), "en": ("hour", "hours")}),
    (60, {"hr": ("minuta", "minute", "minuta"), "en": ("minute", "minutes")}),
    (1, {"hr": ("sekunda", "sekunde", "sekundi"), "en": ("second", "seconds")}),
)


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in both languages."""

    en: str
    hr: str

    def pattern(self, language: str) -> str:
        """Return the pattern for `language`; anything but Croatian reads English."""
        return self.hr if language == "hr" else self.en


Texts = Mapping[str, Text]


def plural(n: float, language: str) -> int:
    """Return the index of the plural form of `n`: 0 one, then (Croatian only) 1 few, last other.

    `n` counts as it is shown, with one decimal at most (1.02 reads 1); Croatian looks at the decimal.
    """
    if not math.isfinite(n):
        return 2 if language == "hr" else 1
    shown = round(float(abs(n)), 1)
    if language != "hr":
        return 0 if shown == 1 else 1
    whole = int(shown) if shown.is_integer() else round(shown * 10) % 10
    if whole % 10 == 1 and whole % 100 != 11:
        return 0
    return 1 if whole % 10 in (2, 3, 4) and whole % 100 not in (12, 13, 14) else 2


def number(value: float, language: str, decimals: int = 1) -> str:
    """Return `value` rounded and grouped as `language` writes it (1.234,5 or 1,234.5); no trailing zeros."""
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text
    return text.translate(str.maketrans(",.", ".,")) if language == "hr" else text


def size(value: float, language: str) -> str:
    """Return a size in bytes with its decimal unit (SI, as disk makers count): 1.234,5 GB."""
    step = 0
    while round(abs(value), 1) >= 1000 and step < len(_SIZES) - 1:
        value, step = value / 1000, step + 1
    return f"{number(value, language)}{NBSP}{_SIZES[step]}"


def percent(value: float, language: str) -> str:
    """Return a percentage as `language` writes it: 12,5 % or 12.5%."""
    return f"{number(value, language)}{NBSP if language == 'hr' else ''}%"


def duration(seconds: float, language: str) -> str:
    """Return a duration in its largest whole unit, in words: `3 dana`, `1 hour`, `-2 hours`."""
    length, names = next(step for step in _STEPS if abs(seconds) >= step[0] or step[0] == 1)
    n = int(seconds / length)
    return f"{n}{NBSP}{names[language if language == 'hr' else 'en'][plural(n, language)]}"


def _format(value: Value, form: str | None, language: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–" if value is None else str(value)
    if not math.isfinite(value):
        return "–"
    if form == "bytes":
        return size(value, language)
    if form == "secs":
        return duration(value, language)
    if form == "pct":
        return percent(value, language)
    return number(value, language, 0 if form == "int" else 1)


def plainly(said: Said, language: str, texts: Texts) -> str:
    """Return `said` in words with ordinary spaces alone, for programs and for terminals."""
    return word(said, language, texts).replace(NBSP, " ")


def word(said: Said, language: str, texts: Texts) -> str:
    """Return `said` in words; an unknown id or missing value stays visible instead of failing."""
    text = texts.get(said.id)
    if text is None:
        rest = ", ".join(f"{key}={value}" for key, value in said.values.items())
        return f"{said.id}: {rest}" if rest else said.id

    def place(match: re.Match[str]) -> str:
        name, form, forms = match.group(1), match.group(2), match.group(3)
        value = said.values.get(name)
        if not forms:
            return _format(value, form, language) + (NBSP if match.group(4) else "")
        choices = forms[1:].split("|")
        index = plural(value, language) if isinstance(value, int | float) else len(choices) - 1
        return choices[min(index, len(choices) - 1)]

    return _PLACE.sub(place, text.pattern(language))
