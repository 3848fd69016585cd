"""Runs one check once against a source, timed; nothing that a check does wrong gets out."""

import time
from dataclasses import dataclass
from typing import Any

from predvid.checks.collecting import collect
from predvid.checks.source import Source
from predvid.checks.v1 import Check
from predvid.core.model import Event, Fact, Said, Sample


@dataclass(frozen=True, slots=True)
class Run:
    """One finished run: what it gave, its error (`not_here`: the check does not apply), its length in ms."""

    samples: list[Sample]
    facts: list[Fact]
    events: list[Event]
    error: Said | None
    took_ms: int
    not_here: bool = False


def run_check(check: Check, source: Source, params: Any, state: dict[str, Any]) -> Run:
    """Collect once, keeping what was read before a failure. `state` is the check's, kept by the caller."""
    began = time.monotonic()
    got = collect(check, source, params, state)
    took = round((time.monotonic() - began) * 1000)
    return Run(got.samples, got.facts, got.events, got.error, took, got.not_here)
