"""The releases of the agent as operators publish them: a TUF repository in a folder, signed off the server.

The root key of task authority is the root key here too, so an agent pins one key for both; operators' keys
sign targets, snapshot and timestamp. A server that is given a copy can serve it, withhold it, or serve an old
one until that expires; it can make nothing of its own (The Update Framework specification 1.0).
"""

import hashlib
import os
import re
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from securesystemslib.exceptions import StorageError
from securesystemslib.signer import Key, Signature, Signer, SSlibKey
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from predvid.core import trust
from predvid.core.errors import UserError

LASTS = {  # how long an agent believes each role without news
    Root.type: timedelta(days=730),
    Targets.type: timedelta(days=400),
    Snapshot.type: timedelta(days=400),
    Timestamp.type: timedelta(days=35),
}
BY_OPERATORS = (Targets.type, Snapshot.type, Timestamp.type)
WHEEL = re.compile(r"predvid-([0-9][0-9A-Za-z.+]{0,31})-py3-none-any\.whl")
NEEDED = ("predvid/edge/agent.lock", "predvid/edge/launch.py")


def key_of(public: bytes) -> SSlibKey:
    """Return an Ed25519 public key (32 bytes) as TUF names it: its id is the SHA-256 of the key."""
    value = {"public": public.hex()}
    return SSlibKey(hashlib.sha256(public).hexdigest(), "ed25519", "ed25519", value)


class KeySigner(Signer):
    """Lets one of our keys sign TUF metadata."""

    def __init__(self, signer: trust.Signer) -> None:
        self._signer = signer
        self._key = key_of(signer.public)

    @property
    def public_key(self) -> Key:
        """Return the public half."""
        return self._key

    @classmethod
    def from_priv_key_uri(cls, priv_key_uri: str, public_key: Key, secrets_handler: Any = None) -> "Signer":
        """Refuse: our keys are never named by an address."""
        raise ValueError("A key of a trust folder has no address.")

    def sign(self, payload: bytes) -> Signature:
        """Return the signature over `payload`."""
        return Signature(self._key.keyid, self._signer.sign(payload).hex())


@dataclass(frozen=True)
class Published:
    """One release of the list."""

    version: str
    counter: int
    sha256: str
    size: int


