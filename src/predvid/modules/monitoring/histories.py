"""Fetches from the store what judges want to compare with: one question a metric for a whole group."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from predvid.checks.history import History, history_of
from predvid.checks.v1 import Check
from predvid.modules.monitoring.store import Store

POINTS_A_DAY = 24


def past(
    store: Store, asked: Mapping[str, set[UUID]], checks: Mapping[str, Check], now: datetime
) -> dict[tuple[str, UUID], History]:
    """Return the history of each asked check (name -> devices) by device; raises what the store raises."""
    found = {}
    for name, devices in asked.items():
        check = checks[name]
        rows: dict[UUID, list[tuple[str, Mapping[str, str], list[tuple[float, float]]]]] = {}
        for metric in check.history:
            start, points = now - timedelta(days=check.history_days), POINTS_A_DAY * check.history_days
            for curve in store.window([str(device) for device in devices], metric, start, now, points):
                line = [(at / 1000, mean) for at, mean in zip(curve.ts, curve.mean, strict=True)]
                rows.setdefault(UUID(curve.device), []).append((metric, curve.labels, line))
        found.update({(name, device): history_of(mine) for device, mine in rows.items()})
    return found
