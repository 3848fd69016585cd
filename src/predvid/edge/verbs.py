"""`predvid agent enroll | run | status | trust | selftest | service`: the agent of one device."""

import argparse
import os
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from predvid.checks.builtin.inventory import claims
from predvid.checks.registry import checks
from predvid.core.errors import UserError
from predvid.core.options import Options, sentence
from predvid.core.trust import fingerprint
from predvid.edge import agent as agent_process
from predvid.edge import selftest_words, service, trust_verb
from predvid.edge.enrol import Request, enrol
from predvid.edge.identity import StateFolder, default_state, load_keys
from predvid.edge.look import Look, look
from predvid.edge.memory import return_freed
from predvid.edge.selftest import selftest
from predvid.edge.sources.local import local_source
from predvid.edge.updating import in_a_child
from predvid.wire.v1 import Claim

STATES = {
    "pending": "It waits for approval in the console; it keeps its data until then.",
    "approved": "It is approved and may report.",
}


def agent(arguments: list[str]) -> int:
    """Run one `predvid agent` verb; return the exit status. Raises UserError."""
    options = _parser().parse_args(arguments)
    verb: Callable[[argparse.Namespace], int] = options.verb
    return verb(options)


def _parser() -> argparse.ArgumentParser:
    parser = Options("predvid agent", description="The agent of one device.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    one = _verb(verbs, "enroll", _enroll, "make this device known to a server")
    one.add_argument("url", help="the server's address, https://HOST[:PORT]")
    one.add_argument(
        "--token", help="the enrolment token; without it, PREDVID_TOKEN or a line on standard input"
    )
    one.add_argument("--ca", type=Path, help="CA certificate (PEM) that the server's certificate comes from")
    one.add_argument(
        "--proxy", default="", help="http://[USER:PASSWORD@]HOST:PORT, or 'none' for a direct way"
    )
    one.add_argument("--name", default="", help="the device's name; its host name if not given")
    one.add_argument("--type", default="", help="server, workstation, laptop ...", dest="device_type")
    one.add_argument(
        "--role", choices=("device", "probe"), default="device", help="probe: also watches its site"
    )
    _verb(verbs, "run", _run, "run in the foreground, until Ctrl-C or the signal SIGTERM")
    _verb(verbs, "status", _status, "how the agent stands").add_argument("--json", action="store_true")
    one = _verb(verbs, "trust", _trust, "whose tasks this device runs: show, pin a root, or none")
    one.add_argument("fingerprint", nargs="?", help="the root's, as 'predvid trust status' shows it")
    one.add_argument("--none", action="store_true", help="pin no root: no task runs here")
    one.add_argument("--yes", action="store_true", help="do not ask")
    one.add_argument("--json", action="store_true")
    one.add_argument("--lang", choices=("hr", "en"), default=_language())
    one = _verb(verbs, "selftest", _selftest, "what this device can and cannot report, and why")
    one.add_argument("--json", action="store_true")
    one.add_argument("--lang", choices=("hr", "en"), default=_language())
    one = _verb(verbs, "update", _update, "install a release that operators signed, for the next start")
    one.add_argument("version")
    one.add_argument("--json", action="store_true")
    one = _verb(verbs, "service", _service, "run the agent as a service of the operating system")
    one.add_argument("what", choices=("install", "uninstall"))
    return parser


def _verb(
    verbs: Any, name: str, run: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=what, description=sentence(what))
    parser.add_argument("--state", type=Path, help=f"state folder ({default_state().path})")
    parser.set_defaults(verb=run)
    return parser


def _language() -> str:
    chosen = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "hr" if chosen.startswith("hr") else "en"


def _state(options: argparse.Namespace) -> StateFolder:
    return StateFolder(options.state.absolute()) if options.state else default_state()


def _enroll(options: argparse.Namespace) -> int:
    token = options.token or os.environ.get("PREDVID_TOKEN") or sys.stdin.readline()
    found = [Claim(kind, value) for kind, value in claims(local_source())]
    request = Request(
        options.url, token, options.ca, options.proxy, options.name, options.role, options.device_type
    )
    state = _state(options)
    enrolled = enrol(state, request, found)
    print(f"Enrolled as {enrolled.agent}. {STATES.get(enrolled.state, enrolled.state)}")
    print(f"Key: {_key(state)}")
    return 0


def _key(state: StateFolder) -> str:
    """Return the fingerprint of the agent's own key: the console shows it to whoever approves the device."""
    try:
        return fingerprint(load_keys(state).signer().public)
    except UserError as error:
        return str(error)


def _run(options: argparse.Namespace) -> int:
    return_freed()
    agent_process.log_to_stderr()
    return agent_process.run(_state(options))


def _status(options: argparse.Namespace) -> int:
    seen = look(_state(options))
    if seen.membership is None:
        raise UserError(seen.problem, status=1)
    if options.json:
        print(msgspec.json.encode(_status_json(seen)).decode())
        return 0
    standing, outbox = seen.standing, seen.outbox
    link = standing.state + (f": {standing.message}" if standing.message else "")
    membership, works = seen.membership, "running" if seen.running else "not running"
    rows = [
        ("agent", f"{membership.agent} ({membership.role}), {works}"),
        ("key", _key(_state(options))),
        ("server", membership.server),
        ("link", f"{link}, since {_time(standing.since) or '-'}"),
        ("delivered", _time(standing.acked) or "nothing yet"),
        ("plan", "none yet" if seen.plan is None else str(seen.plan)),
        ("outbox", f"{outbox.batches} batches, {outbox.bytes} bytes" if outbox else "none yet"),
    ]
    print("\n".join(f"{name:<10} {text}" for name, text in rows))
    return 0


def _status_json(seen: Look) -> dict[str, Any]:
    standing, outbox, membership = seen.standing, seen.outbox, seen.membership
    return {
        "agent": membership and membership.agent,
        "role": membership and membership.role,
        "server": membership and membership.server,
        "running": seen.running,
        "plan": seen.plan,
        "link": {
            "state": standing.state,
            "message": standing.message,
            "since": _time(standing.since),
            "delivered": _time(standing.acked),
            "round_trip_ms": standing.trip,
            "skew_ms": -standing.offset,
        },
        "outbox": outbox
        and {
            "batches": outbox.batches,
            "bytes": outbox.bytes,
            "oldest": _time(outbox.oldest or 0),
            "set_aside": outbox.dead,
            "dropped": outbox.dropped,
        },
    }


def _time(ms: int) -> str | None:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if ms else None


def _trust(options: argparse.Namespace) -> int:
    return trust_verb.trust(options, _state(options))


def _selftest(options: argparse.Namespace) -> int:
    findings = selftest(_state(options), local_source(), checks())
    host = socket.gethostname()
    if options.json:
        print(msgspec.json.encode(selftest_words.as_json(findings, host, options.lang)).decode())
    else:
        print("\n".join(selftest_words.lines(findings, host, options.lang)))
    return 0


def _update(options: argparse.Namespace) -> int:
    outcome = in_a_child(_state(options).path)(options.version)
    if options.json:
        print(msgspec.json.encode(outcome).decode())
        return 0
    if outcome.code:
        raise UserError(outcome.message, status=1)
    print(f"Release {outcome.version} is installed and runs from the agent's next start on.")
    return 0


def _service(options: argparse.Namespace) -> int:
    done = {"install": service.install, "uninstall": service.uninstall}
    print(done[options.what](_state(options)))
    return 0
