"""A setting comes from the strongest origin that gives it, and a wrong one is refused by name."""

from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.core.model import Levels
from predvid.core.policy import (
    ORIGINS,
    BadSetting,
    Running,
    Setting,
    effective,
    running,
    strength,
    with_values,
)


@dataclass(frozen=True)
class Params:
    used: Levels = Levels(80, 90)
    left: Levels = Levels(15, 5)
    only: Levels = Levels(critical=5, lower_is_worse=True)
    ignore: tuple[str, ...] = ()
    count: int = 3
    share: float = 0.5
    strict: bool = False
    name: str = "x"


def test_defaults_alone() -> None:
    found = effective("disk", Params(), {}, [])
    assert found.params == Params()
    assert set(found.origins.values()) == {"built-in"}


@given(st.permutations(ORIGINS[2:]), st.integers(1, 3))
def test_the_strongest_origin_wins_whatever_the_order(order: list[str], count: int) -> None:
    settings = [Setting(origin, "disk", "count", ORIGINS.index(origin)) for origin in order[:count]]
    found = effective("disk", Params(), {"count": 1}, settings)
    strongest = max(order[:count], key=ORIGINS.index)
    assert found.params.count == ORIGINS.index(strongest)
    assert found.origins["count"] == strongest


def test_each_field_knows_its_own_origin() -> None:
    settings = [Setting("client", "disk", "used.warning", 70), Setting("device", "disk", "ignore", ["/mnt"])]
    found = effective("disk", Params(), {"strict": True}, settings)
    assert found.params == replace(Params(), used=Levels(70, 90), ignore=("/mnt",), strict=True)
    origins = {name: found.origins[name] for name in ("used", "ignore", "strict", "count")}
    assert origins == {"used": "client", "ignore": "device", "strict": "device type", "count": "built-in"}


def test_a_list_holds_texts_only() -> None:
    assert with_values("disk", Params(), {"ignore": "/a, /b,"}).ignore == ("/a", "/b")
    for wrong in ([1], [None], {"/a": 1}, 5, [["/a"]]):
        with pytest.raises(BadSetting, match="ignore"):
            with_values("disk", Params(), {"ignore": wrong})


def test_settings_of_other_checks_are_left_alone() -> None:
    assert effective("disk", Params(), {}, [Setting("site", "cpu", "count", 9)]).params == Params()


def test_a_check_without_params_has_none() -> None:
    assert effective("disk", None, {}, []).params is None
    with pytest.raises(BadSetting, match="disk has no parameters"):
        effective("disk", None, {}, [Setting("site", "disk", "count", 9)])


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("count", "7", 7),
        ("share", "0.25", 0.25),
        ("strict", "yes", True),
        ("strict", False, False),
        ("ignore", "/a,/b", ("/a", "/b")),
        ("ignore", "", ()),
        ("name", "y", "y"),
        ("used", {"warning": "70", "critical": 80.5}, Levels(70, 80.5)),
        ("used", {"warning": 10, "critical": 5}, Levels(10, 5)),
        ("only", {"critical": 3}, Levels(critical=3, lower_is_worse=True)),
        ("left", {"warning": 4, "critical": 4}, Levels(4, 4, lower_is_worse=True)),
        ("used", {"warning": None, "critical": 95}, Levels(None, 95)),
    ],
)
def test_values_from_command_line_and_pages_fit(field: str, value: Any, expected: Any) -> None:
    assert getattr(with_values("disk", Params(), {field: value}), field) == expected


def test_one_part_of_levels_is_set() -> None:
    assert with_values("disk", Params(), {"used.margin": "3"}).used == Levels(80, 90, 3)
    assert with_values("disk", Params(), {"used.warning": None}).used == Levels(None, 90)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nothing", 1),
        ("count", "many"),
        ("count", 1.5),
        ("count", float("inf")),
        ("count", None),
        ("share", "nan"),
        ("strict", "perhaps"),
        ("ignore", 5),
        ("used", 5),
        ("used", []),
        ("used", {"warn": 5}),
        ("used", {"warning": "high"}),
        ("used", {"warning": 1, "margin": -1}),
        ("used.warning", "high"),
        ("used.margin", -2),
        ("used.depth", 1),
        ("count.warning", 1),
    ],
)
def test_a_wrong_setting_is_refused_with_its_field(field: str, value: Any) -> None:
    with pytest.raises(BadSetting, match=rf"disk\.{field}"):
        with_values("disk", Params(), {field: value})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(["used", "used.margin", "ignore", "count", "share", "strict", "name"]), JSON)
def test_whatever_comes_is_taken_or_refused(field: str, value: Any) -> None:
    with suppress(BadSetting):
        assert isinstance(with_values("disk", Params(), {field: value}), Params)


SETTINGS = st.lists(
    st.builds(
        Setting,
        st.sampled_from(ORIGINS[2:]),
        st.just("disk"),
        st.sampled_from(["count", "share", "strict"]),
        st.integers(0, 1),
        st.sampled_from("abc"),
        st.tuples(st.integers(0, 2)),
    ),
    max_size=12,
)


@given(SETTINGS, st.randoms())
def test_the_strongest_wins_and_the_chain_of_what_it_overrides_is_whole(
    settings: list[Setting], random: Random
) -> None:
    found = effective("disk", Params(), {"count": 9}, settings)
    shuffled = random.sample(settings, len(settings))
    assert effective("disk", Params(), {"count": 9}, shuffled).origins == found.origins
    for name in ("count", "share", "strict"):
        mine = [one for one in settings if one.field == name]
        trail = found.layers[name]
        typed = ["device type"] if name == "count" else []
        said = sorted((one.origin for one in mine), key=ORIGINS.index)
        assert [layer.origin for layer in trail] == ["built-in", *typed, *said]
        assert trail[-1].value == getattr(found.params, name)
        if mine:
            top = max(strength(one) for one in mine)
            strongest = [(one.origin, one.value) for one in mine if strength(one) == top]
            assert (found.origins[name], trail[-1].value) in strongest


@given(SETTINGS)
def test_what_does_not_fit_is_left_out_and_named(settings: list[Setting]) -> None:
    wrong = [Setting("device", "disk", "count", "many"), Setting("site", "disk", "depth", 1)]
    found = effective("disk", Params(), {}, [*wrong, *settings], strict=False)
    assert found.params == effective("disk", Params(), {}, settings).params
    assert [text.partition(":")[0] for text in found.wrong] == ["disk.depth", "disk.count"]


def test_how_a_check_runs_has_bounds_of_its_own() -> None:
    ran = running(
        "disk",
        Running(),
        [Setting("client", "disk", "@interval", "120"), Setting("site", "disk", "@enabled", "no")],
    )
    assert ran.params == Running(enabled=False, interval=120)
    assert effective("disk", Params(), {}, [Setting("client", "disk", "@interval", 1)]).params == Params()
    for field, value in (
        ("@interval", 9),
        ("@interval", 10**9),
        ("@hold", -1),
        ("@notify", "maybe"),
        ("@depth", 1),
    ):
        with pytest.raises(BadSetting, match=field.strip("@")):
            running("disk", Running(), [Setting("client", "disk", field, value)])
