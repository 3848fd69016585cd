"""A small world of keys and signed things with fixed times, for whoever judges what may run."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from predvid.core.authority import TEXTS, TaskRefused
from predvid.core.trust import Signer
from predvid.wire.authority import (
    KEYSET_CONTEXT,
    Content,
    KeySet,
    OperatorKey,
    Order,
    Publication,
    Signed,
    Start,
    Targets,
)
from predvid.wire.signing import seal
from predvid.wire.verifying import Here, Judge, Limits

NOW = 1_764_000_000_000
HOUR = 3_600_000
ROOT, ANA, IVO, JAN, PLAN, STRANGER = (Signer(bytes([n]) * 32) for n in range(1, 7))
OPERATORS = [
    OperatorKey("Ana", ANA.public),
    OperatorKey("Ivo", IVO.public),
    OperatorKey("Jan", JAN.public, (1,)),
]
KEYS = KeySet(3, NOW - HOUR, NOW + HOUR, OPERATORS, ["gone"])
HERE = Here("agent-1", "linux", PLAN.public, "client-1", "site-1", frozenset({"till"}))
ALL = Limits(frozenset({0, 1, 2}), frozenset({"sh", "bash", "powershell", "python"}), None, True)
SCRIPT = Content("sh", "exit 0\n", 60)
ORDER = Order("order-1", "Clean", SCRIPT, ["agent-1"], NOW - 1000, NOW + HOUR, {"days": "7"})
PUBLICATION = Publication(
    "tidy", 4, "Tidy up", SCRIPT, Targets(everywhere=True), NOW - HOUR, NOW + HOUR, rate=6
)
START = Start("task-1", "agent-1", "tidy", 4, NOW - 1000, NOW + 1000)


def judge(limits: Limits = ALL, here: Here = HERE, now: int = NOW, **keyset: Any) -> Judge:
    """Return the judge of a device in this world; `keyset` changes what its KeySet says."""
    return Judge(msgspec.structs.replace(KEYS, **keyset), here, limits, now)


def sealed_keys(signer: Signer = ROOT, **change: Any) -> Signed:
    """Return the KeySet of this world with changes, signed by `signer`."""
    return seal(KEYSET_CONTEXT, msgspec.structs.replace(KEYS, **change), [signer])


def refused(work: Callable[[], object]) -> str:
    """Return the code with which `work` is refused; its sentence is one that there are words for."""
    with pytest.raises(TaskRefused) as refusal:
        work()
    assert refusal.value.said.id == f"task.refused.{refusal.value.code}"
    assert refusal.value.said.id in TEXTS
    return refusal.value.code
