"""What a recording's `expected` part says of an outcome: results in words, samples, facts, events, error."""

from pathlib import Path
from typing import Any

from predvid.checks import registry
from predvid.checks.recording import Outcome
from predvid.core.model import Result, Sample
from predvid.core.wording import plainly


def series(sample: Sample) -> str:
    """Return the name of a sample's series: `disk_used_percent{mount=/}`."""
    labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
    return f"{sample.metric}{{{labels}}}" if labels else sample.metric


def plain(result: Result) -> str:
    """Return a result's sentence as a program reads it."""
    return plainly(result.said, "en", registry.texts())


def summary(outcome: Outcome) -> dict[str, Any]:
    """Return all of an outcome as JSON-like data; messages in English."""
    return {
        "error": outcome.error.id if outcome.error else None,
        "results": {r.item: f"{r.state.name}: {plain(r)}" for r in outcome.results},
        "samples": {series(sample): sample.value for sample in outcome.samples},
        "facts": {fact.name: fact.value for fact in outcome.facts},
        "events": [f"{event.kind} {event.at:%Y-%m-%dT%H:%M:%SZ}" for event in outcome.events],
    }


RECORDINGS = sorted(Path(__file__).parent.glob("*/*.json"))


def name_of(path: Path) -> str:
    """Return how a recording is called: `cpu/busy_host`."""
    return f"{path.parent.name}/{path.stem}"
