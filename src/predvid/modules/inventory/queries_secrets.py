"""Reads of credentials beside sites and devices: for where each is, which checks are handed it."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet

from predvid.checks.registry import checks
from predvid.modules.access import queries_secrets
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.models import Secret
from predvid.modules.access.rules import Viewer
from predvid.modules.access.secret_words import KINDS
from predvid.modules.inventory.models import Agent, Device, SecretBinding, Site

MOST_HOLDERS = 1000


@dataclass(frozen=True)
class Row:
    """One credential for a page: never what it holds."""

    secret: Secret
    kind: str
    site: str
    used: int


@dataclass(frozen=True)
class Use:
    """One check that is handed a credential: on `device`, or on the probe that is its agent alone."""

    id: UUID
    check: str
    device: Device
    probe: bool
    target: str


def rows(viewer: Viewer, client_id: UUID) -> list[Row]:
    """Return the credentials of a client; raise NotVisible."""
    found = queries_secrets.of_client(viewer, client_id)
    uses = SecretBinding.objects.filter(client=client_id).values_list("secret").annotate(Count("pk"))
    return list(_rows(found, dict(uses), dict(sites(viewer, client_id))))


def row(viewer: Viewer, secret_id: UUID) -> Row:
    """Return one credential; raise NotVisible."""
    secret = queries_secrets.one(viewer, secret_id)
    used = SecretBinding.objects.filter(secret=secret).count()
    return next(iter(_rows([secret], {secret.pk: used}, dict(sites(viewer, secret.client_id)))))


def _rows(found: Iterable[Secret], uses: dict[UUID, int], names: dict[str, str]) -> Iterable[Row]:
    for secret in found:
        site = names.get(str(secret.site), "") if secret.site else ""
        yield Row(secret, str(KINDS.get(secret.kind, secret.kind)), site, uses.get(secret.pk, 0))


def sites(viewer: Viewer, client_id: UUID) -> list[tuple[str, str]]:
    """Return (id, name) of a visible client's sites; raise NotVisible."""
    if not viewer.sees(client_id):
        raise NotVisible
    return [(str(pk), name) for pk, name in Site.objects.filter(client=client_id).values_list("pk", "name")]


def uses(viewer: Viewer, secret: Secret) -> list[Use]:
    """Return where a visible credential goes; raise NotVisible."""
    if not viewer.may("secret.view", secret.client_id):
        raise NotVisible
    found = secret.bindings.select_related("device", "agent__device").order_by("check_name", "pk")
    return [
        Use(row.pk, title(viewer, row.check_name), device, row.agent is not None, row.target)
        for row in found
        if (device := row.device or (row.agent.device if row.agent else None)) is not None
    ]


def takers(viewer: Viewer, secret: Secret) -> list[tuple[str, str]]:
    """Return (name, title) of the installed checks that take this kind of credential."""
    names = [check.name for check in checks().values() if secret.kind in check.secrets]
    return [(name, title(viewer, name)) for name in names]


def title(viewer: Viewer, check: str) -> str:
    """Return what a check is called in the viewer's language."""
    known = checks().get(check)
    return known.title.pattern(viewer.language) if known else check


def holders(viewer: Viewer, secret: Secret) -> list[tuple[str, str]]:
    """Return (key, name) of the devices and approved probes that a visible credential may go to."""
    devices, probes = _holders(viewer, secret)
    found = [(f"device:{device.pk}", device.name) for device in devices[:MOST_HOLDERS]]
    return found + [
        (f"agent:{agent.pk}", f"{agent.device.name} · {agent.get_role_display()}")
        for agent in probes[:MOST_HOLDERS]
    ]


def holder(viewer: Viewer, secret: Secret, key: str) -> Device | Agent:
    """Return the device or probe that `holders` calls `key`; raise NotVisible."""
    devices, probes = _holders(viewer, secret)
    kind, _, id_ = key.partition(":")
    try:
        known = UUID(id_)
    except ValueError:
        raise NotVisible from None
    found: Device | Agent | None = None
    if kind == "device":
        found = devices.filter(pk=known).first()
    elif kind == "agent":
        found = probes.filter(pk=known).first()
    if found is None:
        raise NotVisible
    return found


def _holders(viewer: Viewer, secret: Secret) -> tuple[QuerySet[Device], QuerySet[Agent]]:
    if not viewer.may("secret.write", secret.client_id):
        raise NotVisible
    devices = Device.objects.filter(client=secret.client_id, merged_into=None)
    probes = Agent.objects.filter(
        client=secret.client_id, role=Agent.Role.PROBE, state=Agent.State.APPROVED
    ).select_related("device")
    if secret.site is not None:
        devices, probes = devices.filter(site=secret.site), probes.filter(device__site=secret.site)
    return devices, probes
