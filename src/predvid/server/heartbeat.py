"""Says every ten seconds that this gateway can take batches, in a thread of its own."""

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from predvid.modules.monitoring import beats
from predvid.modules.monitoring.store import Store
from predvid.server.committer import mending

log = logging.getLogger(__name__)


def name() -> str:
    """Return what tells this gateway process from all others."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}"


async def keep_beating(store: Store, well: Callable[[], bool] = lambda: True) -> None:
    """Beat until cancelled, and only while `well()`: a gateway whose groups fail must say nothing."""
    loop, thread, mine = asyncio.get_running_loop(), ThreadPoolExecutor(1, thread_name_prefix="beat"), name()
    while True:
        if well():
            try:
                await loop.run_in_executor(thread, mending, beats.beat, mine, store, datetime.now(UTC))
            except Exception as error:
                log.warning("no heartbeat: %s", error)
        await asyncio.sleep(beats.EVERY.total_seconds())
