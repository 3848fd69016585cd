"""What idle agents cost a gateway that holds their answers to GET /push: memory each, processor of all."""

import argparse
import base64
import hashlib
import json
import resource
import socket
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests")]

from installation import Installation, installation
from predvid.core.trust import Signer, digest
from predvid.wire import v1

PATH = f"{v1.PREFIX}/push"
BOOT = "b"
AGENTS = """
import hashlib
from uuid import UUID
from django.utils import timezone
from predvid.core.trust import public_key
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.models import Agent, Device
site = add_client(PLATFORM, "Bench", "", timezone.now()).sites.get()
devices = [Device(client=site.client, site=site, name=f"d{n}") for n in range(NUMBER)]
Device.objects.bulk_create(devices, batch_size=500)
Agent.objects.bulk_create([Agent(id=UUID(int=n + 1), client=site.client, device=device, state="approved",
    generation=1, boot="b", sign_key=public_key(hashlib.sha256(str(n).encode()).digest()), seal_key=bytes(32))
    for n, device in enumerate(devices)], batch_size=500)
"""


def asked(port: int, n: int) -> socket.socket:
    """Return the connection of agent `n` once its answer has begun."""
    agent, now = f"00000000-0000-0000-0000-{n + 1:012x}", int(time.time() * 1000)
    signer = Signer(hashlib.sha256(str(n).encode()).digest())
    signed = signer.sign(v1.envelope(agent, PATH, BOOT, 1, now, -1, digest(b"")))
    values = (agent, BOOT, "1", str(now), "-1", base64.b64encode(signed).decode())
    lines = [f"{name}: {value}" for name, value in zip(v1.HEADERS, values, strict=True)]
    one = socket.create_connection(("127.0.0.1", port), 30)
    one.sendall("\r\n".join([f"GET {PATH} HTTP/1.1", "host: x", *lines, "", ""]).encode())
    answer = one.recv(4096)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(answer[:200].decode(errors="replace"))
    return one


def measured(one: Installation, number: int, seconds: float) -> dict[str, float]:
    """Return the cost of `number` held answers over `seconds`."""
    gateway = psutil.Process(one.running["gateway"].pid)
    before = gateway.memory_info().rss
    held = [asked(one.port, n) for n in range(number)]
    spent = sum(gateway.cpu_times()[:2])
    time.sleep(seconds)
    spent = sum(gateway.cpu_times()[:2]) - spent
    grown = gateway.memory_info().rss - before
    for connection in held:
        connection.close()
    return {
        "held": number,
        "kib_each": round(grown / number / 1024, 1),
        "cpu_percent": round(100 * spent / seconds, 2),
    }


def main() -> None:
    """Hold the answers of so many agents and print one JSON line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with (
        tempfile.TemporaryDirectory() as folder,
        installation(Path(folder) / "i", "store", "gateway") as one,
    ):
        one.django(AGENTS.replace("NUMBER", str(options.agents)))
        print(json.dumps(measured(one, options.agents, options.seconds)))


if __name__ == "__main__":
    main()
