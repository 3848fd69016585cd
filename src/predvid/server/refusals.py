"""Counts what was refused, and logs it once per agent, address, code and minute."""

import logging
import time
from collections import Counter

from predvid.modules.monitoring.delivery import Refused

log = logging.getLogger(__name__)
MAX_LINES = 2_000  # remembered within a minute


class RefusalLog:
    """What one gateway has refused since its start, by code."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._minute = 0
        self._said: set[tuple[str, str, str]] = set()

    def note(self, refused: Refused, agent: str, client: tuple[str, int] | None) -> None:
        """Count one refusal and log it unless the same was logged this minute."""
        self.counts[refused.code] += 1
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._said = minute, set()
        key = agent, client[0] if client else "", refused.code
        if key in self._said or len(self._said) >= MAX_LINES:
            return
        self._said.add(key)
        log.warning("refused %s from agent %r at %s: %s", refused.code, key[0], key[1], refused.message)
