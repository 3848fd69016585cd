"""What operators' and administrators' commands say is whole in both languages, and none is unsaid."""

import re

from house.test_words import flaws
from house.tree import sources
from predvid.core.authority import TEXTS as REFUSALS
from predvid.edge.trust_verb import TEXTS as ON_THE_DEVICE
from predvid.operator.release_texts import TEXTS as OF_RELEASES
from predvid.operator.texts import TEXTS

SAID = re.compile(r'(?:tell|told|agreed)\(\s*"([a-z_.]+)"')
REFUSED = re.compile(r'TaskRefused\("([a-z_]+)"')


def test_every_sentence_is_whole_in_both_languages() -> None:
    for texts in (TEXTS, OF_RELEASES, ON_THE_DEVICE, REFUSALS):
        assert not [flaw for said, text in texts.items() for flaw in flaws(said, text)]


def test_every_sentence_that_is_said_has_words_and_none_is_left_over() -> None:
    files = [source for source in sources("src") if source.under("operator")]
    code = "\n".join(source.text for source in files if not source.path.endswith("texts.py"))
    assert set(SAID.findall(code)) <= {*TEXTS, *OF_RELEASES}
    quoted = set(re.findall(r"[\"']([a-z_.]+)[\"']", code))
    assert not {*TEXTS, *OF_RELEASES} - quoted


def test_every_refusal_has_words_and_every_word_a_refusal() -> None:
    code = "\n".join(source.text for source in sources("src") if source.under("core", "wire", "edge"))
    codes = set(REFUSED.findall(code))
    assert {f"task.refused.{one}" for one in codes} == set(REFUSALS)
