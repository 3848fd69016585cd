"""Accepts the plan: it must be the server's own word, and within what the machine's owner allows."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from predvid.checks.v1 import Check
from predvid.core.model import Said, say
from predvid.core.policy import BadSetting, with_values
from predvid.core.trust import verify
from predvid.edge import handed
from predvid.edge.link import UNREADABLE
from predvid.edge.local_policy import Policy
from predvid.wire.v1 import PLAN_CONTEXT, Plan, PlannedCheck, SignedPlan

LONGEST = 366 * 86400  # seconds between two runs


class PlanRefused(Exception):
    """A plan that is not to be believed; the text says why."""


@dataclass(frozen=True)
class Allowed:
    """One check that plan and local policy allow; `interval` in seconds, `targets` for a probe.

    `secrets` are those that the plan hands to it: in memory alone, and no part of how it shows itself.
    """

    check: Check
    params: Any
    interval: float
    targets: tuple[str, ...] = ()
    secrets: handed.Secrets = field(default=(), repr=False)


@dataclass(frozen=True)
class Denied:
    """One check of the plan that does not run here, and why."""

    name: str
    said: Said


def accept(body: bytes, plan_key: bytes, agent: str, newest: Plan | None) -> Plan:
    """Return the plan in `body` (a msgpack SignedPlan) if it is for `agent` and not older than `newest`.

    Raises PlanRefused: a bad signature, another agent's plan, an older version.
    """
    try:
        signed = msgspec.msgpack.decode(body, type=SignedPlan)
        if not verify(plan_key, PLAN_CONTEXT + signed.plan, signed.signature):
            raise PlanRefused("the plan is not signed by the server's plan key")
        plan = msgspec.msgpack.decode(signed.plan, type=Plan)
    except UNREADABLE:
        raise PlanRefused("the plan cannot be read") from None
    if plan.agent != agent:
        raise PlanRefused("the plan is another agent's")
    if newest is not None and plan.version < newest.version:
        raise PlanRefused(f"the plan is older ({plan.version}) than the one in force ({newest.version})")
    return plan


def rights(
    plan: Plan,
    policy: Policy,
    installed: Mapping[str, Check],
    platform: str,
    role: str = "device",
    unseal: handed.Open = handed.nothing,
) -> tuple[list[Allowed], list[Denied]]:
    """Return what runs (never more than `plan`, never more than `policy`) and what of the plan does not.

    `unseal` opens what the plan seals to this agent; a check whose secrets do not open does not run.
    """
    allowed: list[Allowed] = []
    denied: list[Denied] = []
    seen: set[str] = set()
    for planned in plan.checks:
        if planned.name in seen:
            continue
        seen.add(planned.name)
        verdict = _one(planned, policy, installed.get(planned.name), platform, role)
        if isinstance(verdict, Allowed):
            verdict = _with_secrets(verdict, plan, planned, unseal)
        if isinstance(verdict, Allowed) and len(allowed) >= policy.max_checks:
            verdict = Denied(planned.name, say("check.too_many", most=policy.max_checks))
        if isinstance(verdict, Allowed):
            allowed.append(verdict)
        else:
            denied.append(verdict)
    return _slowed(allowed, policy.rate), denied


def _one(
    planned: PlannedCheck, policy: Policy, check: Check | None, platform: str, role: str
) -> Allowed | Denied:
    if check is None:
        return Denied(planned.name, say("check.not_installed", check=planned.name))
    for said in _objections(planned, policy, check, platform, role):
        return Denied(planned.name, said)
    try:
        params = with_values(check.name, check.params, planned.params)
    except BadSetting as error:
        return Denied(planned.name, say("check.bad_params", why=str(error)))
    return Allowed(
        check, params, float(max(planned.interval, policy.minimum_interval)), tuple(planned.targets)
    )


def _with_secrets(one: Allowed, plan: Plan, planned: PlannedCheck, unseal: handed.Open) -> Allowed | Denied:
    try:
        return replace(one, secrets=unseal(plan, planned))
    except handed.SecretsRefused:
        return Denied(planned.name, say("check.secrets_refused", check=planned.name))


def _objections(
    planned: PlannedCheck, policy: Policy, check: Check, platform: str, role: str
) -> Iterator[Said]:
    if platform not in check.platforms:
        yield say("check.platform", check=planned.name, platform=platform)
    if policy.checks is not None and planned.name not in policy.checks:
        yield say("check.not_allowed", check=planned.name)
    if not 1 <= planned.interval <= LONGEST:
        yield say("check.bad_params", why=f"{planned.name}: interval must be 1 to {LONGEST} seconds")
    if planned.targets and role != "probe":
        yield say("check.not_a_probe", check=planned.name)
    for target in planned.targets:
        if not policy.allows_target(target):
            yield say("check.target_not_allowed", target=target)


def _slowed(allowed: list[Allowed], rate: int) -> list[Allowed]:
    runs = math.fsum(60 / one.interval * max(len(one.targets), 1) for one in allowed)
    if runs <= rate:
        return allowed
    return [replace(one, interval=one.interval * runs / rate) for one in allowed]
