"""A real Zabbix server 6.0 on a private PostgreSQL, loaded through its trapper protocol and measured."""

import argparse
import dataclasses
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from types import TracebackType
from typing import LiteralString

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that this file also runs as a script

from peers.cluster import PostgresCluster, service_user
from peers.packages import ensure_installed
from peers.ports import free_port
from peers.probe import Probe
from peers.process_tree import cpu_seconds, machine_busy_seconds, tree
from peers.trapper import Batch, Senders, Sent, send, sender_frame
from peers.zabbix_seed import Fleet, seed

PACKAGES = {"zabbix-server-pgsql": "zabbix-server.service", "postgresql-15": "postgresql.service"}
SERVER = Path("/usr/sbin/zabbix_server")
# Tuned for trapped values on two cores: ample caches, no idle pollers, no housekeeping, no reload of the
# configuration within a run. Four syncers stored more than one, two or eight; a history cache of 64 MB holds
# the senders back to what the database takes, a larger one only lets acknowledged values wait in memory.
SETTINGS = {
    "StartTrappers": 6,
    "StartDBSyncers": 4,
    "StartPreprocessors": 1,
    "StartPollers": 0,
    "StartPollersUnreachable": 0,
    "StartPingers": 0,
    "StartDiscoverers": 0,
    "StartHTTPPollers": 0,
    "StartHistoryPollers": 1,
    "StartEscalators": 1,
    "StartAlerters": 1,
    "StartLLDProcessors": 1,
    "StartODBCPollers": 0,
    "StartProxyPollers": 0,
    "HousekeepingFrequency": 0,
    "CacheUpdateFrequency": 3600,
    "CacheSize": "512M",
    "HistoryCacheSize": "64M",
    "HistoryIndexCacheSize": "64M",
    "TrendCacheSize": "128M",
    "ValueCacheSize": "256M",
    "DebugLevel": 2,
}
MARKED_VALUE = 99.0


@dataclass(frozen=True)
class ZabbixFigures:
    """One load, as seen from outside the server."""

    seconds: float  # while requests were sent
    drain_seconds: float  # until the last acknowledged value was in the tables
    acknowledged_per_s: float
    stored_per_s: float  # over sending and draining
    values_acknowledged: int
    values_stored: int
    bytes_per_value: float  # history table and its index; neither WAL nor trends
    cpu_us_per_value: float  # zabbix_server and PostgreSQL, all their processes
    problem_p50_s: float | None  # from before the request is sent to the row in `problem`
    problem_p95_s: float | None
    problems: int  # probes that became a problem
    probes: int
    elsewhere_cores: float  # CPU that neither the peer nor this process used: above 0.2 the run was disturbed


@dataclass(frozen=True)
class Costs:
    """What a load left behind: values, seconds from the first request to the last row, CPU seconds."""

    stored: int
    elapsed: float
    cpu: float
    others_cpu: float
    bytes_per_value: float  # of all that is stored, earlier loads included


def sample_batches(hosts: int, items: int, rounds: int = 1, seed_value: int = 7) -> Iterator[Batch]:
    """Batches of `items` values of one host, each host once a round; no value crosses a trigger (90)."""
    dice = random.Random(seed_value)
    for _ in range(rounds):
        for host in range(hosts):
            yield host, [(item, round(dice.uniform(0, 80), 2)) for item in range(items)]


