"""What zabbix-agent2 and prometheus-node-exporter cost a machine at their usual load."""

import argparse
import dataclasses
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that this file also runs as a script

from peers.active_server import ActiveServer, active_server
from peers.packages import ensure_installed
from peers.ports import free_port
from peers.process_tree import AgentFigures, watch

ZABBIX_AGENT, NODE_EXPORTER = "zabbix-agent2", "prometheus-node-exporter"
PACKAGES = {ZABBIX_AGENT: "zabbix-agent2.service", NODE_EXPORTER: "prometheus-node-exporter.service"}
ITEM_INTERVAL_S = 60
SCRAPE_INTERVAL_S = 15
SETTLE_S = 20  # starting up and fetching the first plan is no daily cost

# The kinds of item that Zabbix's own template "Linux by Zabbix agent active" asks for.
CPU_STATES = ("idle", "user", "system", "iowait", "nice", "softirq", "interrupt", "steal", "guest")
PLACES = ("/", "/proc")
MEMORY_PARTS = ("available", "pavailable", "total", "used", "free", "buffers", "cached")
ITEM_KEYS = (
    *(f"system.cpu.util[,{state}]" for state in CPU_STATES),
    *(f"system.cpu.load[all,avg{minutes}]" for minutes in (1, 5, 15)),
    *(f"vm.memory.size[{part}]" for part in MEMORY_PARTS),
    *(f"system.swap.size[,{part}]" for part in ("free", "pfree", "total", "used")),
    *(f"vfs.fs.size[{place},{part}]" for place in PLACES for part in ("used", "total", "pused")),
    *(f"vfs.fs.inode[{place},{part}]" for place in PLACES for part in ("free", "pfree")),
    *(f"net.if.{way}[lo{part}]" for way in ("in", "out") for part in ("", ",packets", ",errors", ",dropped")),
    *(f"proc.num[{filter_}]" for filter_ in ("", ",,run", ",,zomb", "cron", "sshd")),
    *("system.cpu.num", "system.cpu.switches", "system.cpu.intr", "system.uptime", "system.boottime"),
    *("system.localtime", "system.hostname", "system.uname", "system.users.num", "kernel.maxproc"),
    *("kernel.maxfiles", "agent.ping", "agent.version", "vfs.file.cksum[/etc/passwd,sha256]"),
)


@contextmanager
def running_peers() -> Iterator[dict[str, int]]:
    """Both peers under their usual load: name -> process id, already settled down."""
    ensure_installed(PACKAGES)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="peer-agents-"))
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        directory.chmod(0o777)  # two daemons under two users keep their sockets and pid files here
        server = stack.enter_context(active_server(ITEM_KEYS, ITEM_INTERVAL_S))
        agent = stack.enter_context(_zabbix_agent(directory, server))
        exporter = stack.enter_context(_node_exporter(directory))
        time.sleep(SETTLE_S)
        if server.received == 0:
            said = (directory / "zabbix_agent2.out").read_text(errors="replace")
            raise RuntimeError(f"zabbix-agent2 sent no values:\n{said[-2000:]}")
        yield {ZABBIX_AGENT: agent, NODE_EXPORTER: exporter}


def watch_all(pids: Mapping[str, int], seconds: float) -> list[AgentFigures]:
    """Observe several process trees over the same while; name -> process id in, figures in that order out."""
    with ThreadPoolExecutor(max_workers=len(pids)) as pool:
        watches = [pool.submit(watch, pid, seconds, name) for name, pid in pids.items()]
        return [each.result() for each in watches]


def measure(seconds: float) -> list[AgentFigures]:
    """Start both peers, observe them for `seconds`, stop them."""
    with running_peers() as pids:
        return watch_all(pids, seconds)


@contextmanager
def _zabbix_agent(directory: Path, server: ActiveServer) -> Iterator[int]:
    """The agent with Debian's defaults, only its addresses and files are ours."""
    settings = {
        "Hostname": "device-0",
        "Server": "127.0.0.1",
        "ServerActive": f"127.0.0.1:{server.port}",
        "ListenIP": "127.0.0.1",
        "ListenPort": free_port(),
        "LogType": "console",
        "PidFile": directory / "agent2.pid",
        "ControlSocket": directory / "agent2.sock",
    }
    configuration = directory / "agent2.conf"
    configuration.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    command = ["zabbix_agent2", "--foreground", "--config", str(configuration)]
    with _daemon(command, "zabbix", directory) as pid:
        yield pid


@contextmanager
def _node_exporter(directory: Path) -> Iterator[int]:
    port = free_port()
    command = ["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}"]
    ended = threading.Event()
    scraper = threading.Thread(target=_scrape, args=(port, ended))
    with _daemon(command, "prometheus", directory) as pid:
        scraper.start()
        try:
            yield pid
        finally:
            ended.set()
            scraper.join()


def _scrape(port: int, ended: threading.Event) -> None:
    """Fetch /metrics as Prometheus does, over one kept connection with gzip."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    while not ended.wait(SCRAPE_INTERVAL_S):
        connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
        connection.getresponse().read()
    connection.close()


@contextmanager
def _daemon(command: list[str], user: str, directory: Path) -> Iterator[int]:
    """A peer's program as its package's user (as ourselves without root), ended with the block."""
    run_as = user if os.geteuid() == 0 else None
    with (directory / f"{command[0]}.out").open("wb") as out:
        process = subprocess.Popen(command, user=run_as, cwd=directory, stdout=out, stderr=out)
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> None:
    """Print what the peers cost over a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))  # so that the peer is stopped too
    figures = measure(options.seconds)
    if options.json:
        print(json.dumps([dataclasses.asdict(each) for each in figures]))
        return
    for each in figures:
        print(
            f"{each.name:<26} RSS {each.rss_mb} MB (peak {each.rss_peak_mb}, PSS {each.pss_mb}), "
            f"CPU {each.cpu_percent} % of a core, {each.processes_spawned} processes spawned"
        )


if __name__ == "__main__":
    main()
