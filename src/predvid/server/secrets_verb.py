"""`predvid secrets`: rotates the keys of the clients' secrets, keeps them recoverable, verifies every one."""

import getpass
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
from predvid.server import command_line
from predvid.server.loading import after_setup
from predvid.server.owner import existing
from predvid.server.secrets_texts import TEXTS
from predvid.server.speech import Speech, add_language


def secrets(arguments: list[str]) -> int:
    """Do one of the verbs; exit status 1 when a secret does not open. No value is ever printed."""
    options = _options().parse_args(arguments)
    os.umask(0o077)
    os.environ.update(existing(options.data, options.lang).environment())
    tell = Speech(options.lang, TEXTS)
    keeping = after_setup("predvid.server.secrets_keeping")
    deeds = {"rotate": _rotate, "recovery": _recovery, "verify": _verify, "list": _list}
    try:
        return deeds[options.verb](keeping, options, tell)
    except UserError as error:
        raise UserError(keeping.worded(error, options.lang), error.status) from None
    except keeping.DatabaseError as error:
        raise UserError(keeping.worded(keeping.unusable(error), options.lang), 1) from None


def _options() -> Options:
    parser = Options(prog="predvid secrets", description="The clients' credentials and the keys they have.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    rotate = verbs.add_parser("rotate", help="new master key, new data keys; everything sealed anew")
    recovery = verbs.add_parser("recovery", help="write the master key under a passphrase, or restore it")
    recovery.add_argument("-o", "--output", metavar="FILE", help="the recovery file to write (must be new)")
    recovery.add_argument("--restore", metavar="FILE", help="put the key of this recovery file back")
    recovery.add_argument("--passphrase-file", metavar="FILE", help="its first line instead of asking")
    verify = verbs.add_parser("verify", help="open every secret; name those that do not open")
    listed = verbs.add_parser("list", help="what there is, by name; never what it holds")
    for verb in (rotate, recovery, verify, listed):
        verb.add_argument("--json", action="store_true")
        verb.add_argument("--data", default=command_line.data_of(os.environ))
        add_language(verb)
    return parser


def _say(options: Any, answer: dict[str, Any], *lines: str) -> None:
    text = json.dumps(answer, ensure_ascii=False) if options.json else "\n".join(lines)
    sys.stdout.write(text + "\n")


def _rotate(keeping: Any, options: Any, tell: Speech) -> int:
    done = keeping.rotate(datetime.now(UTC))
    answer = {"key": done.key, "data_keys": done.data_keys, "values": done.values}
    _say(options, answer, tell("rotated", values=done.values, key=done.key), tell("rotated.do"))
    return 0


def _recovery(keeping: Any, options: Any, tell: Speech) -> int:
    if bool(options.output) == bool(options.restore):
        raise UserError("Give either -o FILE or --restore FILE.")
    words = _passphrase(options, tell)
    if options.restore:
        path, key = keeping.restore(Path(options.restore), words)
        _say(options, {"file": path, "key": key}, tell("recovery.restored", path=path, key=key))
        return 0
    path = str(Path(options.output).absolute())
    key = keeping.write_recovery(Path(path), words, datetime.now(UTC))
    _say(options, {"file": path, "key": key}, tell("recovery.made", path=path, key=key))
    return 0


def _passphrase(options: Any, tell: Speech) -> str:
    """Return the passphrase from a file, a pipe, or (asked twice for a new file) from a person."""
    if options.passphrase_file:
        try:
            with open(options.passphrase_file, encoding="utf-8") as file:
                return file.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise UserError(
                "%(path)s cannot be read: name a text file.", path=str(options.passphrase_file)
            ) from None
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    words = getpass.getpass(tell("passphrase"))
    if options.output and getpass.getpass(tell("passphrase.again")) != words:
        raise UserError("The two passphrases differ.")
    return words


def _verify(keeping: Any, options: Any, tell: Speech) -> int:
    count, flaws = keeping.verify()
    rows = [
        {
            "why": flaw.why,
            "tenant": flaw.place.tenant,
            "table": flaw.place.table,
            "row": flaw.place.row,
            "field": flaw.place.name,
            "name": flaw.name,
        }
        for flaw in flaws
    ]
    lines = [tell(row["why"], **row) for row in rows] or [tell("verify.good", count=count)]
    _say(options, {"count": count, "damaged": rows}, *lines)
    return 1 if flaws else 0


def _list(keeping: Any, options: Any, tell: Speech) -> int:
    rows = keeping.listed()
    if options.json:
        _say(options, {"secrets": rows})
    elif not rows:
        _say(options, {}, tell("list.none"))
    else:
        _table(rows, tell)
    return 0


def _table(rows: list[dict[str, str]], tell: Speech) -> None:
    columns = ("client", "name", "kind", "changed", "who")
    table = Table(*(tell(f"list.{column}") for column in columns), box=None)
    for row in rows:
        table.add_row(*(escape(row[column]) for column in columns))
    Console(highlight=False).print(table)
