"""A hostile page shows one task while another waits: what `trust sign` shows is what is signed."""

import contextlib
import io
import os
from pathlib import Path
from unittest.mock import patch

import msgspec

from drill.attacks import Stage
from predvid.operator import vault
from predvid.operator.folder import Folder
from predvid.operator.verbs import trust
from predvid.wire import authority as wire
from predvid.wire.operator import Aimed, Answered, Asked, Waiting

LIES = (
    ("Restart the print queue", "echo harmless", "PC of the receptionist"),
    ("Restart\x1b[2K\rthe print queue", "echo harmless\x1b[8m; rm -rf /", "PC\u202ehidden"),
)


def lying_pages(stage: Stage, folder: Path) -> tuple[int, int]:
    """Return (pages whose true task was shown before signing, pages that hid a part of it)."""
    trust_folder = Folder(folder / "trust")
    trust_folder.make()
    vault.store(trust_folder.operator("ana"), vault.make("ana", "a passphrase for drills"))
    (folder / "passphrase").write_text("a passphrase for drills")
    shown = hidden = 0
    for number, (why, body, device) in enumerate(LIES):
        order = msgspec.structs.replace(
            stage.order("lie"), title=why, content=wire.Content("sh", f"{body}\necho {number} > /etc/motd\n")
        )
        told = _told(stage, order, device, folder / f"waiting-{number}")
        whole = [stage.agent, f"echo {number} > /etc/motd", "rm -rf /" if number else "harmless", order.id]
        clean = "\x1b" not in told and "\u202e" not in told and "\r" not in told
        if all(part in told for part in whole) and clean and _signed_what_was_shown(folder, number, order):
            shown += 1
        else:
            hidden += 1
    return shown, hidden


def _told(stage: Stage, order: wire.Order, device: str, path: Path) -> str:
    """Sign one request whose page lies, as an operator does; return what stood on the screen."""
    body = wire.ORDER_CONTEXT + msgspec.msgpack.encode(order)
    page = Asked("r-1", body, [], [Aimed(stage.agent, device)], why="only reads the version", by="the boss")
    path.write_bytes(msgspec.msgpack.encode(Waiting([page])))
    screen = io.StringIO()
    command = ["sign", "--file", str(path), "--folder", str(path.parent / "trust"), "--lang", "en"]
    command += ["--passphrase-file", str(path.parent / "passphrase"), "--data", os.devnull]
    with (
        contextlib.redirect_stdout(screen),
        contextlib.redirect_stderr(screen),
        patch("sys.stdin", io.StringIO("y\n")),
    ):
        trust(command)
    return screen.getvalue()


def _signed_what_was_shown(folder: Path, number: int, order: wire.Order) -> bool:
    answers = msgspec.msgpack.decode((folder / f"waiting-{number}.signed").read_bytes(), type=list[Answered])
    signed = [one.signed.body for one in answers]
    return signed == [wire.ORDER_CONTEXT + msgspec.msgpack.encode(order)]
