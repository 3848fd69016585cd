"""Sentences come out right in both languages: plurals, numbers, sizes, durations, missing values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.core.model import say
from predvid.core.wording import LANGUAGES, NBSP, Text, duration, number, plainly, plural, size, word

DAYS = {
    "left": Text("{n} {n|day|days} left", "{n|Preostao je|Preostala su|Preostalo je} {n} {n|dan|dana|dana}")
}


@pytest.mark.parametrize(
    ("n", "form"),
    [
        *((0, 2), (1, 0), (2, 1), (4, 1), (5, 2), (11, 2), (12, 2), (14, 2), (21, 0), (22, 1), (25, 2)),
        *((101, 0), (111, 2), (112, 2), (122, 1), (1001, 0), (-1, 0)),
        *((1.0, 0), (1.1, 0), (1.2, 1), (1.5, 2), (2.04, 1)),
    ],
)
def test_croatian_plural_forms(n: float, form: int) -> None:
    assert plural(n, "hr") == form


@pytest.mark.parametrize(("n", "form"), [(0, 1), (1, 0), (2, 1), (21, 1), (1.0, 0), (1.5, 1), (1.02, 0)])
def test_english_plural_forms(n: float, form: int) -> None:
    assert plural(n, "en") == form


@pytest.mark.parametrize(
    ("n", "hr", "en"),
    [
        (1, "Preostao je 1 dan", "1 day left"),
        (2, "Preostala su 2 dana", "2 days left"),
        (5, "Preostalo je 5 dana", "5 days left"),
        (21, "Preostao je 21 dan", "21 days left"),
        (111, "Preostalo je 111 dana", "111 days left"),
    ],
)
def test_forms_follow_their_value(n: int, hr: str, en: str) -> None:
    assert word(say("left", n=n), "hr", DAYS) == hr
    assert word(say("left", n=n), "en", DAYS) == en


@pytest.mark.parametrize(
    ("value", "hr", "en"),
    [
        (1234.56, "1.234,6", "1,234.6"),
        (5, "5", "5"),
        (0.04, "0", "0"),
        (-0.04, "0", "0"),
        (1e6, "1.000.000", "1,000,000"),
    ],
)
def test_numbers(value: float, hr: str, en: str) -> None:
    assert (number(value, "hr"), number(value, "en")) == (hr, en)


@pytest.mark.parametrize(
    ("value", "hr"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1_234_500_000, "1,2 GB"),
        (999_960, "1 MB"),
        (5e18, "5.000 PB"),
    ],
)
def test_sizes_count_in_thousands(value: float, hr: str) -> None:
    assert size(value, "hr") == hr.replace(" ", NBSP)


@pytest.mark.parametrize(
    ("seconds", "hr", "en"),
    [
        (0, "0 sekundi", "0 seconds"),
        (1, "1 sekunda", "1 second"),
        (59.9, "59 sekundi", "59 seconds"),
        (120, "2 minute", "2 minutes"),
        (3600, "1 sat", "1 hour"),
        (5 * 3600, "5 sati", "5 hours"),
        (3 * 86400 + 50, "3 dana", "3 days"),
        (21 * 86400, "21 dan", "21 days"),
        (-7200, "-2 sata", "-2 hours"),
    ],
)
def test_durations_in_their_largest_unit(seconds: float, hr: str, en: str) -> None:
    held = (hr.replace(" ", NBSP), en.replace(" ", NBSP))
    assert (duration(seconds, "hr"), duration(seconds, "en")) == held


def test_formats() -> None:
    texts = {"t": Text("{a:int} {b:pct} {c:bytes} {d:secs} {e}", "{a:int} {b:pct} {c:bytes} {d:secs} {e}")}
    said = say("t", a=2.7, b=12.34, c=2_000_000, d=90, e="x")
    assert word(said, "en", texts) == "3 12.3% 2_MB 1_minute x".replace("_", NBSP)
    assert word(said, "hr", texts) == "3 12,3_% 2_MB 1_minuta x".replace("_", NBSP)
    assert plainly(said, "hr", texts) == "3 12,3 % 2 MB 1 minuta x"


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("uskraćuje {n:num} %", "uskraćuje 0_%"),
        ("{n:int} °C, {n:int} ms, {n:int} s.", "0_°C, 0_ms, 0_s."),
        ("{n} seconds {n} more", "0 seconds 0 more"),
        ("{what} %, 10 s {what}", "10 s_%, 10 s 10 s"),
    ],
)
def test_a_unit_stays_with_its_number_and_nothing_else_changes(pattern: str, shown: str) -> None:
    texts = {"t": Text(pattern, pattern)}
    assert word(say("t", n=0, what="10 s"), "hr", texts) == shown.replace("_", NBSP)


def test_a_missing_value_stays_visible() -> None:
    assert word(say("left"), "en", DAYS) == "– days left"
    assert word(say("left", n=float("nan")), "hr", DAYS) == "Preostalo je – dana"


def test_an_unknown_sentence_stays_visible() -> None:
    assert word(say("no.words", n=3, what="x"), "hr", DAYS) == "no.words: n=3, what=x"
    assert word(say("no.words"), "en", DAYS) == "no.words"


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)


@given(
    value=VALUES,
    language=st.sampled_from(LANGUAGES),
    form=st.sampled_from(["", ":int", ":pct", ":bytes", ":secs"]),
)
def test_no_value_makes_wording_fail(value: str | float | None, language: str, form: str) -> None:
    texts = {"t": Text(f"{{n{form}}} {{n|day|days}}", f"{{n{form}}} {{n|dan|dana|dana}}")}
    assert word(say("t", n=value), language, texts)
