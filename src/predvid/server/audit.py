"""`predvid audit`: verifies the chains of the audit, and exports their heads to be kept elsewhere."""

import json
import os
import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from predvid.core.errors import UserError
from predvid.core.options import Options
from predvid.server import command_line
from predvid.server.loading import after_setup
from predvid.server.owner import existing

LINE = re.compile(r"(msp|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) ([0-9]{1,18}) ([0-9a-f]{64})")
WORDS = {
    "unreadable": "cannot be read",
    "altered": "is not what was written",
    "unlinked": "was not made after the entry before it",
    "missing": "is missing",
    "replaced": "is another than the one that a head names",
    "cut": "and whatever followed are missing at the end",
    "added": "was added past the head of the chain",
    "disputed": "is gone or another than the one that {device} keeps",
}


def audit(arguments: list[str]) -> int:
    """Print whether the audit is whole, or its heads; exit status 1 when a chain is broken."""
    parser = Options(prog="predvid audit", description="Who did what: is the record whole?")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verify = verbs.add_parser("verify", help="read every chain; say where one is broken")
    verify.add_argument("--head", metavar="FILE", help="heads exported before: finds what was cut off since")
    verify.add_argument("--client", metavar="NAME", help="this client's chain only")
    head = verbs.add_parser("head", help="print how far each chain has come")
    for verb in (verify, head):
        verb.add_argument("--json", action="store_true")
        verb.add_argument("--data", default=command_line.data_of(os.environ))
    options = parser.parse_args(arguments)
    os.environ.update(existing(options.data).environment())
    return _verify(options) if options.verb == "verify" else _head(options)


def _head(options: Any) -> int:
    queries, viewer = _loaded()
    heads = [asdict(head) for head in queries.heads(viewer)]
    if options.json:
        sys.stdout.write(json.dumps({"heads": heads}) + "\n")
    else:
        sys.stdout.writelines(f"{head['chain']} {head['number']} {head['hash']}\n" for head in heads)
    return 0


def _loaded() -> tuple[Any, Any]:
    queries = after_setup("predvid.modules.access.queries_audit")
    return queries, after_setup("predvid.modules.access.rules").PLATFORM


def _verify(options: Any) -> int:
    queries, viewer = _loaded()
    exported = _exported(options.head) if options.head else []
    chains = [_chain(queries, viewer, options.client)] if options.client else None
    names = queries.clients(viewer)
    kept = after_setup("predvid.modules.inventory.queries").witnesses(viewer)
    sound = after_setup("predvid.modules.access.store_audit").sound()
    answer = []
    for chain in chains or queries.chains(viewer, exported):
        count, wrong = queries.verify(viewer, chain, exported, sound=sound)
        name = names.get(chain, "the MSP" if chain == "msp" else chain)
        found = [{"number": flaw.number, "kind": flaw.kind} for flaw in wrong]
        mine = [(device, head) for device, head in kept if head.chain == chain]
        found += _disputed(queries.disputed(viewer, chain, [head for _, head in mine]), mine)
        devices = len({device for device, _ in mine})
        each = {"chain": chain, "name": name, "entries": count, "witnesses": devices, "breaks": found}
        answer.append(each)
    _say(answer, sound=sound, as_json=options.json)
    return 1 if not sound or any(each["breaks"] for each in answer) else 0


def _disputed(lost: list[Any], kept: list[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Return, per head that the chain does not hold, its number and the first device that keeps it."""
    keepers: dict[Any, str] = {}
    for device, head in kept:
        keepers.setdefault(head, device)
    return [
        {"number": head.number, "kind": "disputed", "device": keepers[head]} for head in dict.fromkeys(lost)
    ]


def _chain(queries: Any, viewer: Any, name: str) -> str:
    try:
        return str(queries.chain_of(viewer, name))
    except queries.NotVisible:
        raise UserError(f"There is no client called {name}.") from None


def _say(answer: list[dict[str, Any]], *, sound: bool, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps({"chains": answer, "sound": sound}, ensure_ascii=False) + "\n")
        return
    for each in answer:
        flaws = sorted(each["breaks"], key=lambda flaw: int(flaw["number"]))
        if not flaws:
            kept = (
                f", witnessed by {_counted(each['witnesses'], 'device', 'devices')}"
                if each["witnesses"]
                else ""
            )
            sys.stdout.write(
                f"{each['name']}: whole, {_counted(each['entries'], 'entry', 'entries')}{kept}\n"
            )
            continue
        first, more = flaws[0], len(flaws) - 1
        rest = f" ({more} more)" if more else ""
        words = WORDS[first["kind"]].format(device=first.get("device", ""))
        sys.stdout.write(f"{each['name']}: BROKEN, entry {first['number']} {words}{rest}\n")
    if not answer:
        sys.stdout.write("The audit has no entry yet.\n")
    if not sound:
        sys.stdout.write(
            "DAMAGED: the audit's table and its indexes do not tell the same; see the backups.\n"
        )


def _counted(n: int, one: str, many: str) -> str:
    return f"{n} {one if n == 1 else many}"


def _exported(path: str) -> list[Any]:
    """Return the heads of a file that `predvid audit head` wrote, as lines or JSON. Raises UserError."""
    head = after_setup("predvid.modules.access.rules").Head
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UserError(f"The heads in {path} cannot be read: {reason}.") from None
    lines = _lines(text)
    found = [LINE.fullmatch(line) for line in lines or ()]
    if lines is None or None in found:
        raise UserError(f"{path} holds no heads as predvid audit head prints them.")
    return [head(each[1], int(each[2]), each[3]) for each in found if each]


def _lines(text: str) -> list[str] | None:
    """Return the lines of heads, none of an audit without entries, or None where the text holds no heads."""
    if not text.lstrip().startswith("{"):
        return [line for line in text.splitlines() if line.strip()] or None
    try:
        return [f"{each['chain']} {each['number']} {each['hash']}" for each in json.loads(text)["heads"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
