"""The agents' door: who asks, is it really them, and may they. Uses no ORM but for an agent not met yet."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from predvid.core.trust import digest, verify
from predvid.modules.inventory.models import Agent
from predvid.modules.monitoring import device_actions
from predvid.modules.monitoring.delivery import Refused
from predvid.wire.v1 import envelope

REASONS = {
    "pending": "This agent waits for approval in the console; it keeps its data until then.",
    "revoked": "This agent was revoked in the console; it keeps its data.",
    "locked": "This agent's identity is locked: it was seen twice. Release it in the console.",
}
STALE = "The agent has started anew since this request was signed; only the newer start is heard."


@dataclass(slots=True)
class KnownAgent:
    """An agent as this process last read it."""

    agent: UUID
    device: UUID
    client: UUID
    key: bytes
    state: str
    generation: int
    boot: str
    started_ms: int = 0


@dataclass(frozen=True, slots=True)
class Caller:
    """A request whose signature holds: by whom, since which start, how long it waited (ms, -1 unknown)."""

    agent: KnownAgent
    boot: str
    generation: int
    time_ms: int
    waited: int
    digest: bytes


class Door:
    """Authenticates requests; remembers the agents' keys."""

    def __init__(self) -> None:
        self._known: dict[str, KnownAgent] = {}  # by the id as agents write it

    def cached(self, headers: Mapping[str, str]) -> KnownAgent | None:
        """Return the agent if this very start of it is known here: then `check` needs no database."""
        known = self._known.get(headers.get("predvid-agent", ""))
        return known if known is not None and self._same_start(known, headers) else None

    @staticmethod
    def _same_start(known: KnownAgent, headers: Mapping[str, str]) -> bool:
        same = (
            headers.get("predvid-generation") == str(known.generation)
            and headers.get("predvid-boot") == known.boot
        )
        return same and known.state == Agent.State.APPROVED

    def check(
        self, path: str, headers: Mapping[str, str], body: bytes, known: KnownAgent | None = None
    ) -> Caller:
        """Return the caller of a signed request; raise Refused: 401 unknown or badly signed, 403 not allowed.

        A `known` agent's standing is believed as last read (a batch's is checked with its group).
        """
        known = known or self._read(_uuid(headers))
        caller = self._verified(known, path, headers, body)
        allow(known.state)
        self._started(caller)
        return caller

    @staticmethod
    def self_signed(key: bytes, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Tell whether a newcomer's request is signed by `key` (32 bytes). Raises Refused (401)."""
        own = KnownAgent(UUID(int=0), UUID(int=0), UUID(int=0), key, "", 0, "")
        return Door._verified(own, path, {"predvid-agent": "", **headers}, body) is not None

    def forget(self, agent: UUID) -> None:
        """Read this agent again at its next request."""
        self._known.pop(str(agent), None)

    def _read(self, agent_id: UUID) -> KnownAgent:
        row = Agent.objects.filter(pk=agent_id).first()
        if row is None:
            raise Refused(401, "unknown", "This agent is not known here; enrol it again.")
        known = KnownAgent(
            row.pk,
            row.device_id,
            row.client_id,
            bytes(row.sign_key),
            row.state,
            row.generation,
            row.boot,
            row.started_ms,
        )
        self._known[str(agent_id)] = known
        return known

    @staticmethod
    def _verified(known: KnownAgent, path: str, headers: Mapping[str, str], body: bytes) -> Caller:
        boot = headers.get("predvid-boot", "")
        generation, sent, waited = (_int(headers, name) for name in ("generation", "time", "waited"))
        if not 1 <= len(boot) <= 32 or not boot.isalnum():
            raise Refused(401, "signature", "The header predvid-boot is missing or malformed.")
        signature = _signature(headers)
        body_digest = digest(body)
        signed = envelope(headers["predvid-agent"], path, boot, generation, sent, waited, body_digest)
        if not verify(known.key, signed, signature):
            raise Refused(401, "signature", "The request's signature does not hold.")
        return Caller(known, boot, generation, sent, waited, body_digest)

    def _started(self, caller: Caller) -> None:
        """Take over a new start of the agent, or lock the identity when an older start speaks again.

        What an older start had signed before the newer one began is a straggler of a killed process: refused,
        but no sign of a copy.
        """
        known = caller.agent
        if caller.generation == known.generation and caller.boot == known.boot:
            return
        if caller.generation > known.generation:
            rows = Agent.objects.filter(
                pk=known.agent, generation__lt=caller.generation, state=Agent.State.APPROVED
            )
            now_ms = int(datetime.now(UTC).timestamp() * 1000)  # the caller's own word could lie far ahead
            started = {
                "generation": caller.generation,
                "boot": caller.boot,
                "started_ms": min(max(caller.time_ms, 0), now_ms),
            }
            if rows.update(**started):
                self._read(known.agent)
                return
            known = self._read(known.agent)  # another gateway may have just heard this very start
            allow(known.state)
            if (caller.generation, caller.boot) == (known.generation, known.boot):
                return
        if caller.generation < known.generation and caller.time_ms <= known.started_ms:
            raise Refused(503, "stale", STALE)
        self.lock(known.agent, "copied")
        raise Refused(
            403, "locked", "This agent's identity was used by two machines; release it in the console."
        )

    def lock(self, agent: UUID, reason: str) -> None:
        """Lock the agent's identity (`copied` or `fork`) and forget it here."""
        device_actions.lock(agent, reason, datetime.now(UTC))
        self.forget(agent)


def allow(state: str) -> None:
    """Raise Refused (403) with the reason unless an agent in `state` may report."""
    if (why := REASONS.get(state)) is not None:
        raise Refused(403, state, why)


def _uuid(headers: Mapping[str, str]) -> UUID:
    try:
        return UUID(headers.get("predvid-agent", ""))
    except ValueError:
        raise Refused(
            401, "unsigned", "The request is not signed by an agent: header predvid-agent is missing."
        ) from None


def _signature(headers: Mapping[str, str]) -> bytes:
    """Return the signature; empty unless it is written in its one canonical way (RFC 4648, section 3.5)."""
    text = headers.get("predvid-signature", "")
    try:
        signature = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # the latter where it is not ASCII
        return b""
    return signature if base64.b64encode(signature).decode() == text else b""


def _int(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(f"predvid-{name}", "-1" if name == "waited" else "")
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 15 or str(int(text)) != text:
        raise Refused(401, "signature", f"The header predvid-{name} is missing or not a number.")
    return int(text)