class Repository:
    """A folder with `metadata/` and `targets/`, exactly as the server hands it out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def exists(self) -> bool:
        """Tell whether a list of releases has been begun here."""
        return (self.folder / "metadata" / "timestamp.json").exists()

    def create(self, root: Signer, operators: Sequence[bytes], operator: Signer, now: datetime) -> None:
        """Begin an empty list; `operators` are the public keys that may sign it. Raises UserError."""
        if self.exists():
            raise UserError(f"{self.folder} has a list of releases already.")
        for name in ("metadata", "targets"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        first = Root(expires=_until(Root.type, now), consistent_snapshot=True)
        self._roles(first, root.public_key, operators)
        self._write_root(first, [root])
        self._write_all(Targets(version=1), {}, 1, operator, now)

    def rotate(
        self, old: Signer, new: Signer, operators: Sequence[bytes], operator: Signer, now: datetime
    ) -> None:
        """Let another root key and other operators stand: the next root, signed by both root keys."""
        root = self._root()
        for role in list(root.roles):
            for keyid in list(root.roles[role].keyids):
                root.revoke_key(keyid, role)
        self._roles(root, new.public_key, operators)
        root.version, root.expires = root.version + 1, _until(Root.type, now)
        self._write_root(root, [old] if old.public_key == new.public_key else [old, new])
        self.refresh(operator, now)

    def publish(self, wheel: Path, operator: Signer, now: datetime) -> Published:
        """Add the wheel of a version, with a counter above all before. Raises UserError."""
        version, content = _agent_wheel(wheel)
        targets, snapshot = self._targets(), self._snapshot()
        if wheel.name in targets.targets:
            raise UserError(f"Release {version} is published already; a changed agent needs a new version.")
        counter = targets.version + 1  # of the list that names it: never given twice, whatever was withdrawn
        target = TargetFile.from_data(wheel.name, content, ["sha256"])
        target.unrecognized_fields["custom"] = {"version": version, "counter": counter}
        digest = target.hashes["sha256"]
        _replace(self.folder / "targets" / f"{digest}.{wheel.name}", content)
        targets.targets[wheel.name] = target
        targets.version = counter
        self._write_all(targets, snapshot.meta, snapshot.version + 1, operator, now)
        return Published(version, counter, digest, len(content))

    def withdraw(self, version: str, operator: Signer, now: datetime) -> None:
        """Take a release out of the list: no agent installs it any more. Raises UserError."""
        targets, snapshot = self._targets(), self._snapshot()
        if targets.targets.pop(f"predvid-{version}-py3-none-any.whl", None) is None:
            raise UserError(f"There is no release {version} in the list.")
        targets.version += 1
        self._write_all(targets, snapshot.meta, snapshot.version + 1, operator, now)

    def refresh(self, operator: Signer, now: datetime) -> None:
        """Sign the list anew, unchanged, so that it stays believed."""
        targets, snapshot = self._targets(), self._snapshot()
        targets.version += 1
        self._write_all(targets, snapshot.meta, snapshot.version + 1, operator, now)

    def releases(self) -> list[Published]:
        """Return what the list names, oldest first. Raises UserError where there is no list."""
        found = [
            Published(target.custom["version"], _counter(target), target.hashes["sha256"], target.length)
            for target in self._targets().targets.values()
        ]
        return sorted(found, key=lambda one: one.counter)

    def signed_by(self) -> tuple[str, set[str]]:
        """Return the ids (see `key_of`) of the root key and of the operators whose word the list is."""
        root = self._root()
        return root.roles[Root.type].keyids[0], set(root.roles[Targets.type].keyids)

    def expires(self) -> datetime:
        """Return until when agents believe the list without news."""
        until: datetime = self._read(Timestamp, "timestamp.json").expires
        return until

    def _roles(self, root: Root, key: Key, operators: Sequence[bytes]) -> None:
        root.add_key(key, Root.type)
        for role in BY_OPERATORS:
            for public in operators:
                root.add_key(key_of(public), role)

    def _write_root(self, root: Root, signers: Sequence[Signer]) -> None:
        metadata = Metadata(root)
        for signer in signers:
            metadata.sign(signer, append=True)
        _replace(self.folder / "metadata" / f"{root.version}.root.json", metadata.to_bytes())

    def _write_all(
        self, targets: Targets, meta: Mapping[str, MetaFile], version: int, operator: Signer, now: datetime
    ) -> None:
        """Write targets, snapshot and, last, the timestamp that makes them the current ones."""
        targets.expires = _until(Targets.type, now)
        listed = {**meta, "targets.json": MetaFile(targets.version)}
        snapshot = Snapshot(version=version, expires=_until(Snapshot.type, now), meta=listed)
        stamp = Timestamp(
            version=version, expires=_until(Timestamp.type, now), snapshot_meta=MetaFile(version)
        )
        for signed, name in (
            (targets, f"{targets.version}.targets.json"),
            (snapshot, f"{version}.snapshot.json"),
            (stamp, "timestamp.json"),
        ):
            metadata: Metadata[Any] = Metadata(signed)
            metadata.sign(operator)
            _replace(self.folder / "metadata" / name, metadata.to_bytes())

    def _root(self) -> Root:
        numbers = [int(path.name.split(".")[0]) for path in (self.folder / "metadata").glob("*.root.json")]
        root: Root = self._read(Root, f"{max(numbers, default=1)}.root.json")
        return root

    def _snapshot(self) -> Snapshot:
        stamp: Timestamp = self._read(Timestamp, "timestamp.json")
        snapshot: Snapshot = self._read(Snapshot, f"{stamp.snapshot_meta.version}.snapshot.json")
        return snapshot

    def _targets(self) -> Targets:
        version = self._snapshot().meta["targets.json"].version
        targets: Targets = self._read(Targets, f"{version}.targets.json")
        return targets

    def _read(self, kind: type[Any], name: str) -> Any:
        path = self.folder / "metadata" / name
        try:
            signed = Metadata[Any].from_file(str(path)).signed
        except (OSError, StorageError, RepositoryError) as error:
            raise UserError(f"{path} is no list of releases: {error}") from None
        if not isinstance(signed, kind):
            raise UserError(f"{path} is not what its name says.")
        return signed


def _until(role: str, now: datetime) -> datetime:
    return (now + LASTS[role]).replace(microsecond=0)


def _counter(target: TargetFile) -> int:
    return int(target.custom["counter"])


def _agent_wheel(path: Path) -> tuple[str, bytes]:
    found = WHEEL.fullmatch(path.name)
    if found is None:
        raise UserError(f"{path.name} is no wheel of Predvid: predvid-VERSION-py3-none-any.whl")
    try:
        with zipfile.ZipFile(path) as wheel:
            missing = [name for name in NEEDED if name not in wheel.namelist()]
        content = path.read_bytes()
    except (OSError, zipfile.BadZipFile) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    if missing:
        raise UserError(f"{path.name} lacks {', '.join(missing)}: agents could not be updated with it.")
    return found.group(1), content


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
