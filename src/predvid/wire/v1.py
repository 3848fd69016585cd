"""Wire format v1: every message between agent and server, as msgpack. Fields are only ever added.

Samples travel as columns. `Columns.layout` is a msgpack blob naming the series of the batch in order; it is
the same bytes in every batch of a steady device, so the server compiles it once. `ts` and `values` are packed
little-endian int64 (milliseconds since the epoch) and float64, one per sample, and `place` packed uint16:
the index into the layout that each sample belongs to.

A request body is signed: see `envelope`. Times are the agent's clock corrected by the last offset learnt.
"""

from typing import Any, Literal

import msgspec

MAX_BODY = 1 << 20  # bytes of a compressed request body
MAX_PLAIN = 4 << 20  # bytes after decompression: the cap that stops a compression bomb
MAX_SAMPLES = 50_000  # in one batch
PREFIX = "/agent/v1"

AgentState = Literal["pending", "approved", "revoked", "locked"]


class Series(msgspec.Struct, frozen=True, array_like=True):
    """One series of a layout: the check that measures it, its metric and its labels."""

    check: str
    metric: str
    labels: dict[str, str] = {}


class Columns(msgspec.Struct, frozen=True, omit_defaults=True):
    """The samples of one batch, in columns of equal length."""

    layout: bytes = b"\x90"
    place: bytes = b""
    ts: bytes = b""
    values: bytes = b""


class Ran(msgspec.Struct, frozen=True, array_like=True):
    """One finished run of a check: when (ms), how long it took (ms), and its error if it failed.

    The errors `check.not_here` and `check.platform` say that the check does not apply here: no fault.
    `interval` (seconds, rounded up) is the one that the agent keeps after its owner's policy; 0 if not known.
    """

    check: str
    at: int
    took: int = 0
    error: "Sentence | None" = None
    items: int = 0
    interval: int = 0


class Sentence(msgspec.Struct, frozen=True, array_like=True):
    """A `core.model.Said` on the wire."""

    id: str
    values: dict[str, Any] = {}


class FactRow(msgspec.Struct, frozen=True, array_like=True):
    """One fact, whole: the check that read it, its dotted name and its JSON-like value."""

    check: str
    name: str
    value: Any


class EventRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """A `core.model.Event` on the wire; `at` in ms; `severity` by name."""

    kind: str
    said: Sentence
    at: int
    severity: str = "info"
    actor: str = ""
    target: str = ""
    source: dict[str, Any] = {}


class TaskOutcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a leased task, or how it goes on: `started` once, `output` in numbered parts, then one
    of the others. `unknown`: it had started when the agent ended, and is not repeated. `at` in ms; `code` is
    the exit status; `reason` says why where it did not end well; `truncated` where output went over its cap.
    """

    task: str
    state: Literal["started", "output", "done", "failed", "refused", "unknown", "cancelled"]
    output: str = ""
    code: int | None = None
    at: int = 0
    part: int = 0
    truncated: bool = False
    reason: Sentence | None = None


class TrustHeld(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an agent holds of task authority: the SHA-256 of the root that it pins (empty: none), versions.

    `renews` says that it can install releases: as a service of its own, and with its owner's consent.
    """

    root: bytes = b""
    root_serial: int = 0
    keyset: int = 0
    placement: int = 0
    classes: tuple[int, ...] = (0,)
    renews: bool = False


class Batch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Everything an agent has to say since its last batch; (boot, seq) identify it within the agent.

    `sealed` is when it was closed (ms, corrected clock); `dropped` counts samples lost to the cap. How
    long it then lay in the outbox is no part of its immutable bytes: see `envelope`.
    """

    boot: str
    seq: int
    sealed: int
    columns: Columns = Columns()
    ran: list[Ran] = []
    facts: list[FactRow] = []
    events: list[EventRow] = []
    outcomes: list[TaskOutcome] = []
    dropped: int = 0
    trust: TrustHeld | None = None


class TaskLease(msgspec.Struct, frozen=True, omit_defaults=True):
    """Work leased to an agent: `signed` is a msgpack `wire.authority.Leased`; `signature` stays unused."""

    task: str
    signed: bytes
    signature: bytes = b""


class AuditHead(msgspec.Struct, frozen=True, array_like=True):
    """How far one chain of the audit had come: its name, the number and hash (hex) of its newest entry."""

    chain: str
    number: int
    hash: str


class Ack(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's word that batch (boot, seq) is durable; `now` is its clock (ms), `plan` a version.

    `audit` are the heads that the agent keeps as a witness: its client's chain and the whole MSP's.
    """

    boot: str
    seq: int
    now: int
    plan: int = 0
    repeated: bool = False
    tasks: list[TaskLease] = []
    cancel: list[str] = []
    audit: list[AuditHead] = []


class Pushed(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message of the held answer to GET /push: what an Ack would bring, without waiting for a batch."""

    now: int
    tasks: list[TaskLease] = []
    cancel: list[str] = []
    plan: int = 0


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a request was refused: a stable code and an English sentence that says what to do."""

    code: str
    message: str
    retry_after: int | None = None


class PlannedCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """One check of a Plan: `interval` in seconds, `params` field -> JSON-like value, a probe's `targets`."""

    name: str
    interval: int
    params: dict[str, Any] = {}
    targets: list[str] = []
    sealed: bytes = b""


class Plan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an agent runs: installed checks only, never commands. Versions only grow.

    `update` names the release that the agent should be of (empty: stay); it decides nothing, for an agent
    installs only what operators signed and what is newer than all it has installed.
    """

    agent: str
    version: int
    issued: int
    checks: list[PlannedCheck] = []
    role: Literal["device", "probe"] = "device"
    batch_seconds: int = 15
    update: str = ""


class SignedPlan(msgspec.Struct, frozen=True):
    """The msgpack bytes of a Plan and the plan key's Ed25519 signature over PLAN_CONTEXT + bytes."""

    plan: bytes
    signature: bytes


class Claim(msgspec.Struct, frozen=True, array_like=True):
    """One identity claim of a device: kind (`serial`, `machine_id`, `mac`, `hostname`) and value."""

    kind: str
    value: str


class Enrolment(msgspec.Struct, frozen=True, omit_defaults=True):
    """An agent asks to be known: its token, its public keys, and what it says of its device."""

    token: str
    sign_key: bytes
    seal_key: bytes
    hostname: str
    platform: str
    version: str
    claims: list[Claim] = []
    os: str = ""
    device_type: str = ""


class Enrolled(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's answer: the agent's id, its state, and the server's plan key that the agent pins."""

    agent: str
    state: AgentState
    plan_key: bytes
    now: int
    client: str = ""
    site: str = ""


PLAN_CONTEXT = b"predvid plan v1\x00"


def envelope(
    agent: str, path: str, boot: str, generation: int, now: int, waited: int, digest: bytes
) -> bytes:
    """Return the bytes that an agent signs for one request; `digest` is SHA-256 of the raw body as sent.

    `now` is the agent's corrected clock (ms). `waited` is how long a batch lay in the outbox (ms, monotonic
    clock), -1 where that is unknown (sealed by an earlier process) or the request carries no batch.
    """
    lines = (agent, path, boot, str(generation), str(now), str(waited), digest.hex())
    return b"predvid request v1\x00" + "\n".join(lines).encode()


HEADERS = (
    "predvid-agent",
    "predvid-boot",
    "predvid-generation",
    "predvid-time",
    "predvid-waited",
    "predvid-signature",
)
