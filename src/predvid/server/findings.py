"""What the doctor says about one thing: a finding."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its state (`ok`, `warning`, `bad`), what was seen, and what to do."""

    what: str
    state: str
    seen: str
    do: str = ""


def judged(what: str, good: bool, seen: str, do: str, state: str = "bad") -> Finding:
    """Return a finding that is `ok`, or else of `state` with what to do."""
    return Finding(what, "ok", seen) if good else Finding(what, state, seen, do)
