"""How an agent becomes known: tokens, enrolment, approval, revocation, release of a locked one."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F

from predvid.core.errors import UserError
from predvid.core.trust import public_key
from predvid.modules.access import audit
from predvid.modules.access.audit_words import ENROLMENT
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import require
from predvid.modules.access.rules import PLATFORM, Subject, Viewer
from predvid.modules.inventory.models import Agent, Device, DeviceClaim, EnrolmentToken, Site, Tenure
from predvid.modules.inventory.rules import DEVICE_TYPES, STRONG_CLAIMS, same_device
from predvid.wire.token import Token, format_token, plan_fingerprint
from predvid.wire.v1 import Claim, Enrolment

MAX_CLAIMS = 64


class TokenRefused(Exception):
    """The enrolment token is unknown, used up or expired: one answer for all three."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An enrolled agent; `twin` is the reporting device that its machine claims to be."""

    agent: Agent
    new: bool
    twin: Device | None = None


def silenced() -> set[UUID]:
    """Return the agents that may not be heard: pending, revoked or locked ones."""
    return set(Agent.objects.exclude(state=Agent.State.APPROVED).values_list("pk", flat=True))


def plan_seed() -> bytes:
    """Return the 32-byte seed of the key with which this installation signs plans."""
    return bytes.fromhex(settings.PLACE.secret("plan.key"))


