"""`predvid agent trust`: the device's administrator says whose tasks this device may run."""

import argparse
import contextlib
import json
import sys
import time

from predvid.core.errors import UserError
from predvid.core.model import Said
from predvid.core.wording import Text, word
from predvid.edge import held, local_policy, pin
from predvid.edge.identity import StateFolder, load_membership
from predvid.edge.pin import Pin

TEXTS = {
    "now": Text("This agent pins the root {root}.", "Agent vjeruje korijenskom ključu {root}."),
    "none": Text(
        "This agent pins no trust root: no task runs here.",
        "Agent ne vjeruje nijednom korijenskom ključu: na uređaju se ne pokreće nijedan zadatak.",
    ),
    "classes": Text(
        "Classes of tasks allowed here: {classes}", "Ovdje dopušteni razredi zadataka: {classes}"
    ),
    "operators": Text("Operators: {names}", "Ovlaštene osobe: {names}"),
    "means": Text(
        "From now on scripts that the operators of this root signed may run on this device, with the\n"
        "agent's rights. The server {server} cannot run anything by itself. A file policy.toml\n"
        "narrows it (docs/agent.md). Root: {root}",
        "Od sada se na ovom uređaju, s pravima agenta, smiju pokretati skripte koje su potpisale osobe\n"
        "ovlaštene ovim korijenskim ključem. Poslužitelj {server} sam ne može pokrenuti ništa. Datoteka\n"
        "policy.toml to sužava (docs/agent.md). Korijenski ključ: {root}",
    ),
    "ask": Text("Do you want that?", "Želite li to?"),
    "unchanged": Text("Nothing was changed.", "Ništa nije promijenjeno."),
    "done": Text("Pinned. A running agent sees it at once.", "Zapisano. Pokrenuti agent to odmah vidi."),
    "unpinned": Text(
        "No root is pinned any more: no task runs here.",
        "Uređaj više ne vjeruje nijednom ključu: ne pokreće se nijedan zadatak.",
    ),
}


def trust(options: argparse.Namespace, state: StateFolder) -> int:
    """Show, pin or unpin; return the exit status. Raises UserError without an enrolment or permission."""
    membership = load_membership(state)
    before = pin.read(state)
    if options.none:
        return _unpin(options, state)
    if not options.fingerprint:
        return _show(options, state, before)
    root = pin.fingerprint(options.fingerprint)
    if not options.yes:
        words = {"server": membership.server, "root": _grouped(root)}
        _say(options, "means", **words)
        if not _agreed(options):
            _say(options, "unchanged")
            return 1
    if root != held.read(state, before).root:
        _write(state, root)
    _say(options, "done")
    return _show(options, state, pin.read(state)) if options.json else 0


def _unpin(options: argparse.Namespace, state: StateFolder) -> int:
    _write(state, b"")
    _say(options, "unpinned")
    return _show(options, state, Pin()) if options.json else 0


def _write(state: StateFolder, root: bytes) -> None:
    try:
        pin.write(state, root, int(time.time() * 1000))
    except OSError as error:
        raise UserError(
            f"cannot write {state.pin}: {error.strerror}; run it as the agent's own user, mostly root", 1
        ) from None


def _show(options: argparse.Namespace, state: StateFolder, pinned: Pin) -> int:
    believed = held.Beliefs(held.read(state, pinned))
    root = _grouped(believed.held.root) if pinned.root else ""
    classes = sorted(local_policy.load(local_policy.find(state)).classes(bool(root)))
    names = [one.name for one in believed.operators.operators] if believed.operators else []
    if options.json:
        sys.stdout.write(json.dumps(_json(root, classes, names, believed)) + "\n")
        return 0
    _say(options, "now" if root else "none", root=root)
    _say(options, "classes", classes=", ".join(map(str, classes)))
    if names:
        _say(options, "operators", names=", ".join(names))
    return 0


def _json(root: str, classes: list[int], names: list[str], believed: held.Beliefs) -> dict[str, object]:
    known = {"keyset": believed.version, "serial": believed.held.serial, "placement": believed.serial}
    return {"root": root or None, "classes": classes, "operators": names, **known}


def _grouped(root: bytes) -> str:
    text = root.hex()
    return "-".join(text[n : n + 4] for n in range(0, len(text), 4))


def _say(options: argparse.Namespace, id: str, **values: str) -> None:
    if not options.json:
        print(word(Said(id, values), options.lang, TEXTS))


def _agreed(options: argparse.Namespace) -> bool:
    sys.stderr.write(word(Said("ask"), options.lang, TEXTS) + " [y/N] ")
    sys.stderr.flush()
    answer = ""
    with contextlib.suppress(OSError):
        answer = sys.stdin.readline()
    return answer.strip().lower() in ("y", "yes", "d", "da")
