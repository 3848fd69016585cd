"""What the store takes: samples/s, bytes a sample and processor time a sample, through HTTP, with fsync.

    python bench/store.py [--seconds 20] [--rate 80000] [--rows 15000] [--writers 2]

First paced at `--rate` samples/s, then at full speed, with 2,000 devices of 60 series each. Then the size:
one day of 60 devices, a sample a minute in each of 3,600 series, values that wander in steps of 0.01, as the
parts lie once the store has merged what it wants to merge.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from predvid.modules.monitoring.store import Store

SRC = Path(__file__).parent.parent / "src"
DEVICES, METRICS = 2_000, [f"meter_{n:02d}_percent" for n in range(60)]
TICK = os.sysconf("SC_CLK_TCK")


Columns = tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.int64], NDArray[np.float64]]


@dataclass
class Fleet:
    """Every series of the fleet in an order as batches arrive: whole devices one after another."""

    index: NDArray[np.uint32]
    series: NDArray[np.uint64]
    values: NDArray[np.float64]
    at: int = 0

    def batch(self, rows: int, start_ms: int) -> Columns:
        """Return the next `rows` samples: each round of the fleet is a minute later."""
        place = np.arange(self.at, self.at + rows)
        self.at += rows
        which = place % len(self.series)
        ts = start_ms + place // len(self.series) * 60_000 + (which // len(METRICS)) * 29
        return self.index[which], self.series[which], ts.astype(np.int64), np.round(self.values[which], 2)


def fleet(seed: int) -> Fleet:
    """Return 120,000 series with scattered numbers."""
    rng = np.random.default_rng(seed)
    n = DEVICES * len(METRICS)
    index = np.tile(np.arange(len(METRICS), dtype=np.uint32), DEVICES)
    return Fleet(index, rng.integers(1, 2**63, n, dtype=np.uint64), rng.random(n) * 100)


def processor(pid: int) -> float:
    """Return the processor seconds that a process has used (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def load(
    store: Store, pid: int, seconds: float, rows: int, rate: float | None, writers: int, seed: int
) -> None:
    """Insert for `seconds` and print one line of figures."""
    fleets = [fleet(seed + n) for n in range(writers)]
    counts, waits = [0] * writers, []
    start, cpu, own = time.monotonic(), processor(pid), time.process_time()
    base = int(time.time() * 1000) // 86_400_000 * 86_400_000

    def write(n: int) -> None:
        while (spent := time.monotonic() - start) < seconds:
            if rate and counts[n] * writers > spent * rate:
                time.sleep(0.005)
                continue
            index, series, ts, values = fleets[n].batch(rows, base)
            before = time.monotonic()
            store.insert_samples(METRICS, index, series, ts, values)
            waits.append(time.monotonic() - before)
            counts[n] += rows

    threads = [threading.Thread(target=write, args=(n,)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    name = f"paced {rate:,.0f}/s" if rate else "full speed"
    spent, total = time.monotonic() - start, sum(counts)
    print(
        f"{name:>15}: {total / spent:>9,.0f} samples/s, "
        f"processor us a sample: store {(processor(pid) - cpu) / total * 1e6:.2f}, "
        f"client {(time.process_time() - own) / total * 1e6:.3f}; "
        f"{rows:,} rows p50 {np.median(waits) * 1e3:.0f} ms, p95 {np.quantile(waits, 0.95) * 1e3:.0f} ms"
    )


def day(store: Store) -> None:
    """Insert one day of 60 devices, wait until merges have come to rest, and print the bytes a sample."""
    rng = np.random.default_rng(3)
    size = 60 * len(METRICS)
    index, series = (
        np.tile(np.arange(len(METRICS), dtype=np.uint32), 60),
        rng.integers(1, 2**63, size, np.uint64),
    )
    values: NDArray[np.float64] = np.round(rng.random(size) * 100, 2)
    start = int(time.time() * 1000) // 86_400_000 * 86_400_000
    for minute in range(0, 1440, 4):
        columns = []
        for n in range(4):
            steps = rng.integers(-20, 21, size).astype(np.float64) / 100
            values = np.asarray(np.round(np.clip(values + steps, 0, 100), 2), dtype=np.float64)
            columns.append((start + (minute + n) * 60_000 + series.astype(np.int64) % 1000, values))
        ts, wandered = (np.concatenate(column) for column in zip(*columns, strict=True))
        store.insert_samples(METRICS, np.tile(index, 4), np.tile(series, 4), ts, wandered)
    before, rested = 0, 0
    while rested < 5:
        time.sleep(1)
        now = store.disk_bytes()
        before, rested = now, rested + 1 if now == before else 0
    print(f"{store.rows():>15,} samples of one day: {before / store.rows():.2f} bytes a sample")


def main() -> None:
    """Start a store of its own in a temporary folder, load it and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rate", type=float, default=80_000)
    parser.add_argument("--rows", type=int, default=15_000)
    parser.add_argument("--writers", type=int, default=2)
    given = parser.parse_args()
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "predvid.server.chdb_http", "--data", folder, "--port", "0"],
            stdout=subprocess.PIPE,
            env={**os.environ, "PREDVID_STORE_TOKEN": token, "PYTHONPATH": str(SRC)},
        )
        assert process.stdout is not None
        try:
            port = json.loads(process.stdout.readline())["port"]
            store = Store("127.0.0.1", port, token)
            store.prepare()
            load(store, process.pid, given.seconds, given.rows, given.rate, given.writers, 10)
            load(store, process.pid, given.seconds, given.rows, None, given.writers, 20)
            dense = Store("127.0.0.1", port, token, database="day")
            dense.prepare()
            day(dense)
            status = Path(f"/proc/{process.pid}/status").read_text()
            print("store's memory:", next(line for line in status.splitlines() if line.startswith("VmRSS")))
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
