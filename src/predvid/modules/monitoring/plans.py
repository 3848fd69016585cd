"""Makes the Plan of a device: every installed check that its platform can run, under its effective policy."""

import logging
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from predvid.checks.v1 import Check
from predvid.core.sealed_box import seal_to
from predvid.core.trust import sign
from predvid.modules.inventory.models import Agent
from predvid.modules.inventory.secret_bindings import handed
from predvid.modules.monitoring.intake import load_states
from predvid.modules.monitoring.rules import DeviceState
from predvid.wire.secrets import Handed, HandedSecret, kind_of
from predvid.wire.v1 import PLAN_CONTEXT, Plan, PlannedCheck, SignedPlan

log = logging.getLogger("predvid.secrets")
_ENCODER = msgspec.msgpack.Encoder()


def plan_for(agent_id: UUID, checks: dict[str, Check], now: datetime) -> Plan:
    """Return the current plan of an approved agent. Raises `Agent.DoesNotExist`."""
    agent = Agent.objects.select_related("device").get(pk=agent_id)
    state = load_states([agent.device_id])[agent.device_id]
    secrets = handed(agent)
    planned = [
        PlannedCheck(
            check.name,
            state.running(check).interval,
            changed_params(check, state),
            sealed=_sealed(agent, check, state.plan_version, secrets),
        )
        for check in checks.values()
        if agent.device.platform in ("", *check.platforms) and check.name not in state.off
    ]
    role: Any = agent.role
    issued = int(now.timestamp() * 1000)
    return Plan(str(agent.pk), state.plan_version, issued, planned, role, update=agent.update_to)


def _sealed(agent: Agent, check: Check, version: int, secrets: Mapping[str, list[HandedSecret]]) -> bytes:
    """Return what `check` is handed, for this agent and this version of its plan alone; empty if nothing."""
    mine = [one for one in secrets.get(check.name, ()) if kind_of(one.value) in check.secrets]
    if not mine:
        return b""
    plain = _ENCODER.encode(Handed(str(agent.pk), check.name, version, mine))
    try:
        return seal_to(bytes(agent.seal_key), plain)
    except ValueError as error:
        log.error("agent %s is handed no secret: %s", agent.pk, error)
        return b""


def changed_params(check: Check, state: DeviceState) -> dict[str, Any]:
    """Return, JSON-like, the params of `check` that differ from its built-in defaults on this device."""
    chosen = state.params(check)
    if not is_dataclass(chosen) or isinstance(chosen, type):
        return {}
    values = {}
    for part in fields(chosen):
        value = getattr(chosen, part.name)
        if value != getattr(check.params, part.name):
            plain = is_dataclass(value) and not isinstance(value, type)
            values[part.name] = asdict(value) if plain else value
    return values


def signed(plan: Plan, seed: bytes) -> SignedPlan:
    """Return `plan` signed by the installation's plan key (`seed`, 32 bytes)."""
    blob = _ENCODER.encode(plan)
    return SignedPlan(blob, sign(seed, PLAN_CONTEXT + blob))