@transaction.atomic
def create_token(
    viewer: Viewer, site_id: UUID, *, uses: int, valid: timedelta, approves: bool, now: datetime
) -> str:
    """Return a new enrolment token for a site, whole; only its hash is kept.

    `uses` 1 makes a one-use token, more a deployment token. Raises UserError or NotVisible.
    """
    site = Site.objects.filter(pk=site_id).first()
    if site is None:
        raise NotVisible
    require(viewer, "device.enrol", site.client_id)
    if not 1 <= uses <= 10_000:
        raise UserError("A token can be good for 1 to 10,000 devices.")
    secret = secrets.token_urlsafe(24)
    token = EnrolmentToken.objects.create(
        client_id=site.client_id,
        site=site,
        secret_hash=hashlib.sha256(secret.encode()).digest(),
        uses_left=uses,
        approves=approves,
        created_by_id=viewer.person,
        expires_at=now + valid,
    )
    hours = int(valid.total_seconds() // 3600)
    words: audit.Values = {"site": site.name, "uses": uses, "hours": hours, "approves": approves}
    audit.record(viewer, "token.made", Subject("token", str(token.pk)), site.client_id, now, after=words)
    place = settings.PLACE
    plan, ca = plan_fingerprint(public_key(plan_seed())), place.ca_fingerprint()
    return format_token(Token(secret, plan, ca, place.root_fingerprint()))


@transaction.atomic
def enrol(secret: str, request: Enrolment, now: datetime, busy: Callable[[Device], bool]) -> Enrolled:
    """Return the agent made (or found again by its key) for an enrolment.

    `busy` tells whether a device reports right now: then a machine that claims to be it is another, a clone
    perhaps, and gets a device of its own that waits for approval, whatever the token says. Uses up one use of
    the token. Raises TokenRefused.
    """
    request = _cleaned(request)
    secret_hash = hashlib.sha256(secret.encode()).digest()
    token = EnrolmentToken.objects.select_for_update().filter(secret_hash=secret_hash).first()
    if token is None or token.expires_at <= now:
        raise TokenRefused
    known = Agent.objects.filter(sign_key=request.sign_key, client=token.client).first()
    if known is not None:  # the answer was lost: the same key asks again and gets the same agent
        return Enrolled(known, new=False)
    if not EnrolmentToken.objects.filter(pk=token.pk, uses_left__gt=0).update(uses_left=F("uses_left") - 1):
        raise TokenRefused
    if Agent.objects.filter(sign_key=request.sign_key).exists():
        raise TokenRefused
    device, twin = _device(token, request, now, busy)
    approved = token.approves and twin is None
    agent = Agent.objects.create(
        client=token.client,
        device=device,
        sign_key=request.sign_key,
        seal_key=request.seal_key,
        version=request.version[:32],
        state=Agent.State.APPROVED if approved else Agent.State.PENDING,
        approved_at=now if approved else None,
    )
    subject = Subject("agent", str(agent.pk), device.name)
    words, why = {"state": str(agent.state)}, f"{ENROLMENT}{token.pk}"
    audit.record(PLATFORM, "agent.enrolled", subject, token.client_id, now, after=words, why=why)
    return Enrolled(agent, new=True, twin=twin)


def _cleaned(request: Enrolment) -> Enrolment:
    """Return `request` without NUL in what it says of the device: PostgreSQL refuses it in texts."""
    said = {name: getattr(request, name) for name in ("hostname", "platform", "version", "os", "device_type")}
    claims = [
        Claim(claim.kind.replace("\x00", ""), claim.value.replace("\x00", "")) for claim in request.claims
    ]
    plain = {name: text.replace("\x00", "") for name, text in said.items()}
    return msgspec.structs.replace(request, claims=claims, **plain)


def _device(
    token: EnrolmentToken, request: Enrolment, now: datetime, busy: Callable[[Device], bool]
) -> tuple[Device, Device | None]:
    """Return the device of an enrolment, and the one that it claims to be but is not."""
    claims = [(claim.kind[:16], claim.value[:255]) for claim in request.claims[:MAX_CLAIMS] if claim.value]
    strong = DeviceClaim.objects.filter(
        client=token.client,
        kind__in=STRONG_CLAIMS,
        value__in=[value for _, value in claims],
        device__merged_into=None,
    )
    known = [((c.kind, c.value), c.device) for c in strong.select_related("device").order_by("pk")]
    holders = [device for claim, device in known if claim in claims]
    device = same_device(claims, known)
    twin = None
    if holders and (device is None or busy(device)):  # cloned, now or before
        device, twin = None, device or holders[0]
    device = device or _new_device(token, request, now)
    DeviceClaim.objects.bulk_create(
        [
            DeviceClaim(device=device, client=token.client, kind=kind, value=value)
            for kind, value in dict.fromkeys(claims)
        ],
        ignore_conflicts=True,
    )
    return device, twin


def _new_device(token: EnrolmentToken, request: Enrolment, now: datetime) -> Device:
    device = Device.objects.create(
        client=token.client,
        site=token.site,
        name=request.hostname[:255] or "?",
        type=request.device_type if request.device_type in DEVICE_TYPES else Device.Type.SERVER,
        platform=request.platform[:16],
        os=request.os[:120],
    )
    Tenure.objects.create(device=device, client=token.client, site=token.site, since=now)
    return device


def _held_agent(viewer: Viewer, verb: str, agent_id: UUID) -> Agent:
    agent = Agent.objects.select_for_update().filter(pk=agent_id).select_related("device").first()
    if agent is None:
        raise NotVisible
    require(viewer, verb, agent.client_id)
    return agent


@transaction.atomic
def set_state(viewer: Viewer, verb: str, agent_id: UUID, state: str, now: datetime) -> Agent:
    """Approve or revoke an agent, or release a locked one (its start counter and streams begin anew).

    `state` is `approved` or `revoked`, `verb` what the viewer must have the right to. Raises NotVisible or
    Denied.
    """
    agent = _held_agent(viewer, verb, agent_id)
    if state == Agent.State.APPROVED:
        agent.approved_at, agent.approved_by_id = now, viewer.person
    if agent.state == Agent.State.LOCKED:
        agent.generation, agent.boot = 0, ""
    agent.state, agent.lock_reason = state, ""
    agent.save()
    return agent


def lock(agent_id: UUID, reason: str) -> bool:
    """Lock an agent's identity; return whether this call did it (another gateway may have)."""
    return (
        Agent.objects.filter(pk=agent_id)
        .exclude(state=Agent.State.LOCKED)
        .update(state=Agent.State.LOCKED, lock_reason=reason)
        == 1
    )
