"""What runs is what the signed plan and the machine's owner both allow, never more."""

import os
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from predvid.checks.v1 import Check, Levels, Text
from predvid.core.errors import UserError
from predvid.core.trust import public_key, sign
from predvid.edge.local_policy import Policy, load
from predvid.edge.plan import PlanRefused, accept, rights
from predvid.wire.v1 import PLAN_CONTEXT, Plan, PlannedCheck, SignedPlan

SEED = bytes(range(32))
NAMES = ["cpu", "memory", "disk", "network", "unknown"]


@dataclass(frozen=True)
class Params:
    used: Levels = Levels(80, 90)


INSTALLED = {
    name: Check(name, Text(name, name), lambda source, params, state: [], Params(), platforms=("linux",))
    for name in NAMES[:-1]
}
TARGETS = st.sampled_from(["192.0.2.7", "198.51.100.9", "10.1.2.3", "::1", "server.example", "0x7f.1", ""])
PLANNED = st.builds(
    PlannedCheck,
    name=st.sampled_from(NAMES),
    interval=st.integers(-5, 100_000),
    params=st.sampled_from(
        [{}, {"used": {"warning": 1, "critical": 2}}, {"path": "/etc"}, {"used": "rm -rf"}]
    ),
    targets=st.lists(TARGETS, max_size=4),
)
POLICIES = st.builds(
    Policy,
    checks=st.none() | st.frozensets(st.sampled_from(NAMES)),
    max_checks=st.integers(0, 4),
    minimum_interval=st.integers(1, 3600),
    rate=st.integers(1, 60),
    address_ranges=st.sampled_from([(), load(None).address_ranges]),
)


def signed(plan: Plan, seed: bytes = SEED) -> bytes:
    blob = msgspec.msgpack.encode(plan)
    return msgspec.msgpack.encode(SignedPlan(blob, sign(seed, PLAN_CONTEXT + blob)))


@given(st.lists(PLANNED, max_size=8), POLICIES, st.sampled_from(["device", "probe"]))
def test_effective_rights_are_within_plan_and_policy(
    planned: list[PlannedCheck], policy: Policy, role: str
) -> None:
    allowed, denied = rights(Plan("a", 1, 0, planned), policy, INSTALLED, "linux", role)
    by_name = {one.name: one for one in reversed(planned)}
    assert len(allowed) <= policy.max_checks
    assert {one.check.name for one in allowed} | {one.name for one in denied} == set(by_name)
    for one in allowed:
        asked = by_name[one.check.name]
        assert INSTALLED[asked.name] is one.check
        assert policy.checks is None or asked.name in policy.checks
        assert one.interval >= max(asked.interval, policy.minimum_interval)
        assert set(one.targets) <= set(asked.targets)
        assert all(role == "probe" and policy.allows_target(target) for target in one.targets)
        assert isinstance(one.params, Params)
    runs = sum(60 / one.interval * max(len(one.targets), 1) for one in allowed)
    assert runs <= policy.rate * (1 + 1e-9)


def test_targets_need_a_range_of_the_owner(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('address_ranges = ["192.0.2.0/24", "2001:db8::/32"]\n')
    policy = load(file)
    assert policy.allows_target("192.0.2.9")
    assert policy.allows_target("2001:db8::1")
    assert not any(
        map(policy.allows_target, ("198.51.100.1", "::ffff:192.0.2.9", "host.example", "192.0.2.0/24"))
    )
    allowed, denied = rights(
        Plan("a", 1, 0, [PlannedCheck("cpu", 60, targets=["192.0.2.9"])]),
        policy,
        INSTALLED,
        "linux",
        "device",
    )
    assert not allowed
    assert denied[0].said.id == "check.not_a_probe"


@given(st.binary(max_size=300))
@example(b"\x82\xa4plan\xc4\x00\xa1x" + b"\x91" * 100_000)
@example(b"\x81\xa3\xff\xff\xff\x01")
def test_garbage_is_no_plan(body: bytes) -> None:
    with pytest.raises(PlanRefused):
        accept(body, public_key(SEED), "a", None)


def test_only_the_servers_newest_word_to_this_agent_is_believed() -> None:
    key = public_key(SEED)
    plan = accept(signed(Plan("a", 5, 0)), key, "a", None)
    assert accept(signed(Plan("a", 6, 0)), key, "a", plan).version == 6
    for bad, why in (
        (signed(Plan("a", 4, 0)), "older"),
        (signed(Plan("b", 9, 0)), "another agent"),
        (signed(Plan("a", 9, 0), bytes(32)), "not signed"),
    ):
        with pytest.raises(PlanRefused, match=why):
            accept(bad, key, "a", plan)


@given(st.integers(0, 200), st.integers(0, 7))
def test_one_flipped_bit_breaks_a_plan(place: int, bit: int) -> None:
    body = bytearray(signed(Plan("a", 5, 0, [PlannedCheck("cpu", 60)])))
    body[place % len(body)] ^= 1 << bit
    with pytest.raises(PlanRefused):
        accept(bytes(body), public_key(SEED), "a", None)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("checks = 5", "'checks' must be a list"),
        ("minimum_interval = 0", "'minimum_interval' must be"),
        ("rate = true", "'rate' must be"),
        ("max_check = 5", "'max_check' is no setting"),
        ('address_ranges = ["192.0.2.1/24"]', "address_ranges"),
        ("task_classes = ['0']", "task_classes"),
        ("task_languages = [1]", "task_languages"),
        ("tasks_per_hour = -1", "tasks_per_hour"),
        ("operators = 'Ana'", "operators"),
        ("allow_widening = 1", "allow_widening"),
        ("checks = [", "policy.toml"),
    ],
)
def test_a_wrong_policy_stops_the_agent_and_names_the_field(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(text)
    with pytest.raises(UserError, match=why):
        load(file)


def test_a_policy_that_others_may_write_counts_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text('checks = "all"')
    file.chmod(0o666)
    with pytest.raises(UserError, match="written by others"):
        load(file)
    file.chmod(0o644)
    assert load(file) == Policy(task_classes=frozenset({0}))
    if os.geteuid() == 0:
        os.chown(file, 12345, -1)
        with pytest.raises(UserError, match="must belong to root"):
            load(file)
