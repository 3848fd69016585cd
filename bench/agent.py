"""RSS and CPU of the agent at default intervals, beside zabbix-agent2 and node exporter, in one run."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]

from installation import Installation, installation
from peers.agents import running_peers, watch_all

ENROLMENT = """
from datetime import datetime, timedelta, UTC
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token
now = datetime.now(UTC)
site = add_client(PLATFORM, "Bench", "", now).sites.first()
print(create_token(PLATFORM, site.pk, uses=1, valid=timedelta(hours=1), approves=True, now=now))
"""


@contextmanager
def running_agent(one: Installation, state: Path) -> Iterator[int]:
    """Enrol and run the agent as a service would; give its process id."""
    predvid = [sys.executable, "-m", "predvid", "agent"]
    enroll = [*predvid, "enroll", one.place.address, "--state", str(state)]
    subprocess.run(
        enroll,
        env={**os.environ, "PREDVID_TOKEN": one.django(ENROLMENT)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    process = subprocess.Popen([*predvid, "run", "--state", str(state)], stderr=subprocess.DEVNULL)
    try:
        yield process.pid
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    """Watch all three over the same while and print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "agent"
        with (
            installation(Path(folder) / "i", "store", "gateway") as one,
            running_agent(one, state) as agent,
            running_peers() as peers,
        ):
            for figures in watch_all({**peers, "predvid": agent}, options.seconds):
                print(json.dumps(asdict(figures)))


if __name__ == "__main__":
    main()
