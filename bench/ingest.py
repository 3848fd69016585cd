"""Ingest end to end (signed, durable, judged), beside a Zabbix server on the same samples in the same run."""

import argparse
import base64
import json
import random
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from uuid import UUID

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from installation import Installation, installation
from peers.zabbix import ZabbixPeer
from predvid.core.trust import digest
from predvid.wire import v1
from simulated import ENCODE, Device, Link, now_ms

HOT = 99.0
MARKED = 40  # batches whose disk crosses its level: sample -> alert row


def series() -> list[v1.Series]:
    """Return the 60 series of a simulated server: those that the built-in checks really measure."""
    out = [v1.Series("cpu", f"cpu_{name}_percent") for name in ("used", "iowait", "steal")]
    out += [v1.Series("cpu", "cpu_core_used_percent", {"core": str(n)}) for n in range(9)]
    for mount in ("/", "/var", "/home", "/srv"):
        out += [
            v1.Series("disk_space", f"disk_{name}", {"mount": mount})
            for name in ("used_percent", "inodes_used_percent", "free_bytes", "read_only", "reachable")
        ]
    out += [
        v1.Series("memory", f"memory_{name}")
        for name in ("used_percent", "swap_used_percent", "available_bytes")
    ]
    for port in ("eth0", "eth1", "wg0"):
        out += [
            v1.Series("network", f"net_{name}", {"interface": port})
            for name in (
                "used_percent",
                "errors_per_second",
                "drops_per_second",
                "rx_bytes_per_second",
                "tx_bytes_per_second",
                "link_up",
                "speed_bits_per_second",
            )
        ]
    return [
        *out,
        v1.Series("uptime", "uptime_seconds"),
        v1.Series("reboot_pending", "reboot_pending_seconds", {"reason": "kernel"}),
        v1.Series("services", "services_failed"),
        v1.Series("services", "services_running"),
    ][:60]


SERIES = series()
LAYOUT = ENCODE(SERIES)
PLACE = struct.pack("<60H", *range(60))
FIXED = {
    "disk_reachable": 1.0,
    "net_link_up": 1.0,
    "disk_free_bytes": 9e10,
    "disk_read_only": 0.0,
    "reboot_pending_seconds": 0.0,
    "services_failed": 0.0,
    "net_errors_per_second": 0.0,
    "net_drops_per_second": 0.0,
}
TOP = {"cpu_iowait_percent": 20.0, "cpu_steal_percent": 5.0}


def values(dice: random.Random) -> list[float]:
    """Return 60 healthy values."""
    return [FIXED.get(row.metric, dice.uniform(0.5, TOP.get(row.metric, 75.0))) for row in SERIES]


def sealed(device: Device, dice: random.Random, at: int, hot: bool = False) -> bytes:
    """Return one whole HTTP request with a signed batch of 60 samples."""
    row = values(dice)
    if hot:
        row[12], row[14] = HOT, 1e9  # the first disk: share used, and bytes free
    device.seq += 1
    columns = v1.Columns(LAYOUT, PLACE, struct.pack("<60q", *[at] * 60), struct.pack("<60d", *row))
    ran = [v1.Ran(check, at) for check in ("cpu", "disk_space", "memory", "network", "uptime", "services")]
    body = ENCODE(v1.Batch(device.boot, device.seq, at, columns, ran))
    path = f"{v1.PREFIX}/batch"
    signed = v1.envelope(device.agent, path, device.boot, device.generation, at, 0, digest(body))
    signature = base64.b64encode(device.signer.sign(signed)).decode()
    head = (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(body)}\r\n"
        f"predvid-agent: {device.agent}\r\n"
        f"predvid-boot: {device.boot}\r\npredvid-generation: {device.generation}\r\npredvid-time: {at}\r\n"
        f"predvid-waited: 0\r\npredvid-signature: {signature}\r\n\r\n"
    )
    return head.encode() + body


def fleet(one: Installation, count: int) -> list[Device]:
    """Return `count` approved devices, their rows made directly."""
    devices = [Device(agent=str(UUID(int=n + 1))) for n in range(count)]
    table = one.place.data / "fleet.json"
    table.write_text(
        json.dumps([[device.agent, device.signer.public.hex(), device.boot] for device in devices])
    )
    one.django(f"""
import json
from datetime import datetime, UTC
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.models import Agent, Device
rows = json.load(open({str(table)!r}))
client = add_client(PLATFORM, "Bench", "", datetime.now(UTC))
site = client.sites.first()
devices = [Device(client=client, site=site, name=f"sim-{{n}}", platform="linux") for n in range(len(rows))]
Device.objects.bulk_create(devices)
Agent.objects.bulk_create([
    Agent(id=a, client=client, device=d, state="approved", sign_key=bytes.fromhex(k), seal_key=b"",
          generation=1,
          boot=b)
    for (a, k, b), d in zip(rows, devices)])
""")
    return devices


