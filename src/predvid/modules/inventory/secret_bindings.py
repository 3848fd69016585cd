"""Which agent is handed which secrets: what its plan carries, and what ends when a device moves."""

import logging
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Greatest

from predvid.modules.access import vault
from predvid.modules.access.envelope import Damaged
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.inventory.models import Agent, Device, SecretBinding
from predvid.modules.inventory.rules import next_plan_version
from predvid.wire.secrets import HandedSecret, SecretValue

log = logging.getLogger("predvid.secrets")


def handed(agent: Agent) -> dict[str, list[HandedSecret]]:
    """Return what `agent` (with its device loaded) is handed, by name of the check.

    Nothing unless it is approved; nothing of another client or site, whatever a binding says. A secret that
    does not open is left out, and the log names it: the rest of the plan is not affected.
    """
    if agent.state != Agent.State.APPROVED:
        return {}
    found: dict[str, list[HandedSecret]] = {}
    for row in _bound(agent.device).filter(Q(device=agent.device_id) | Q(agent=agent)):
        try:
            value = msgspec.msgpack.decode(vault.unseal(row.secret, "value"), type=SecretValue)
        except (Damaged, KeyUnusable, msgspec.MsgspecError) as error:
            why = error if isinstance(error, Damaged | KeyUnusable) else "it is no secret of a known kind"
            log.error("the secret %s is not handed to agent %s: %s", row.secret_id, agent.pk, why)
            continue
        found.setdefault(row.check_name, []).append(HandedSecret(row.target, value))
    return found


def _bound(device: Device) -> QuerySet[SecretBinding]:
    """Return the bindings of `device` and its agents whose secrets are of its present client and site."""
    mine = Q(device=device) | Q(agent__device=device)
    here = Q(secret__site=None) | Q(secret__site=device.site_id)
    rows = SecretBinding.objects.filter(mine, here, client=device.client_id, secret__client=device.client_id)
    return rows.select_related("secret").order_by("pk")


def drop_foreign(device: Device) -> None:
    """End the bindings of `device` and its agents to secrets of a client or site that it is no longer at."""
    mine = SecretBinding.objects.filter(Q(device=device) | Q(agent__device=device))
    mine.exclude(pk__in=_bound(device).values("pk")).delete()


def bound_names(device_id: UUID) -> list[str]:
    """Return the names of the secrets that a device and its agents are handed, in order."""
    rows = SecretBinding.objects.filter(Q(device=device_id) | Q(agent__device=device_id))
    return sorted(set(rows.values_list("secret__name", flat=True)))


def devices_of(secret_id: UUID) -> list[UUID]:
    """Return the devices whose plans carry a secret."""
    rows = SecretBinding.objects.filter(secret=secret_id)
    return [device or other for device, other in rows.values_list("device", "agent__device")]


def replan(devices: Iterable[UUID], now: datetime) -> None:
    """Give devices a new plan version, so that their agents fetch what has changed."""
    newer = Greatest(F("plan_version") + 1, Value(next_plan_version(now, 0)))
    Device.objects.filter(pk__in=set(devices)).update(plan_version=newer)
