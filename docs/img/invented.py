"""The invented firms of the pictures: their devices, what is wrong with some, and a day of measurements."""

import math
import random
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from predvid.wire import v1
from simulated import Device, now_ms

STEP_MS, STEPS = 300_000, 288  # a day, each five minutes
ENCODE = msgspec.msgpack.encode
Series = tuple[str, str, Mapping[str, str]]  # check, metric, labels

FIRMS = {
    ("Hotel Miš i Mačak, Poreč", "Turizam"): [
        "HMM-HV-01", "HMM-FS-01", "HMM-PMS-01", "HMM-RECEPCIJA-01", "HMM-RECEPCIJA-02", "HMM-KUHINJA-01",
        "HMM-WELLNESS-01",
    ],
    ("Ćosić Logistika", "Prijevoz"): [
        "CL-DC-01", "CL-SQL-02", "CL-WEB-01", "CL-SKLADISTE-01", "CL-SKLADISTE-02", "CL-DISPECER-01",
        "CL-DISPECER-02", "CL-DISPECER-03", "CL-UPRAVA-01",
    ],
    ("Poliklinika Šumica", "Zdravstvo"): [
        "PS-APP-01", "PS-RDG-01", "PS-ORDINACIJA-01", "PS-ORDINACIJA-02", "PS-ORDINACIJA-03", "PS-PULT-01",
    ],
    ("Pekarnica Đurđica", "Proizvodnja"): ["PD-SRV-01", "PD-POGON-01", "PD-POGON-02", "PD-TRGOVINA-01"],
    ("Računovodstvo Jelić", "Usluge"): ["RJ-SRV-01", "RJ-PC-01", "RJ-PC-02", "RJ-PC-03", "RJ-PC-04"],
    ("Vrtić Čvrčak", "Obrazovanje"): ["VC-ZBORNICA-01", "VC-ZBORNICA-02", "VC-TAJNICA-01"],
}  # fmt: skip
SERVERS = ("-HV-", "-FS-", "-PMS-", "-DC-", "-SQL-", "-WEB-", "-APP-", "-RDG-", "-SRV-")
SILENT = {"HMM-RECEPCIJA-02", "VC-TAJNICA-01"}
# What is wrong: (metric, labels) -> value, instead of what a healthy device measures.
TROUBLE: dict[str, dict[tuple[str, str], float]] = {
    "HMM-FS-01": {("disk_used_percent", "/srv/podaci"): 97.2},
    "CL-SQL-02": {("disk_used_percent", "/var/lib/postgresql"): 92.6},
    "PS-APP-01": {("service_failed", "postgresql.service"): 1.0},
    "PS-RDG-01": {("disk_inodes_used_percent", "/srv/podaci"): 96.4},
    "CL-WEB-01": {("reboot_pending_seconds", "kernel"): 9 * 86400.0},
    "PD-SRV-01": {
        ("service_failed", "smbd.service"): 1.0,
        ("reboot_pending_seconds", "packages"): 8 * 86400.0,
    },
    "RJ-SRV-01": {("disk_read_only", "/srv/podaci"): 1.0},
}
FACTS = {
    "hardware.system": {"vendor": "Dell Inc.", "model": "PowerEdge T350", "serial": "PRIMJER1"},
    "hardware.cpu": {"model": "Intel Xeon E-2314", "cores": 4, "threads": 8},
    "hardware.memory": {"total_bytes": 32_000_000_000},
    "os.kernel": "6.1.0-28-amd64",
    "software.packages": [{"key": "postgresql-15", "version": "15.10-0+deb12u1"},
                          {"key": "openssh-server", "version": "1:9.2p1-2+deb12u4"}],
}  # fmt: skip


