"""`predvid window`: plans maintenance windows, lists them, ends them."""

import json
import os
import sys
from datetime import UTC, date, datetime, time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from predvid.core.errors import UserError
from predvid.core.maintenance import Repeat
from predvid.core.options import Options
from predvid.server.loading import after_setup
from predvid.server.owner import existing
from predvid.server.speech import Speech, add_language
from predvid.server.window_texts import TEXTS


def window(arguments: list[str]) -> int:
    """Do one of the verbs. Raises UserError."""
    options = _options().parse_args(arguments)
    os.environ.update(existing(options.data).environment())
    tell = Speech(options.lang, TEXTS)
    keeping = after_setup("predvid.server.window_keeping")
    deeds = {"add": _add, "list": _list, "end": _end}
    try:
        return deeds[options.verb](keeping, options, tell)
    except keeping.NotVisible:
        raise UserError(tell("none")) from None
    except UserError as error:
        raise UserError(keeping.worded(error, options.lang), error.status) from None
    except keeping.DatabaseError as error:
        raise UserError(f"The database does not answer: {str(error).strip().splitlines()[0]}", 1) from None


def _options() -> Options:
    parser = Options(prog="predvid window", description="When alerts are shown and nobody is notified.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser("add", help="plan a window over a client, a site, a device, or all clients")
    add.add_argument("--client", metavar="NAME", help="over this client alone")
    add.add_argument("--site", metavar="NAME", help="over this site of the client alone")
    add.add_argument("--device", metavar="NAME", help="over this device of the client alone")
    add.add_argument("--reason", required=True)
    add.add_argument("--on", type=_day, required=True, metavar="YYYY-MM-DD", help="its day, or the first")
    add.add_argument("--at", type=_clock, required=True, metavar="HH:MM")
    add.add_argument("--minutes", type=int, required=True)
    add.add_argument("--zone", default="Europe/Zagreb", help="IANA name of the time zone")
    add.add_argument("--weekly", type=_numbers, metavar="1,7", help="days of the week, 1 is Monday")
    add.add_argument("--monthly", type=_numbers, metavar="1,15", help="days of the month")
    add.add_argument("--last", type=_day, metavar="YYYY-MM-DD", help="no opening after this day")
    listed = verbs.add_parser("list", help="which there are, and when they open next")
    end = verbs.add_parser("end", help="end the present opening of a window")
    end.add_argument("id", type=int)
    for verb in (add, listed, end):
        verb.add_argument("--json", action="store_true")
        verb.add_argument("--data", default=os.environ.get("PREDVID_DATA", "~/.local/share/predvid"))
        add_language(verb)
    return parser


def _day(text: str) -> date:
    return date.fromisoformat(text)


def _clock(text: str) -> time:
    return datetime.strptime(text, "%H:%M").replace(tzinfo=UTC).time()


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(part) for part in text.split(","))


def _say(options: Any, answer: dict[str, Any], line: str) -> None:
    sys.stdout.write((json.dumps(answer, ensure_ascii=False) if options.json else line) + "\n")


def _add(keeping: Any, options: Any, tell: Speech) -> int:
    if options.weekly and options.monthly:
        raise UserError("Give either --weekly or --monthly.")
    repeat = Repeat.WEEKLY if options.weekly else Repeat.MONTHLY if options.monthly else Repeat.ONCE
    when = {
        "reason": options.reason,
        "zone": options.zone,
        "first": options.on,
        "at": options.at,
        "minutes": options.minutes,
        "repeat": repeat,
        "days": options.weekly or options.monthly or frozenset(),
        "last": options.last,
    }
    row = keeping.add(options.client, options.site, options.device, when, datetime.now(UTC))
    _say(options, row, tell("added", number=row["id"], reason=row["reason"]))
    return 0


def _end(keeping: Any, options: Any, tell: Speech) -> int:
    row = keeping.end(options.id, datetime.now(UTC))
    _say(options, row, tell("ended", number=row["id"], reason=row["reason"]))
    return 0


def _list(keeping: Any, options: Any, tell: Speech) -> int:
    rows = keeping.listed(datetime.now(UTC))
    if options.json or not rows:
        _say(options, {"windows": rows}, tell("list.none"))
        return 0
    columns = ("id", "where", "reason", "repeat", "open", "next")
    table = Table(*(tell(f"list.{column}") for column in columns), box=None)
    for row in rows:
        where = " · ".join(row[part] for part in ("client", "site", "device") if row[part])
        cells = {**row, "where": where or tell("list.all"), "repeat": tell(f"repeat.{row['repeat']}")}
        cells |= {"open": row["open_until"] or "", "next": row["next"][0] if row["next"] else ""}
        table.add_row(*(escape(str(cells[column])) for column in columns))
    Console(highlight=False).print(table)
    return 0
