"""`predvid status`: what runs, devices by state, ingest rate, queue depth, open alerts."""

import json
import logging
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import Error as DatabaseFault
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from predvid import __version__
from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server import command_line, supervised
from predvid.server.loading import after_setup
from predvid.server.owner import existing
from predvid.server.speech import Speech, add_language
from predvid.server.status_texts import TEXTS

WINDOW = timedelta(minutes=5)
UNITS = "systemctl start predvid-store predvid-worker predvid-gateway predvid-console"
FORMS = {"samples_per_s": "rate", "store_rows": "number", "store_bytes": "size"}


def status(arguments: list[str]) -> int:
    """Print the state of the installation; exit status 1 when its store does not answer or nothing runs."""
    parser = Options(prog="predvid status", description="What runs, and how the devices are.")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--data", default=command_line.data_of(os.environ))
    add_language(parser)
    options = parser.parse_args(arguments)
    tell = Speech(options.lang, TEXTS)
    place = existing(options.data, options.lang)
    start = UNITS if command_line.installed_by_units() else place.start()
    os.environ.update(place.environment())
    for chatty in (
        "urllib3.connectionpool",
        "clickhouse_connect",
    ):  # that the store does not answer is in the answer
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    try:
        answer = collect(datetime.now(UTC))
    except DatabaseFault as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(tell("database", path=str(place.data), reason=reason), 1) from None
    answer["url"] = f"{place.address}/"
    answer["running"] = sorted(set(supervised.names(place.data)))
    if options.json:
        sys.stdout.write(json.dumps(answer) + "\n")
    elif answer["store"] != "ok" and not answer["running"]:
        raise UserError(tell("stopped", path=str(place.data), command=start), 1)
    else:
        _table(answer, tell)
    return 0 if answer["store"] == "ok" else 1


def collect(now: datetime) -> dict[str, Any]:
    """Return the state as the stable JSON of the verb; rates are over the last five minutes."""
    queries = after_setup("predvid.modules.monitoring.queries_status")
    rules = after_setup("predvid.modules.access.rules")
    store = after_setup("predvid.modules.monitoring.stores").store()
    telling = after_setup("predvid.modules.notifying.standing").standing(rules.PLATFORM, now)
    numbers = asdict(queries.numbers(rules.PLATFORM, now))
    last = numbers.pop("last_batch")
    alive = store.ping()
    rate = store.count_since(now - WINDOW) / WINDOW.total_seconds() if alive else None
    return {
        **numbers,
        "notifications": {"waiting": telling.waiting, "failed": telling.failed},
        "store": "ok" if alive else "unreachable",
        "samples_per_s": None if rate is None else round(rate, 2),
        "store_rows": store.rows() if alive else None,
        "store_bytes": store.disk_bytes() if alive else None,
        "last_batch": last.isoformat() if last else None,
        "version": __version__,
    }


def _table(answer: dict[str, Any], tell: Speech) -> None:
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in answer.items():
        table.add_row(f"[bold]{tell(name)}[/bold]", escape(_words(name, value, tell)))
    Console(highlight=False).print(table)


def _words(name: str, value: Any, tell: Speech) -> str:
    if isinstance(value, dict):
        value = [tell(f"{name}.{part}", n=number) for part, number in value.items()]
    if isinstance(value, list):
        return ", ".join(value) or "–"
    if isinstance(value, int | float):
        return tell(FORMS[name], n=value)
    return "–" if value is None else tell(f"store.{value}") if name == "store" else str(value)
