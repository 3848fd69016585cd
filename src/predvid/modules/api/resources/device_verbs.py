"""What people do to devices and their agents, done by a program in their name."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.utils import timezone

from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import Moment
from predvid.modules.api.route import route
from predvid.modules.monitoring import device_actions


class AgentState(msgspec.Struct):
    """How an agent stands after the verb."""

    agent: UUID
    device: UUID
    state: str


class Move(msgspec.Struct, forbid_unknown_fields=True):
    """Where a device moves, and from when on (now if not given)."""

    site: UUID
    since: Moment | None = None


class Merge(msgspec.Struct, forbid_unknown_fields=True):
    """The device that is folded into this one."""

    other: UUID


class DevicePlace(msgspec.Struct):
    """Where a device belongs after the verb."""

    device: UUID
    client: UUID
    site: UUID


@route("POST", "agents/{agent_id}/approve", "device.approve")
def approve_agent(viewer: Viewer, agent_id: UUID) -> AgentState:
    """Let a pending agent report."""
    return _on_agent(device_actions.approve, viewer, agent_id)


@route("POST", "agents/{agent_id}/revoke", "device.revoke")
def revoke_agent(viewer: Viewer, agent_id: UUID) -> AgentState:
    """Refuse an agent from now on."""
    return _on_agent(device_actions.revoke, viewer, agent_id)


@route("POST", "agents/{agent_id}/release", "device.release")
def release_agent(viewer: Viewer, agent_id: UUID) -> AgentState:
    """Let a locked agent report again."""
    return _on_agent(device_actions.release, viewer, agent_id)


@route("POST", "devices/{device_id}/move", "device.move")
def move_device(viewer: Viewer, device_id: UUID, body: Move) -> DevicePlace:
    """Move a device to another site, perhaps of another client. What was before stays with the former one."""
    now: datetime = timezone.now()
    return _place(device_actions.move(viewer, device_id, body.site, body.since or now, now))


@route("POST", "devices/{device_id}/merge", "device.merge")
def merge_device(viewer: Viewer, device_id: UUID, body: Merge) -> DevicePlace:
    """Fold another device of the same client into this one, with its agents and history."""
    return _place(device_actions.merge(viewer, device_id, body.other, timezone.now()))


def _on_agent(verb: Callable[..., Any], viewer: Viewer, agent_id: UUID) -> AgentState:
    agent = verb(viewer, agent_id, timezone.now())
    return AgentState(agent.pk, agent.device_id, agent.state)


def _place(device: Any) -> DevicePlace:
    return DevicePlace(device.pk, device.client_id, device.site_id)
