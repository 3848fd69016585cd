"""`predvid doctor`: looks at everything that usually goes wrong and says in plain words what to do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server import looks_data, looks_machine
from predvid.server.clock_look import SERVERS, Server, time_server
from predvid.server.findings import Finding

SIGNS = {"ok": "[green]ok     [/green]", "warning": "[yellow]warning[/yellow]", "bad": "[red]bad    [/red]"}


def doctor(arguments: list[str]) -> int:
    """Print findings; exit status 1 when something is bad."""
    parser = Options(prog="predvid doctor", description="Says what is wrong and what to do.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", default=os.environ.get("PREDVID_DATA", "~/.local/share/predvid"))
    parser.add_argument("--port", type=int, help="the port to look at (default: the installation's, or 8700)")
    parser.add_argument(
        "--time-server", action="append", metavar="HOST[:PORT]", help="compare the clock with this one"
    )
    options = parser.parse_args(arguments)
    try:
        servers = tuple(time_server(text) for text in options.time_server or ()) or SERVERS
    except ValueError as error:
        raise UserError(f"--time-server: {error}") from None
    findings = list(look(Path(options.data).expanduser().absolute(), options.port, servers))
    if options.json:
        sys.stdout.write(json.dumps([asdict(finding) for finding in findings]) + "\n")
    else:
        _show(findings)
    return 1 if any(finding.state == "bad" for finding in findings) else 0


def _show(findings: Sequence[Finding]) -> None:
    out = Console(highlight=False)
    for finding in findings:
        out.print(f"{SIGNS[finding.state]}  {finding.what}: {escape(finding.seen)}", soft_wrap=True)
        if finding.do:
            out.print(f"         → {escape(finding.do)}", soft_wrap=True)


def look(data: Path, port: int | None, servers: Sequence[Server] = SERVERS) -> Iterator[Finding]:
    """Look at one thing after the other; a look that fails is itself a finding."""
    looks: dict[str, Callable[[], Finding]] = {
        "Python": looks_machine.python,
        "Data directory": lambda: looks_data.folder(data),
        "Disk": lambda: looks_data.space(data),
        "Memory": looks_machine.memory,
        "Port": lambda: looks_data.port(data, port),
        "Clock": lambda: looks_machine.clock(servers),
        "Time service": looks_machine.time_service,
        "smartctl": lambda: looks_machine.program("smartctl", "drive health cannot be read", "smartmontools"),
        "Logs": lambda: looks_data.logs(data),
        "Agent": lambda: looks_data.agent(data),
        "Certificate": lambda: looks_data.certificate(data, datetime.now(UTC)),
    }
    for what, each in looks.items():
        try:
            yield each()
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            yield Finding(what, "warning", f"could not look: {error}", "Run the doctor as the data's owner.")