@dataclass
class Simulated:
    """One invented device: its name, its wire, and its measurements, always the same for the same name."""

    name: str
    wire: Device = field(default_factory=Device)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.name)  # noqa: S311 - invented figures, the same at each run
        self._level = {name: self._dice.uniform(*span) for name, span in LEVELS.items()}

    @property
    def is_server(self) -> bool:
        """Tell whether the name is a server's."""
        return any(part in self.name for part in SERVERS)

    def enrolment(self, token: str) -> bytes:
        """Return the body with which the device asks to be known."""
        asked = msgspec.msgpack.decode(self.wire.enrolment(token, self.name), type=v1.Enrolment)
        kind = "server" if self.is_server else "workstation"
        system = "Debian GNU/Linux 12 (bookworm)" if self.is_server else "Linux Mint 22"
        return ENCODE(msgspec.structs.replace(asked, os=system, device_type=kind))

    def series(self) -> Iterator[Series]:
        """Yield every series that the device measures."""
        mounts = ["/", "/srv/podaci"] if self.is_server else ["/"]
        mounts += [mount for (_, mount) in TROUBLE.get(self.name, {}) if mount.startswith("/var")]
        for metric in ("cpu_used_percent", "cpu_iowait_percent", "cpu_load_per_core"):
            yield "cpu", metric, {}
        for metric in ("memory_used_percent", "memory_available_bytes", "memory_swap_used_percent"):
            yield "memory", metric, {}
        for metric in ("disk_used_percent", "disk_free_bytes", "disk_inodes_used_percent", "disk_read_only"):
            yield from (("disk_space", metric, {"mount": mount}) for mount in mounts)
        for metric in ("net_link_up", "net_rx_bytes_per_second", "net_tx_bytes_per_second"):
            yield "network", metric, {"interface": "eno1"}
        units = {"ssh.service", *(unit for _, unit in TROUBLE.get(self.name, {}) if ".service" in unit)}
        yield from (("services", "service_failed", {"unit": unit}) for unit in sorted(units))
        yield "uptime", "uptime_seconds", {}
        yield from (
            ("reboot_pending", "reboot_pending_seconds", {"reason": reason})
            for reason in ("packages", "kernel")
        )

    def value(self, metric: str, labels: Mapping[str, str], steps_ago: int) -> float:
        """Return what a series measured so many steps ago: a working day's shape, drift and some noise."""
        label = next(iter(labels.values()), "")
        wrong = TROUBLE.get(self.name, {}).get((metric, label))
        level = self._level.get(metric, 0.0) * (1 + sum(map(ord, label)) % 5 / 20)
        level = wrong if wrong is not None else level
        if metric == "uptime_seconds":
            return 86_400 * 11 - steps_ago * STEP_MS / 1000
        if metric.startswith("disk_used"):
            return level - steps_ago * (0.012 if wrong else 0.002)
        if metric == "net_link_up":
            return 1.0
        if metric not in BUSY:
            return level
        busy = max(0.0, math.sin((STEPS - steps_ago - 60) / STEPS * 2 * math.pi)) ** 2
        return min(99.0 if metric.endswith("percent") else 1e12,
                   level * (0.6 + BUSY[metric] * busy) * self._dice.uniform(0.85, 1.15))  # fmt: skip

    def batches(self, past: bool) -> Iterator[bytes]:
        """Yield the day that has gone by in several batches, or (not `past`) one with a run of each check."""
        series = list(self.series())
        spans = [range(at, max(at - 96, 0), -1) for at in (288, 192, 96)] if past else [range(1)]
        for span in spans:
            yield self._batch(series, span, past)

    def _batch(self, series: list[Series], span: range, past: bool) -> bytes:
        now = now_ms()
        rows = [(number, now - ago * STEP_MS, self.value(metric, labels, ago))
                for ago in span for number, (_, metric, labels) in enumerate(series)]  # fmt: skip
        number, moments, values = zip(*rows, strict=True)
        n = len(rows)
        layout = ENCODE([v1.Series(check, metric, dict(labels)) for check, metric, labels in series])
        columns = v1.Columns(layout, struct.pack(f"<{n}H", *number), struct.pack(f"<{n}q", *moments),
                             struct.pack(f"<{n}d", *values))  # fmt: skip
        self.wire.seq += 1
        checks = dict.fromkeys(check for check, _, _ in series)
        ran = [] if past else [v1.Ran(check, now) for check in checks]
        facts = [v1.FactRow("inventory", name, value) for name, value in FACTS.items()]
        sealed = now - span[-1] * STEP_MS
        return ENCODE(v1.Batch(self.wire.boot, self.wire.seq, sealed, columns, ran=ran,
                               facts=facts if self.is_server and not past else []))  # fmt: skip


LEVELS = {
    "cpu_used_percent": (14, 34), "cpu_iowait_percent": (0.4, 3), "cpu_load_per_core": (0.1, 0.5),
    "memory_used_percent": (38, 62), "memory_available_bytes": (9e9, 2e10),
    "memory_swap_used_percent": (1, 9),
    "disk_used_percent": (28, 71), "disk_free_bytes": (9e9, 13e9), "disk_inodes_used_percent": (4, 22),
    "net_rx_bytes_per_second": (2e5, 2e6), "net_tx_bytes_per_second": (1e5, 9e5),
}  # fmt: skip
BUSY = {
    "cpu_used_percent": 1.6, "cpu_iowait_percent": 2.0, "cpu_load_per_core": 1.5, "memory_used_percent": 0.4,
    "net_rx_bytes_per_second": 3.0, "net_tx_bytes_per_second": 2.2,
}  # fmt: skip
