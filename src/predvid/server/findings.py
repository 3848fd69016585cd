"""What the doctor says about one thing: a finding."""

from dataclasses import dataclass

from predvid.core.model import Said, Value
from predvid.core.wording import plainly
from predvid.server.doctor_texts import TEXTS


def said(id: str, **values: Value) -> Said:
    """Return the sentence `id` of the doctor's texts with its values."""
    return Said(id, values)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its state (`ok`, `warning`, `bad`), what was seen, and what to do."""

    what: str
    state: str
    sight: Said
    advice: Said | None = None

    def seen(self, language: str = "en") -> str:
        """Return what was seen, in words."""
        return plainly(self.sight, language, TEXTS)

    def do(self, language: str = "en") -> str:
        """Return what to do, in words; empty where nothing is to be done."""
        return plainly(self.advice, language, TEXTS) if self.advice else ""


def judged(what: str, good: bool, sight: Said, advice: Said, state: str = "bad") -> Finding:
    """Return a finding that is `ok`, or else of `state` with what to do."""
    return Finding(what, "ok", sight) if good else Finding(what, state, sight, advice)