@dataclass(frozen=True)
class Figures:
    """What one load run gave; CPU is microseconds a sample over gateway and store."""

    batches: int
    batches_per_s: float
    samples_per_s: float
    ack_p50_ms: float
    ack_p95_ms: float
    cpu_us_per_sample: float
    gateway_cores: float
    store_cores: float
    stored: int
    statuses: dict[str, int]


def requests(devices: list[Device], rounds: int, seed: int) -> Iterator[bytes]:
    """Yield `rounds` requests of every device, framed for the sender."""
    dice = random.Random(seed)
    began = now_ms() - rounds * 100
    for turn in range(rounds):
        for device in devices:
            request = sealed(device, dice, began + turn * 100)
            yield struct.pack("<I", len(request)) + request


def even(devices: int, connections: int) -> int:
    """Return how many connections, at most `connections`, the devices divide evenly over."""
    return next(n for n in range(min(connections, devices), 0, -1) if devices % n == 0)


def send(one: Installation, work: bytes, connections: int, seconds: float) -> dict[str, object]:
    """Send framed requests from a process of its own and return its figures."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "sender.py"), str(one.port), str(connections), str(seconds)],
        input=work,
        capture_output=True,
        check=True,
    )
    return json.loads(done.stdout)


def cpu(one: Installation, part: str) -> float:
    times = psutil.Process(one.running[part].pid).cpu_times()
    return times.user + times.system


def stored(one: Installation) -> tuple[int, int]:
    """Return (distinct rows, all rows) in the store."""
    text = one.django(
        "from predvid.modules.monitoring.stores import store; s = store(); print(s.rows(), s.disk_bytes())"
    )
    rows, size = text.split()
    return int(rows), int(size)


def load(one: Installation, devices: list[Device], rounds: int, connections: int, seconds: float) -> Figures:
    """Warm up with one batch of each device, then load for `seconds` or `rounds`."""
    connections = even(len(devices), connections)
    send(one, b"".join(requests(devices, 1, 1)), connections, 300)
    work = b"".join(requests(devices, rounds, 2))
    before = cpu(one, "gateway"), cpu(one, "store")
    said = send(one, work, connections, seconds)
    gateway, store = cpu(one, "gateway") - before[0], cpu(one, "store") - before[1]
    took, ms = float(str(said["seconds"])), sorted(said["ms"])  # type: ignore[call-overload]
    good = int(said["statuses"].get("200", 0))  # type: ignore[attr-defined]
    cut = quantiles(ms, n=20)
    return Figures(
        good,
        round(good / took, 1),
        round(good * 60 / took),
        round(cut[9], 1),
        round(cut[18], 1),
        round((gateway + store) / (good * 60) * 1e6, 2),
        round(gateway / took, 2),
        round(store / took, 2),
        stored(one)[0],
        dict(said["statuses"]),
    )  # type: ignore[call-overload]


def alert_latency(one: Installation, devices: list[Device], connections: int) -> dict[str, float]:
    """Send hot batches while the load runs; return ms from sending to the committed alert row.

    The ack follows the transaction that writes the alert, so the ack's time is an upper bound of the row's;
    that every alert is there is counted afterwards.
    """
    dice, link, ms = random.Random(3), Link(one.port), []
    hot, rest = devices[:MARKED], devices[MARKED:]
    work = b"".join(requests(rest, 6, 4))
    with ThreadPoolExecutor(1) as pool:
        loading = pool.submit(send, one, work, even(len(rest), connections), 10)
        time.sleep(2)  # the sender connects; what is measured starts after
        for device in hot:
            head, _, body = sealed(device, dice, now_ms(), hot=True).partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            began = time.perf_counter()
            status, answer = link.send("POST", f"{v1.PREFIX}/batch", headers, body)
            ms.append((time.perf_counter() - began) * 1000)
            assert status == 200, answer
        loading.result()
    rows = int(
        one.django("from predvid.modules.monitoring.models import Alert; print(Alert.objects.count())")
    )
    cut = quantiles(ms, n=20)
    return {"sent": len(hot), "alerts": rows, "p50_ms": round(cut[9], 1), "p95_ms": round(cut[18], 1)}


def peer(count: int, seconds: float) -> dict[str, object]:
    """Load a real Zabbix server with the same values from the same dice."""
    dice = random.Random(2)
    batches = [(host, list(enumerate(values(dice)))) for host in range(count)]
    with ZabbixPeer(hosts=count, items=60) as zabbix:
        return asdict(zabbix.load(seconds=seconds, connections=8, batches=batches))


def main() -> None:
    """Run and print one JSON line a part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--connections", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--peer", action="store_true", help="also load a real Zabbix server in the same run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, installation(Path(folder) / "i", "store", "gateway") as one:
        devices = fleet(one, options.devices)
        options.connections = min(
            options.connections, options.devices // 3
        )  # one batch of a device at a time
        figures = load(one, devices, options.rounds, options.connections, options.seconds)
        print(json.dumps({"predvid": asdict(figures)}), flush=True)
        print(json.dumps({"alert": alert_latency(one, devices, options.connections)}), flush=True)
    if options.peer:
        print(json.dumps({"zabbix": peer(options.devices, options.seconds)}), flush=True)


if __name__ == "__main__":
    main()
