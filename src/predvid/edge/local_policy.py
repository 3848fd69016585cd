"""The owner's word over this machine: a local file that the server can narrow but never widen.

`/etc/predvid/policy.toml` (on Windows the state folder's `policy.toml`) belongs to root. Without it the agent
runs the installed read-only checks and nothing else, until the machine's administrator pins a trust root
(`predvid agent trust`), which allows tasks; a file that is wrong or that others may write stops it.
"""

import ipaddress
import os
import stat
import sys
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from predvid.core.errors import UserError
from predvid.edge.identity import StateFolder, present
from predvid.wire.authority import LANGUAGES
from predvid.wire.verifying import Limits

SYSTEM = Path("/etc/predvid/policy.toml")
BY_PIN = frozenset({0, 1, 2})  # the classes that pinning a root allows where the owner wrote no file
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Policy:
    """What this machine allows. `checks` None: every installed check; no `address_ranges`: no probing.

    `updates`: whether releases that operators signed are installed.
    `minimum_interval` in seconds; `rate` is the most check runs a minute, targets counted one by one.
    `task_classes` None: no file says anything. `operators`: names or fingerprints, None for all that the root
    names. `allow_widening`: orders that widen rights may run.
    """

    checks: frozenset[str] | None = None
    max_checks: int = 200
    minimum_interval: int = 10
    task_classes: frozenset[int] | None = None
    rate: int = 600
    address_ranges: tuple[Network, ...] = ()
    updates: bool = True
    task_languages: frozenset[str] = LANGUAGES
    tasks_per_hour: int = 60
    operators: frozenset[str] | None = None
    allow_widening: bool = False

    def classes(self, pinned: bool) -> frozenset[int]:
        """Return the classes of tasks that may run here; without a pinned root plans (class 0) alone."""
        if not pinned:
            return frozenset({0})
        return BY_PIN if self.task_classes is None else self.task_classes

    def limits(self, pinned: bool) -> Limits:
        """Return what tasks are held to."""
        return Limits(self.classes(pinned), self.task_languages, self.operators, self.allow_widening)

    def allows_target(self, target: str) -> bool:
        """Tell whether a probe may touch `target`, an address; names are refused, for they can move."""
        try:
            address = ipaddress.ip_address(target)
        except ValueError:
            return False
        return any(address in network for network in self.address_ranges)


def find(state: StateFolder) -> Path | None:
    """Return the policy file that counts on this machine: the system's before the state folder's."""
    places = (state.policy,) if sys.platform == "win32" else (SYSTEM, state.policy)
    return next((path for path in places if present(path)), None)


def load(path: Path | None) -> Policy:
    """Return the policy in `path`, the default for None; raise UserError naming file and field."""
    if path is None:
        return Policy()
    try:
        _check_owner(path)
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: {error}") from None
    known = {field.name for field in fields(Policy)}
    for name in data:
        if name not in known:
            raise UserError(f"{path}: '{name}' is no setting; there are: {', '.join(sorted(known))}")
    try:
        return Policy(**{name: _READ[name](value) for name, value in ({"task_classes": [0]} | data).items()})
    except _Wrong as wrong:
        raise UserError(f"{path}: {wrong}") from None


def _check_owner(path: Path) -> None:
    if sys.platform == "win32":  # the installer's ACL guards it there
        return
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()) or (os.geteuid() == 0 and status.st_uid != 0):
        raise UserError(f"{path} must belong to root")
    if stat.S_IMODE(status.st_mode) & 0o022:
        raise UserError(f"{path} can be written by others: chmod 644 it")


class _Wrong(Exception):
    """A value of the wrong kind; the message names the field."""


def _list(value: Any, name: str, kind: type) -> list[Any]:
    if not isinstance(value, list) or any(type(item) is not kind for item in value):
        raise _Wrong(f"'{name}' must be a list of {'texts' if kind is str else 'whole numbers'}")
    return value


def _number(name: str, low: int) -> Any:
    def read(value: Any) -> int:
        if type(value) is not int or value < low:
            raise _Wrong(f"'{name}' must be a whole number of at least {low}")
        return value

    return read


def _checks(value: Any) -> frozenset[str] | None:
    return None if value == "all" else frozenset(_list(value, "checks", str))


def _texts(name: str) -> Any:
    return lambda value: frozenset(_list(value, name, str))


def _yes_or_no(name: str) -> Any:
    def read(value: Any) -> bool:
        if type(value) is not bool:
            raise _Wrong(f"'{name}' must be true or false")
        return value

    return read


def _ranges(value: Any) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(text) for text in _list(value, "address_ranges", str))
    except ValueError as error:
        raise _Wrong(f"'address_ranges': {error}") from None


_READ: dict[str, Any] = {
    "checks": _checks,
    "max_checks": _number("max_checks", 0),
    "minimum_interval": _number("minimum_interval", 1),
    "task_classes": lambda value: frozenset(_list(value, "task_classes", int)),
    "rate": _number("rate", 1),
    "address_ranges": _ranges,
    "updates": _yes_or_no("updates"),
    "task_languages": _texts("task_languages"),
    "tasks_per_hour": _number("tasks_per_hour", 0),
    "operators": _texts("operators"),
    "allow_widening": _yes_or_no("allow_widening"),
}
