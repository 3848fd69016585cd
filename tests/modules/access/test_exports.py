"""No cell of an export is a formula, however a spreadsheet cuts the file; and the text is not lost."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from predvid.modules.access.exports import MARK, csv_lines
from predvid.modules.access.rules import plain_cell

STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
BLANK = ' \t\r\n\x0b\x0c\xa0\u2003\ufeff\u200b\u200e\u2060"'
ODD = st.text(st.sampled_from([*STARTS, *BLANK, *";,'|!aČ5"]), max_size=12)
ATTACKS = (
    "=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\ufeff=1", "＝1+1", "=cmd|'/c calc'!A0",
    'x;=HYPERLINK("http://evil.example","a")', "x\n=1+1", "x\t@SUM(A1)", '"=1', '";=1;"', "\u200b=1",
    '=DDE("cmd";"/c calc";"x")', "x; =WEBSERVICE(A1)", '+A1";=1',
)  # fmt: skip


def formulas(text: str, delimiter: str) -> list[str]:
    """Return the cells that a spreadsheet which splits at `delimiter` takes for formulas."""
    rows = csv.reader(io.StringIO(text.removeprefix(MARK), newline=""), delimiter=delimiter, strict=False)
    return [cell for row in rows for cell in row if cell.lstrip(BLANK).startswith(STARTS)]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_attack_is_a_formula(attack: str, delimiter: str) -> None:
    file = "".join(csv_lines(("name", "why"), [(attack, "a"), ("a", attack)]))
    assert formulas(file, delimiter) == []


@given(st.lists(st.tuples(ODD, ODD), max_size=4), st.sampled_from(",;\t"))
def test_no_text_is_a_formula_wherever_the_file_is_cut(rows: list[tuple[str, str]], delimiter: str) -> None:
    assert formulas("".join(csv_lines(("a", "b"), rows)), delimiter) == []


@given(st.one_of(ODD, st.text()))
@example("'=1")
@example("a;'b")
def test_the_text_comes_back(said: str) -> None:
    assert re.sub(r"(?:^|(?<=[;\t\r\n]))'", "", plain_cell(said)) == said
    (_, row) = csv.reader(io.StringIO("".join(csv_lines(("a",), [(said,)])), newline=""))
    assert row == [plain_cell(said)]


@pytest.mark.parametrize("said", ["Hotel Čvorak", "10.0.0.7", "a-b", "95 %", "it's", "", "a = b", "x;y"])
def test_ordinary_text_stays_as_it_is(said: str) -> None:
    assert plain_cell(said) == said
