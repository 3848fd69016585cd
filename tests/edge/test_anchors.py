"""What an agent keeps of the audit: heads that only grow, bounded, over restarts; a contradiction is seen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.edge.anchors import CHAINS, FACT, MOST, SPACING, Anchors
from predvid.wire.v1 import AuditHead

CLIENT = "0b9f4a0e-1111-2222-3333-444455556666"


def head(number: int, chain: str = CLIENT, mark: int = 0) -> AuditHead:
    return AuditHead(chain, number, f"{number * 7 + mark:064x}")


def kept(anchors: Anchors, chain: str = CLIENT) -> list[int]:
    fact = anchors.fact()
    return [number for number, _ in fact.value[chain]] if fact else []


def test_heads_are_kept_an_hour_apart_and_never_go_back(tmp_path: Path) -> None:
    anchors = Anchors(tmp_path / "heads")
    assert anchors.fact() is None
    told = [(5, 0.0), (6, 60.0), (9, SPACING), (4, SPACING * 2), (9, SPACING * 3), (12, SPACING * 4)]
    for number, elapsed in told:
        assert anchors.hear([head(number)], elapsed) == []
    assert kept(anchors) == [5, 9, 12]
    again = Anchors(tmp_path / "heads")
    assert kept(again) == [5, 9, 12]
    assert again.fact() == anchors.fact()
    assert again.hear([head(9, mark=1), head(3)], 0.0) == [CLIENT]
    assert kept(again) == [5, 9, 12]


def test_a_file_that_cannot_be_read_or_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "heads").write_bytes(b"\xff torn")
    anchors = Anchors(tmp_path / "heads")
    anchors.hear([head(1)], 0.0)
    assert kept(Anchors(tmp_path / "heads")) == [1]
    nowhere = Anchors(tmp_path / "no" / "such" / "folder")
    nowhere.hear([head(1)], 0.0)
    assert kept(nowhere) == [1]


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=400))
def test_what_is_kept_is_bounded_and_holds_the_first_and_the_newest(numbers: list[int]) -> None:
    anchors = Anchors()
    for turn, number in enumerate(numbers):
        assert anchors.hear([head(number)], turn * SPACING) == []
    rows = kept(anchors)
    assert rows == sorted(set(rows))
    assert (rows[0], rows[-1]) == (numbers[0], max(numbers))
    assert len(rows) <= MOST


def test_of_many_chains_the_last_told_are_kept() -> None:
    anchors = Anchors()
    for number in range(20):
        anchors.hear([head(1, f"chain-{number}")], float(number))
    fact = anchors.fact()
    assert fact
    assert fact.name == FACT
    assert list(fact.value) == [f"chain-{number}" for number in range(20 - CHAINS, 20)]


@pytest.mark.parametrize(
    "bad",
    [
        AuditHead("a/b", 1, "0" * 64),
        AuditHead(CLIENT, 0, "0" * 64),
        AuditHead(CLIENT, 1, "x"),
        AuditHead("", 1, ""),
    ],
)
def test_what_is_no_head_is_passed_over(bad: AuditHead) -> None:
    anchors = Anchors()
    assert anchors.hear([bad], 0.0) == []
    assert anchors.fact() is None
