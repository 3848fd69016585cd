"""`predvid up`: server, console and local agent on this machine, supervised, with one address."""

import argparse
import fcntl
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from predvid.core.errors import UserError
from predvid.server import certificates
from predvid.server.loading import after_setup
from predvid.server.place import Place
from predvid.server.supervisor import Part, Supervisor

READY_SECONDS = 90
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound without the user's --listen


def up(arguments: list[str]) -> int:
    """Start everything, print the address, supervise until Ctrl-C; return the exit status."""
    options = _options(arguments)
    out = Console(stderr=True, highlight=False)
    data = Path(options.data).expanduser().absolute()
    with _only_one(data):
        _port_free(options.listen, options.port)
        place, tls = _place(data, options)
        os.environ.update(place.environment())
        place.describe()
        supervisor = Supervisor(place)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.stop.set())
        try:
            _start(supervisor, place, options, tls, out)
            supervisor.watch()
        finally:
            supervisor.end()
            out.print("[dim]predvid: all stopped[/dim]")
    return 0 if not supervisor.failed else 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="predvid up", description="Server, console and local agent on this machine."
    )
    parser.add_argument(
        "--data", default=os.environ.get("PREDVID_DATA", "~/.local/share/predvid"), help="data directory"
    )
    parser.add_argument("--port", type=int, default=8700, help="port of the one address (default 8700)")
    parser.add_argument(
        "--listen", default="127.0.0.1", help="address to listen on; off loopback it speaks TLS"
    )
    parser.add_argument(
        "--name", help="host name or address under which other machines reach this one (with --listen)"
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="never open a browser (it is not opened anyway without a screen)",
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        raise UserError(f"--port {options.port}: give a port from 1 to 65535.")
    return options


@contextmanager
def _only_one(data: Path) -> Iterator[None]:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data / "run").mkdir(exist_ok=True, mode=0o700)
        lock = (data / "run" / "up.lock").open("a+")
    except OSError as error:
        raise UserError(
            f"The data directory {data} cannot be used: {error.strerror}. Choose another with --data."
        ) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            who = lock.read().strip() or "another process"
            raise UserError(
                f"Predvid already runs on {data} ({who}). Stop it first, or choose another --data.", 1
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _port_free(listen: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except OSError as error:
            raise UserError(
                f"Port {port} on {listen} cannot be used ({error.strerror}). Choose another with --port.", 1
            ) from None


def _place(data: Path, options: argparse.Namespace) -> tuple[Place, tuple[Path, Path] | None]:
    """Return the place and, off loopback, the paths of the gateway's certificate and key."""
    bare = Place(data)
    loopback = options.listen in ("127.0.0.1", "::1", "localhost")
    tls, scheme, host, extra = None, "http", options.listen, ()
    if not loopback:
        host = options.name or (socket.getfqdn() if options.listen in EVERYWHERE else options.listen)
        mine = () if options.listen in EVERYWHERE else (options.listen,)
        names = tuple(dict.fromkeys((host, *mine, socket.gethostname(), "localhost", "127.0.0.1")))
        tls, scheme, extra = certificates.ensure(data / "tls", names, datetime.now(UTC)), "https", names
    near = "127.0.0.1" if options.listen in EVERYWHERE else options.listen
    return replace(
        bare,
        address=_url(scheme, host, options.port),
        local=_url(scheme, near, options.port),
        store_port=_free_port(),
        store_token=bare.secret("store.token"),
        extra_hosts=extra,
    ), tls


def _url(scheme: str, host: str, port: int) -> str:
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(
    supervisor: Supervisor,
    place: Place,
    options: argparse.Namespace,
    tls: tuple[Path, Path] | None,
    out: Console,
) -> None:
    """Start the parts in order, enrol this machine, wait for its first samples, say where everything is."""
    began = time.monotonic()
    listen = ["--listen", options.listen, "--port", str(options.port)]
    listen += ["--cert", str(tls[0]), "--key", str(tls[1])] if tls else []
    with out.status("Opening the store of samples …") as status:
        supervisor.start(Part("store", ["serve", "store"]))
        status.update("Bringing the tables up to date …")
        setting_up = after_setup("predvid.server.setting_up")
        setting_up.migrate()
        status.update("Waiting for the store …")
        setting_up.wait_for_store(supervisor, READY_SECONDS)
        status.update("Starting gateway, console and worker …")
        supervisor.start(Part("gateway", ["serve", "gateway", *listen]))
        supervisor.start(Part("console", ["serve", "console"]))
        supervisor.start(Part("worker", ["serve", "worker"]))
        supervisor.wait_for_page(place, READY_SECONDS)
        status.update("Enrolling this machine …")
        supervisor.start(setting_up.local_agent(place))
        status.update("Waiting for the first samples of this machine …")
        setting_up.wait_for_samples(supervisor, READY_SECONDS)
    link = setting_up.first_owner_link(place)
    took = time.monotonic() - began
    out.print(f"\n[bold green]Predvid is up[/bold green] after {took:.0f} s; this machine is monitored.\n")
    out.print(f"  Console   [bold]{place.address}/[/bold]")
    if link:
        out.print(
            f"  Sign in   [bold]{link}[/bold]\n            (one use, 24 hours: it makes the first owner)",
            soft_wrap=True,
        )
    else:
        out.print("  Sign in   with your address and password (forgot it? predvid owner link)")
    out.print(f"  Data      {place.data}\n  Stop      Ctrl-C\n")
    sys.stdout.write(
        json.dumps({"event": "ready", "url": f"{place.address}/", "data": str(place.data), "sign_in": link})
        + "\n"
    )
    sys.stdout.flush()
