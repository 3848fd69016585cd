"""Who this agent is: its state folder, its keys, its enrolment, its generation, and the lock on all of it."""

import os
import secrets
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from predvid.core.errors import UserError
from predvid.core.trust import SEED_BYTES, Signer
from predvid.edge import durable, protection

if sys.platform == "win32":
    import ctypes
    import msvcrt
else:
    import fcntl


class Membership(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the agent keeps of its enrolment: the server it belongs to and the keys that it pins.

    `client` and `site` are the ids that the server gave then; later only a signed Placement changes them.
    """

    agent: str
    server: str
    plan_key: bytes
    role: str = "device"
    proxy: str = ""
    name: str = ""
    client: str = ""
    site: str = ""


@dataclass(frozen=True)
class StateFolder:
    """The paths inside an agent's state folder."""

    path: Path

    @property
    def keys(self) -> Path:
        """64 secret bytes: the signing seed, then the X25519 sealing key."""
        return self.path / "agent.key"

    @property
    def membership(self) -> Path:
        """The enrolment, as JSON."""
        return self.path / "agent.json"

    @property
    def generation(self) -> Path:
        """How many times an agent started on this folder, as decimal text."""
        return self.path / "generation"

    @property
    def audit_heads(self) -> Path:
        """Heads of the audit that the server told, as JSON."""
        return self.path / "audit_heads"

    @property
    def plan(self) -> Path:
        """The newest SignedPlan accepted."""
        return self.path / "plan"

    @property
    def pin(self) -> Path:
        """The fingerprint of the trust root that this device pins, as JSON: the administrator's word."""
        return self.path / "pin.json"

    @property
    def trust(self) -> Path:
        """What was believed since, by the pinned root's word: root, KeySet, placement (msgpack)."""
        return self.path / "trust"

    @property
    def ledger(self) -> Path:
        """Which tasks have run (SQLite)."""
        return self.path / "tasks.db"

    @property
    def ca(self) -> Path:
        """The CA certificate (PEM) that the server's certificate must come from, if there is one."""
        return self.path / "ca.pem"

    @property
    def outbox(self) -> Path:
        """The durable spool (SQLite)."""
        return self.path / "outbox.db"

    @property
    def kept(self) -> Path:
        """What checks remember beyond the agent's end, as JSON."""
        return self.path / "kept.json"

    @property
    def policy(self) -> Path:
        """The local policy where /etc/predvid has none."""
        return self.path / "policy.toml"

    def make(self) -> None:
        """Create the folder, readable by its owner only; raise UserError where that is not allowed."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"cannot create the state folder {self.path}: {error.strerror}") from None
        if sys.platform == "win32":
            protection.protect(self.path, bool(ctypes.windll.shell32.IsUserAnAdmin()))


def default_state() -> StateFolder:
    """Return this user's state folder: /var/lib for root, ProgramData on Windows, else under the home."""
    if sys.platform == "win32":
        return StateFolder(Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Predvid" / "agent")
    if os.geteuid() == 0:
        return StateFolder(Path("/var/lib/predvid-agent"))
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return StateFolder(Path(home) / "predvid-agent")


@dataclass(frozen=True)
class Keys:
    """The agent's two secrets: `sign` is an Ed25519 seed, `seal` an X25519 secret key (32 bytes each)."""

    sign: bytes
    seal: bytes

    def __repr__(self) -> str:
        return "Keys(<secret>)"

    def signer(self) -> Signer:
        """Return the signer of this agent's requests."""
        return Signer(self.sign)


def load_keys(state: StateFolder) -> Keys:
    """Return the keys on disk; raise UserError where there are none, or where others can read them."""
    try:
        mode = stat.S_IMODE(state.keys.stat().st_mode)
        data = state.keys.read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"no agent is enrolled in {state.path}: run 'predvid agent enroll URL --token T'"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {state.keys}: {error.strerror}") from None
    if sys.platform != "win32" and mode & 0o077:
        raise UserError(
            f"{state.keys} can be read by others (mode {mode:o}): enrol anew, or chmod 600 if you are sure"
        )
    if len(data) != 2 * SEED_BYTES:
        raise UserError(
            f"{state.keys} is damaged ({len(data)} bytes instead of {2 * SEED_BYTES}): enrol anew"
        )
    return Keys(data[:SEED_BYTES], data[SEED_BYTES:])


def load_or_make_keys(state: StateFolder) -> Keys:
    """Return the keys on disk, made and made durable if there were none (enrolling again keeps the key)."""
    if not present(state.keys):
        durable.write(state.keys, secrets.token_bytes(2 * SEED_BYTES))
    return load_keys(state)


def load_membership(state: StateFolder) -> Membership:
    """Return the stored enrolment; raise UserError where this folder was never enrolled or is damaged."""
    try:
        return msgspec.json.decode(state.membership.read_bytes(), type=Membership)
    except FileNotFoundError:
        raise UserError(
            f"no agent is enrolled in {state.path}: run 'predvid agent enroll URL --token T'"
        ) from None
    except OSError as error:
        raise UserError(f"cannot read {state.membership}: {error.strerror}") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(f"{state.membership} is damaged ({error}): enrol anew") from None


def save_membership(state: StateFolder, membership: Membership) -> None:
    """Store the enrolment durably."""
    durable.write(state.membership, msgspec.json.encode(membership) + b"\n")


def upcoming_generation(state: StateFolder) -> int:
    """Return the number of this start (from 1), to be stored before the first request of a process.

    A copied state folder repeats or lags a number that the server has seen, and is caught by it.
    """
    try:
        return int(state.generation.read_text()) + 1
    except FileNotFoundError:
        return 1
    except ValueError:
        raise UserError(f"{state.generation} is damaged: enrol anew") from None
    except OSError as error:
        raise UserError(f"cannot read {state.generation}: {error.strerror}", status=1) from None


def store_generation(state: StateFolder, number: int) -> None:
    """Count the start of that number durably; raise UserError (status 1) where the disk refuses."""
    try:
        durable.write(state.generation, str(number).encode())
    except OSError as error:
        raise UserError(f"cannot write {state.generation}: {error.strerror}", status=1) from None


def next_generation(state: StateFolder) -> int:
    """Count this start durably and return its number; see `upcoming_generation`. Raises UserError."""
    number = upcoming_generation(state)
    store_generation(state, number)
    return number


def new_boot() -> str:
    """Return the random id of this start of the agent (32 hexadecimal digits)."""
    return secrets.token_hex(16)


class Lock:
    """Holds a state folder for one process; the operating system lets go when that process ends."""

    def __init__(self, state: StateFolder, name: str = "lock") -> None:
        self._path = state.path / name
        self._file: BinaryIO | None = None

    def take(self) -> bool:
        """Take the lock; return False where another process holds it. Raises UserError without access."""
        try:
            file = self._path.open("ab")
        except OSError as error:
            raise UserError(f"cannot use {self._path}: {error.strerror}") from None
        try:
            if sys.platform == "win32":
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.close()
            if sys.platform == "win32" or isinstance(error, BlockingIOError):
                return False
            raise UserError(f"cannot lock {self._path}: {error.strerror}") from None
        self._file = file
        return True

    def release(self) -> None:
        """Let go of the lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


def locked(state: StateFolder, patience: float = 0.0) -> Lock:
    """Return the taken lock of `state`, within `patience` seconds; raise UserError where an agent has it.

    The status is 1: `agent status` and `agent selftest` take the lock for moments, and a service that starts
    just then must be started again.
    """
    lock, until = Lock(state), time.monotonic() + patience
    while not lock.take():
        if time.monotonic() >= until:
            raise UserError(f"another agent already runs on {state.path}", status=1)
        time.sleep(0.1)
    return lock


def present(path: Path) -> bool:
    """Tell whether `path` exists; raise UserError where that cannot be seen (no permission)."""
    try:
        return path.exists()
    except OSError as error:
        raise UserError(f"cannot look at {path}: {error.strerror}") from None
