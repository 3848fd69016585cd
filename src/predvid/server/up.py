"""`predvid up`: server, console and local agent on this machine, supervised, with one address."""

import argparse
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server import browser, certificates, command_line, listening, supervised
from predvid.server.loading import after_setup
from predvid.server.place import Place
from predvid.server.progress import Steps, steps
from predvid.server.speech import Speech, add_language
from predvid.server.supervisor import Part, Supervisor
from predvid.server.up_texts import TEXTS

READY_SECONDS = 90


def up(arguments: list[str]) -> int:
    """Start everything, print the address, supervise until Ctrl-C; return the exit status."""
    options = _options(arguments)
    tell = Speech(options.lang, TEXTS)
    out = Console(stderr=True, highlight=False)
    data = Path(options.data).expanduser().absolute()
    os.umask(0o077)  # whoever made the data directory: what we and our parts write is for our eyes only
    if not (data / "run").exists():  # a first start that cannot listen leaves nothing behind
        _check_free(data, options, tell)
    with _only_one(data, tell):
        if left := supervised.end_leftovers(data):
            out.print(f"predvid: {tell('leftovers', n=left)}", style="dim")
        _check_free(data, options, tell)
        try:
            place = _place(data, options)
            place.describe()
        except OSError as error:
            raise UserError(tell("refused.writing", path=str(data), reason=error.strerror), 1) from None
        os.environ.update(place.environment())
        supervisor = Supervisor(place)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: supervisor.stop.set())
        began = time.monotonic()
        try:
            with steps(out, tell("starting")) as step:
                _start(supervisor, options, step, tell)
            _welcome(place, options, out, tell, time.monotonic() - began)
            supervisor.watch()
        finally:
            supervisor.end()
            browser.forget(data / "run")
            out.print(f"predvid: {tell('stopped')}", style="dim")
    if supervisor.failed:
        raise supervisor.failure()
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Options(prog="predvid up", description="Server, console and local agent on this machine.")
    parser.add_argument("--data", default=command_line.data_of(os.environ), help="data directory")
    parser.add_argument(
        "--port", type=int, default=command_line.USUAL_PORT, help="port of the one address (default 8700)"
    )
    parser.add_argument(
        "--listen", default="127.0.0.1", help="address to listen on; off loopback it speaks TLS"
    )
    parser.add_argument(
        "--name", help="host name or address under which other machines reach this one (with --listen)"
    )
    parser.add_argument(
        "--no-browser",
        action="store_true",
        help="do not open the page in a browser (done only from a terminal on a desktop)",
    )
    add_language(parser)
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        raise UserError(Speech(options.lang, TEXTS)("refused.port", port=str(options.port)))
    return options


def _check_free(data: Path, options: argparse.Namespace, tell: Speech) -> None:
    doctor = command_line.pasted(data, "doctor", "--port", str(options.port))
    listening.check_free(options.listen, options.port, tell, doctor)


@contextmanager
def _only_one(data: Path, tell: Speech) -> Iterator[None]:
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        (data / "run").mkdir(exist_ok=True, mode=0o700)
        lock = (data / "run" / "up.lock").open("a+")
    except OSError as error:
        raise UserError(tell("refused.data", path=str(data), reason=error.strerror)) from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            who = lock.read().strip() or "another process"
            raise UserError(tell("refused.running", path=str(data), who=who), 1) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


def _place(data: Path, options: argparse.Namespace) -> Place:
    """Return the place; off loopback its certificate is made: tokens carry the authority's fingerprint."""
    apart = os.environ.get("PREDVID_SECRETS_KEY", "")
    place = Place(data, secrets_file=os.path.abspath(apart) if apart else "")
    place = replace(place, store_port=listening.free_port(), store_token=place.secret("store.token"))
    if options.listen in listening.LOOPBACK:
        here = listening.url("http", options.listen, options.port)
        return replace(place, address=here, local=here)
    everywhere = options.listen in listening.EVERYWHERE
    host = options.name or (listening.own_name() if everywhere else options.listen)
    names = listening.names(host, options.listen)
    certificates.ensure(data / "tls", names, datetime.now(UTC))
    return replace(
        place,
        address=listening.url("https", host, options.port),
        local=listening.url("https", "127.0.0.1" if everywhere else options.listen, options.port),
        extra_hosts=names,
    )


def _start(supervisor: Supervisor, options: argparse.Namespace, step: Steps, tell: Speech) -> None:
    """Start the parts in order, enrol this machine, wait for its first samples. Raises UserError."""
    place = supervisor.place
    listen = ["--listen", options.listen, "--port", str(options.port)]
    step.show(tell("step.store"))
    supervisor.start(Part("store", ["serve", "store"]))
    step.show(tell("step.tables"))
    setting_up = after_setup("predvid.server.setting_up")
    setting_up.migrate()
    step.show(tell("step.wait"))
    setting_up.wait_for_store(supervisor, READY_SECONDS)
    step.show(tell("step.parts"))
    supervisor.start(Part("gateway", ["serve", "gateway", *listen]))
    supervisor.start(Part("console", ["serve", "console"]))
    supervisor.start(Part("worker", ["serve", "worker"]))
    supervisor.wait_for_page(place, READY_SECONDS)
    step.show(tell("step.agent"))
    supervisor.start(setting_up.local_agent(place))
    step.show(tell("step.samples"))
    setting_up.wait_for_samples(supervisor, READY_SECONDS)


def _welcome(place: Place, options: argparse.Namespace, out: Console, tell: Speech, took: float) -> None:
    """Say where everything is: to people on stderr, to programs as one line of JSON on stdout."""
    link = after_setup("predvid.server.setting_up").first_owner_link(place)
    name = {id: f"{tell(id):<9}" for id in ("console", "sign_in", "data", "tasks", "stop")}
    out.print(f"\n[bold green]{tell('up')}[/bold green] {tell('after', n=took)}\n")
    out.print(f"  {name['console']} [bold]{place.address}/[/bold]", soft_wrap=True)
    if link:
        out.print(f"  {name['sign_in']} [bold]{link}[/bold]", soft_wrap=True)
        out.print(f"  {'':<9} {tell('once')}")
    else:
        out.print(f"  {name['sign_in']} {tell('password', command=escape(place.command('owner', 'link')))}")
    out.print(f"  {name['data']} {escape(str(place.data))}", soft_wrap=True)
    if not place.root_fingerprint():
        out.print(
            f"  {name['tasks']} {tell('tasks.off', command=escape(place.command('trust', 'init')))}",
            soft_wrap=True,
        )
    out.print(f"  {name['stop']} Ctrl-C\n")
    ready = {"event": "ready", "url": f"{place.address}/", "data": str(place.data), "sign_in": link}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    if out.is_terminal and not options.no_browser:
        browser.open_page(link or place.address, place.data / "run")
