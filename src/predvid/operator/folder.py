"""The trust folder: locked keys, newest KeySet and root changes, where the server is, names seen before."""

import contextlib
import os
from pathlib import Path
from typing import TypeVar

import msgspec

from predvid.core.errors import UserError
from predvid.edge import durable
from predvid.operator import vault
from predvid.operator.vault import LockedKey
from predvid.wire.authority import KEYSET_CONTEXT, KeySet, Signed
from predvid.wire.signing import UNREADABLE, opened
from predvid.wire.verifying import check_id

Kept = TypeVar("Kept")


class Server(msgspec.Struct, frozen=True, omit_defaults=True):
    """How this machine reaches the server: its address and, where it has one of its own, the CA (PEM)."""

    url: str
    ca: str = ""


class Known(msgspec.Struct, omit_defaults=True):
    """What is public: the newest KeySet, all root changes in order, the root's key and its serial."""

    keyset: Signed | None = None
    root: bytes = b""
    serial: int = 0
    roots: list[Signed] = []

    @property
    def operators(self) -> KeySet | None:
        """Return the KeySet in words, None without one."""
        return opened(self.keyset, KEYSET_CONTEXT, KeySet) if self.keyset else None


class Folder:
    """One trust folder. Methods raise UserError."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def root(self) -> Path:
        """Return the file of the root key."""
        return self.path / "root.key"

    def operator(self, name: str) -> Path:
        """Return the file of the operator key of that name."""
        return self.path / "operators" / f"{name}.key"

    def make(self) -> None:
        """Create the folder for its owner only."""
        try:
            (self.path / "operators").mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
        except OSError as error:
            raise UserError(f"cannot use the trust folder {self.path}: {error.strerror}") from None

    def keys(self) -> dict[str, LockedKey]:
        """Return the operator keys that lie here, by name."""
        found = sorted((self.path / "operators").glob("*.key"))
        return {path.stem: vault.load(path) for path in found}

    def settle(self) -> None:
        """Put the keys of a rotation in place that had been decided when this machine stopped."""
        known = self.known()
        current = {known.root, *(one.key for one in (known.operators or KeySet(0, 0, 0, [])).operators)}
        for path in (self.root, *map(self.operator, self.keys())):
            following = following_path(path)
            if following.exists() and vault.load(following).public in current:
                following.replace(path)

    def known(self) -> Known:
        """Return what is public of the authority; empty where there is none yet."""
        return self._read("public", Known) if (self.path / "public").exists() else Known()

    def keep(self, known: Known) -> None:
        """Store what is public."""
        self._write("public", known)

    def server(self) -> Server | None:
        """Return how the server was reached the last time."""
        return self._read("server", Server) if (self.path / "server").exists() else None

    def keep_server(self, server: Server) -> None:
        """Store how the server is reached."""
        self._write("server", server)

    def book(self) -> dict[str, str]:
        """Return the names under which agents were shown before, by id."""
        return self._read("devices", dict[str, str]) if (self.path / "devices").exists() else {}

    def keep_book(self, book: dict[str, str]) -> None:
        """Store the names of agents."""
        self._write("devices", book)

    def _read(self, name: str, kind: type[Kept]) -> Kept:
        path = self.path / name
        try:
            return msgspec.msgpack.decode(path.read_bytes(), type=kind)
        except OSError as error:
            raise UserError(f"cannot read {path}: {error.strerror}") from None
        except UNREADABLE:
            raise UserError(f"{path} is damaged") from None

    def _write(self, name: str, content: object) -> None:
        path = self.path / name
        try:
            durable.write(path, msgspec.msgpack.encode(content))
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}", status=1) from None


def following_path(path: Path) -> Path:
    """Return where the successor of the key in `path` waits until its rotation is decided."""
    return path.with_name(f"{path.name}.next")


def default() -> Path:
    """Return the trust folder of this user."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "predvid" / "trust"


def refuse_inside_data(folder: Path, data: Path) -> None:
    """Raise UserError where `folder` lies in the data directory `data`, or in another installation's."""
    whole = folder.resolve()
    for parent in (whole, *whole.parents):
        inside = parent == data.resolve()
        with contextlib.suppress(OSError):
            inside = (
                inside or (parent / "run" / "place.json").exists() or (parent / "keys" / "plan.key").exists()
            )
        if inside:
            raise UserError(
                f"{folder} lies in the data directory {parent}: "
                "keys belong outside it, best on another machine"
            )


def usable_name(name: str) -> str:
    """Return an operator's name that can name a file. Raises UserError."""
    with contextlib.suppress(Exception):
        check_id(name)
        if not name.startswith("."):
            return name
    raise UserError(f"'{name}' cannot be an operator's name: letters, digits, dot, dash, at most 64")
