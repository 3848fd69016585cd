"""The server's own verbs find every sentence they say, and the language that the machine speaks."""

import re
from pathlib import Path

import pytest

from predvid.core.wording import Texts
from predvid.server import listening, owner_texts, speech, status_texts, up
from predvid.server.up_texts import TEXTS


@pytest.mark.parametrize("texts", [owner_texts.TEXTS, status_texts.TEXTS])
def test_both_languages_say_the_same_values(texts: Texts) -> None:
    for id, text in texts.items():
        assert set(re.findall(r"\{(\w+)", text.en)) == set(re.findall(r"\{(\w+)", text.hr)), id


def test_every_sentence_of_a_start_exists_with_the_same_values_in_both_languages() -> None:
    code = "".join(Path(str(one.__file__)).read_text(encoding="utf-8") for one in (up, listening))
    told = set(re.findall(r"tell\([\"']([\w.]+)[\"']", code))
    assert len(told) > 10
    assert told <= TEXTS.keys()
    for id, text in TEXTS.items():
        assert set(re.findall(r"\{(\w+)", text.en)) == set(re.findall(r"\{(\w+)", text.hr)), id


@pytest.mark.parametrize(
    ("env", "language"),
    [
        ({}, "en"),
        ({"LANG": "hr_HR.UTF-8"}, "hr"),
        ({"LANG": "hr_HR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "hr_HR"}, "hr"),
        ({"LANG": "hr_HR.UTF-8", "LC_ALL": ""}, "hr"),
    ],
)
def test_the_locale_decides(env: dict[str, str], language: str) -> None:
    assert speech.of_environment(env) == language
