"""`predvid import`: clients, sites and devices from a CSV file; nothing is done without `--apply`."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.modules.inventory.import_rules import KINDS, LARGEST, read
from predvid.server.loading import after_setup
from predvid.server.owner import existing


def import_list(arguments: list[str]) -> int:
    """Print what becomes of each line; exit status 1 when a line is bad, and then nothing is changed."""
    parser = Options(prog="predvid import", description="Clients, sites and devices from a CSV file.")
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("--kind", required=True, choices=KINDS)
    parser.add_argument("--apply", action="store_true", help="do it; without, only say what would be done")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", default=os.environ.get("PREDVID_DATA", "~/.local/share/predvid"))
    options = parser.parse_args(arguments)
    sheet = read(_bytes(options.file), options.kind)
    os.environ.update(existing(options.data).environment())
    actions = after_setup("predvid.modules.inventory.import_actions")
    viewer = after_setup("predvid.modules.access.rules").PLATFORM
    now = datetime.now(UTC)
    outcome = actions.plan(viewer, sheet, now)
    if options.apply and not outcome.counts["bad"]:
        outcome = actions.apply(viewer, sheet, now)
    answer = _answer(outcome)
    if options.json:
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    else:
        _table(answer)
    return 1 if answer["bad"] else 0


def _bytes(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{name} cannot be read: {error.strerror}.") from None


def _answer(outcome: Any) -> dict[str, Any]:
    """Return the stable JSON of the verb."""
    rows = [
        {
            "line": row.line,
            "state": row.state,
            "name": row.name,
            "reason": str(row.wrong) if row.wrong else None,
        }
        for row in outcome.verdicts
    ]
    sheet = outcome.sheet
    read_as = {"kind": sheet.kind, "encoding": sheet.encoding, "delimiter": sheet.delimiter}
    return {**read_as, "applied": outcome.applied, **outcome.counts, "rows": rows}


def _table(answer: dict[str, Any]) -> None:
    table = Table("Line", "Name", "What", box=None, pad_edge=False)
    for row in answer["rows"]:
        table.add_row(str(row["line"]), escape(row["name"]), escape(row["reason"] or row["state"]))
    console = Console()
    console.print(table)
    done = "done" if answer["applied"] else "nothing changed; --apply does it"
    figures = ", ".join(f"{answer[state]} {state}" for state in ("add", "change", "same", "bad"))
    console.print(f"{figures}: {done}")
