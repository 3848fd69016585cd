"""Sentences of the agent's log: what a check says of itself, in English as the rest of the log."""

from collections.abc import Mapping

from predvid.checks.shared_texts import TEXTS
from predvid.checks.v1 import Check
from predvid.core.model import Said
from predvid.core.wording import plainly


def of_check(name: str, said: Said | None, installed: Mapping[str, Check]) -> str:
    """Return one line about the check `name`; None says that it no longer fails."""
    if said is None:
        return f"the check {name} works again"
    own = installed[name].texts if name in installed else {}
    text = plainly(said, "en", {**TEXTS, **own})
    return text if said.values.get("check") == name else f"the check {name}: {text}"
