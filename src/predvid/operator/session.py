"""What one run of `predvid trust` works with: folder, language, passphrase, server; how it asks and tells."""

import getpass
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from predvid.core.errors import UserError
from predvid.core.trust import Signer
from predvid.operator import folder as folders
from predvid.operator import local, vault
from predvid.operator.door import Door
from predvid.operator.folder import Folder, Known, Server
from predvid.server import command_line
from predvid.server.speech import Speech
from predvid.wire.operator import Offered

STDIN = "-"
YES = ("y", "yes", "d", "da")


@dataclass
class Session:
    """Options of one run; `json` tells programs, `data` is the data directory of a local installation."""

    folder: Folder
    data: Path
    tell: Speech
    json: bool = False
    passphrase_file: str = ""
    url: str = ""
    ca: Path | None = None
    as_operator: str = ""
    _passphrase: str = ""

    def now(self) -> int:
        """Return this machine's clock in ms."""
        return int(time.time() * 1000)

    def told(self, id: str, **values: Any) -> None:
        """Tell a person a sentence; programs read JSON alone."""
        if not self.json:
            sys.stdout.write(self.tell(id, **values) + "\n")

    def show(self, lines: Iterable[str]) -> None:
        """Show lines to the one who decides: beside JSON on stderr, so that nothing is signed unseen."""
        out = sys.stderr if self.json else sys.stdout
        out.write("".join(f"{line}\n" for line in lines))
        out.flush()

    def give(self, values: Mapping[str, Any]) -> None:
        """Give the result to programs."""
        if self.json:
            sys.stdout.write(json.dumps(dict(values)) + "\n")

    def agreed(self, id: str, **values: Any) -> bool:
        """Ask; only a plain yes is one."""
        sys.stderr.write(self.tell(id, **values) + " [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in YES

    def passphrase(self, *, new: bool = False) -> str:
        """Return the passphrase, asked once: at a prompt, from a file, or from standard input (`-`)."""
        if not self._passphrase:
            self._passphrase = self._asked(new)
            if new and len(self._passphrase) < vault.SHORTEST:
                raise UserError(self.tell("refused.short", n=vault.SHORTEST))
        return self._passphrase

    def _asked(self, new: bool) -> str:
        if self.passphrase_file == STDIN:
            return sys.stdin.readline().rstrip("\n")
        if self.passphrase_file:
            try:
                return Path(self.passphrase_file).read_text(encoding="utf-8").rstrip("\n")
            except OSError as error:
                raise UserError(f"cannot read {self.passphrase_file}: {error.strerror}") from None
            except UnicodeDecodeError:
                raise UserError(f"{self.passphrase_file} is not text in UTF-8") from None
        if not sys.stdin.isatty():
            raise UserError(self.tell("refused.no_prompt"))
        first = getpass.getpass(self.tell("ask.new_passphrase" if new else "ask.passphrase") + " ")
        if new and getpass.getpass(self.tell("ask.again") + " ") != first:
            raise UserError(self.tell("refused.differ"))
        return first

    def operator(self) -> tuple[str, Signer]:
        """Return name and signer of the operator who works here. Raises UserError."""
        self.folder.settle()
        keys = self.folder.keys()
        if not keys:
            raise UserError(self.tell("refused.no_key", path=str(self.folder.path)))
        name = self.as_operator or (next(iter(keys)) if len(keys) == 1 else getpass.getuser())
        if name not in keys:
            raise UserError(self.tell("refused.which", names=", ".join(keys)))
        return name, vault.unlock(keys[name], self.passphrase())

    def server(self) -> Server | None:
        """Return how the server is reached: as told now, as this machine's own, or as the last time."""
        if not self.url:
            return local.server(self.data) or self.folder.server()
        try:
            server = Server(self.url.rstrip("/"), self.ca.read_text() if self.ca else "")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"--ca: {error}") from None
        self.folder.keep_server(server)
        return server

    def door(self, signer: Signer) -> Door:
        """Return the door to the server. Raises UserError where none is known."""
        server = self.server()
        if server is None:
            raise UserError(self.tell("refused.no_server"))
        return Door(server, signer)

    def hand_over(self, known: Known, signer: Signer | None) -> bool:
        """Bring the public half to the server: to itself, else to where it picks it up; tell whether it went.

        `signer` is an operator whom the server knew before this change.
        """
        if signer is not None and known.keyset is not None and self.server() is not None:
            try:
                offered = Offered(known.keyset, known.roots[-1] if known.roots else None)
                self.door(signer).post("keyset", offered)
            except UserError as error:  # not reached, or it knows no operator yet
                self.show([f"predvid trust: {error}"])
            else:
                return True
        return local.leave(self.data, known)


def data_directory(text: str | None) -> Path:
    """Return the data directory of a local installation, as `predvid up` chooses it."""
    return Path(text or command_line.data_of(os.environ)).expanduser().absolute()


def trust_folder(text: str | None, data: Path) -> Folder:
    """Return the trust folder; raise UserError where it lies in a data directory."""
    path = (Path(text).expanduser() if text else folders.default()).absolute()
    folders.refuse_inside_data(path, data)
    return Folder(path)
