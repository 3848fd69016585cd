"""`predvid doctor`: looks at everything that usually goes wrong and says in plain words what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server import command_line, look_notices, look_secrets, looks_data, looks_database, looks_machine
from predvid.server.clock_look import SERVERS, Server, time_server
from predvid.server.doctor_texts import TEXTS
from predvid.server.findings import Finding, said
from predvid.server.place import Place
from predvid.server.speech import Speech, add_language

COLOURS = {"ok": "green", "warning": "yellow", "bad": "red"}


def doctor(arguments: list[str]) -> int:
    """Print findings; exit status 1 when something is bad."""
    parser = Options(prog="predvid doctor", description="Says what is wrong and what to do.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", default=command_line.data_of(os.environ))
    parser.add_argument("--port", type=int, help="the port to look at (default: the installation's, or 8700)")
    parser.add_argument(
        "--time-server", action="append", metavar="HOST[:PORT]", help="compare the clock with this one"
    )
    add_language(parser)
    options = parser.parse_args(arguments)
    try:
        servers = tuple(time_server(text) for text in options.time_server or ()) or SERVERS
    except ValueError as error:
        raise UserError(f"--time-server: {error}") from None
    findings = list(look(Path(options.data).expanduser().absolute(), options.port, servers, options.lang))
    if options.json:
        sys.stdout.write(json.dumps([_json(finding, options.lang) for finding in findings]) + "\n")
    else:
        _show(findings, Speech(options.lang, TEXTS))
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def _json(finding: Finding, language: str) -> dict[str, str]:
    """Return a finding as the stable JSON of the verb: names and states stay, sentences are worded."""
    words = {"seen": finding.seen(language), "do": finding.do(language)}
    return {"what": finding.what, "state": finding.state, **words}


def _show(findings: Sequence[Finding], tell: Speech) -> None:
    out = Console(highlight=False)
    width = max(len(tell(state)) for state in COLOURS)
    for finding in findings:
        colour, state = COLOURS[finding.state], f"{tell(finding.state):<{width}}"
        seen = escape(finding.seen(tell.language))
        out.print(f"[{colour}]{state}[/{colour}]  {tell(finding.what)}: {seen}", soft_wrap=True)
        if do := finding.do(tell.language):
            out.print(f"{'':<{width}}  → {escape(do)}", soft_wrap=True)


def look(
    data: Path, port: int | None, servers: Sequence[Server] = SERVERS, language: str = "en"
) -> Iterator[Finding]:
    """Look at one thing after the other; a look that fails is itself a finding."""
    looks: dict[str, Callable[[], Finding]] = {
        "Python": looks_machine.python,
        "Data directory": lambda: looks_data.folder(data),
        "Disk": lambda: looks_data.space(data),
        "Memory": looks_machine.memory,
        "Port": lambda: looks_data.port(data, port),
        "Clock": lambda: looks_machine.clock(servers),
        "Time service": looks_machine.time_service,
        "smartctl": lambda: looks_machine.program("smartctl", "smart.missing", "smartmontools"),
        "Logs": lambda: looks_data.logs(data),
        "Agent": lambda: looks_data.agent(data),
        "Database": lambda: looks_database.database(_database_url(data)),
        "Certificate": lambda: looks_data.certificate(data, datetime.now(UTC)),
        "Secrets": lambda: look_secrets.secrets(data, language),
        "Notifications": lambda: look_notices.notices(data, datetime.now(UTC), language),
        "Authority": lambda: looks_data.authority(data, datetime.now(UTC)),
    }
    for what, each in looks.items():
        try:
            yield each()
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            yield Finding(what, "warning", said("look.failed", error=str(error)), said("look.do"))


def _database_url(data: Path) -> str:
    """Return where the database is: as a server's environment file says, or the installation in `data`."""
    described = Place.described(data)
    return os.environ.get("PREDVID_DATABASE_URL", "") or (described.database_url if described else "")