class ZabbixPeer:
    """`with ZabbixPeer(hosts=2000, items=60) as peer: figures = peer.load(seconds=20, connections=8)`."""

    def __init__(self, hosts: int = 2000, items: int = 60, triggers: int = 2) -> None:
        """`triggers`: items 0 .. triggers-1 of each host get a trigger `last(/host/item) > 90`."""
        self.fleet = Fleet(hosts, items, triggers)
        self._open = ExitStack()
        self._marked_hosts: set[int] = set()

    def __enter__(self) -> "ZabbixPeer":
        ensure_installed(PACKAGES)
        with ExitStack() as opening:
            self._directory = Path(tempfile.mkdtemp(prefix="peer-zabbix-"))
            opening.callback(shutil.rmtree, self._directory, ignore_errors=True)
            if (user := service_user()) is not None:
                shutil.chown(self._directory, user)
            self._cluster = opening.enter_context(PostgresCluster(self._directory, user))
            with self._cluster.connect() as admin:
                admin.execute("CREATE DATABASE zabbix")
            self._database = opening.enter_context(self._cluster.connect("zabbix"))
            seed(self._database, self.fleet)
            self._start_server(user)
            opening.callback(self._stop_server)
            self._await_ready()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def load(
        self,
        seconds: float = 20,
        connections: int = 8,
        batches: Iterable[Batch] | None = None,
        values_per_s: float | None = None,
    ) -> ZabbixFigures:
        """Send `batches` round and round for `seconds`, then wait until all of it is stored.

        `batches` (default: one round of sample_batches) are turned into bytes before the clock starts.
        `values_per_s` offers a steady rate instead of sending flat out. Five times a second one extra
        batch crosses a trigger, to time value -> problem under this load.
        """
        fleet = self.fleet
        chosen = list(batches if batches is not None else sample_batches(fleet.hosts, fleet.items))
        pace = values_per_s / len(chosen[0][1]) if values_per_s else None
        senders = Senders(self.address, map(sender_frame, chosen), connections)
        marked = self._marked()
        stored_before = self._stored()
        start = time.monotonic()
        probe = Probe(self.address, marked, lambda: self._cluster.connect("zabbix"), start + seconds)
        observers = [probe.backend, self._database.info.backend_pid]
        cpu_before, others_before = self._cpu(observers), machine_busy_seconds() - time.process_time()
        sent = senders.run(seconds, pace)
        probe.finish_sending()
        stored = self._drain(stored_before, sent.values + probe.values)
        elapsed = time.monotonic() - start
        cpu = self._cpu(observers) - cpu_before
        others = machine_busy_seconds() - time.process_time() - others_before - cpu
        probe.finish()
        per_value = self._history_bytes() / max(self._stored(), 1)
        return _figures(sent, probe, Costs(stored, elapsed, cpu, others, per_value))

    @property
    def address(self) -> tuple[str, int]:
        """Where the trapper listens."""
        return "127.0.0.1", self._port

    def _marked(self) -> Iterator[tuple[int, bytes]]:
        """Trigger ids, each used once in the life of this peer, with a batch that crosses them."""
        for host, values in sample_batches(self.fleet.hosts, self.fleet.items):
            if host in self._marked_hosts:
                continue
            self._marked_hosts.add(host)
            yield self.fleet.trigger_id(host, 0), sender_frame((host, [(0, MARKED_VALUE), *values[1:]]))

    def _stored(self) -> int:
        return self._number("SELECT count(*) FROM history")

    def _history_bytes(self) -> int:
        return self._number("SELECT pg_total_relation_size('history')")

    def _number(self, query: LiteralString) -> int:
        row = self._database.execute(query).fetchone()
        if row is None:
            raise RuntimeError(f"no row from: {query}")
        return row[0]

    def _cpu(self, observers: list[int]) -> float:
        return cpu_seconds([self._server.pid, self._cluster.pid], without=observers)

    def _drain(self, before: int, expected: int, patience_s: float = 15) -> int:
        """Wait for `expected` new rows; give up when none came for `patience_s`. Returns how many came."""
        stored, changed = self._stored() - before, time.monotonic()
        while stored < expected and time.monotonic() < changed + patience_s:
            time.sleep(0.1)
            if (now_stored := self._stored() - before) > stored:
                stored, changed = now_stored, time.monotonic()
        return stored

    def _start_server(self, user: str | None) -> None:
        self._port = free_port()
        place = self._directory
        settings = {
            **SETTINGS,
            "ListenIP": "127.0.0.1",
            "ListenPort": self._port,
            "DBHost": place,
            "DBName": "zabbix",
            "DBUser": "bench",
            "LogFile": place / "zabbix.log",
            "PidFile": place / "zabbix.pid",
            "SocketDir": place,
            "TmpDir": place,
        }
        configuration = place / "zabbix_server.conf"
        configuration.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        self._server = subprocess.Popen(
            [SERVER, "-f", "-c", configuration], user=user, cwd=place, stdout=subprocess.DEVNULL
        )

    def _await_ready(self, patience_s: float = 120) -> None:
        """Wait until the configuration cache knows the last host: all values of its batch are processed."""
        *_, (host, values) = sample_batches(self.fleet.hosts, self.fleet.items)
        request = sender_frame((host, values))
        deadline = time.monotonic() + patience_s
        while self._server.poll() is None and time.monotonic() < deadline:
            try:
                if send(self.address, request) == len(values):
                    self._drain(0, len(values))
                    return
            except OSError:
                pass
            time.sleep(0.2)
        raise RuntimeError("zabbix_server did not come up:\n" + self._log_tail())

    def _log_tail(self) -> str:
        log = self._directory / "zabbix.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "(no log)"

    def _stop_server(self) -> None:
        self._server.terminate()
        try:
            self._server.wait(timeout=60)
        except subprocess.TimeoutExpired:
            for process in tree([self._server.pid]):
                process.kill()
            self._server.wait()


def _figures(sent: Sent, probe: Probe, costs: Costs) -> ZabbixFigures:
    acknowledged, stored = sent.values + probe.values, max(costs.stored, 1)
    cuts = quantiles(probe.waits, n=20) if len(probe.waits) > 1 else None
    return ZabbixFigures(
        seconds=round(sent.seconds, 2),
        drain_seconds=round(costs.elapsed - sent.seconds, 2),
        acknowledged_per_s=round(acknowledged / sent.seconds),
        stored_per_s=round(costs.stored / costs.elapsed),
        values_acknowledged=acknowledged,
        values_stored=costs.stored,
        bytes_per_value=round(costs.bytes_per_value, 1),
        cpu_us_per_value=round(1e6 * costs.cpu / stored, 1),
        problem_p50_s=round(cuts[9], 3) if cuts else None,
        problem_p95_s=round(cuts[18], 3) if cuts else None,
        problems=len(probe.waits),
        probes=probe.requests,
        elsewhere_cores=round(costs.others_cpu / costs.elapsed, 2),
    )


def main() -> None:
    """Print the figures of one load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=2000)
    parser.add_argument("--items", type=int, default=60, help="values in a batch (default 60)")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--rate", type=float, help="values/s to offer; without it: as fast as possible")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the peer is stopped too
    with ZabbixPeer(options.hosts, options.items) as peer:
        figures = peer.load(options.seconds, options.connections, values_per_s=options.rate)
    report = dataclasses.asdict(figures)
    if options.json:
        print(json.dumps(report))
        return
    for name, value in report.items():
        print(f"{name:<22}{value}")


if __name__ == "__main__":
    main()
