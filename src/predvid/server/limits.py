"""How much the gateway takes of one agent, client, address, session or token; the rest hears when to return.

The figures are generous: they stop a flood, not a fleet that comes back. Agents behind one address share its
bucket, so an address may bring ten thousand of them at once. Memory is bounded by `buckets.Buckets`.
"""

import hashlib
import math
import time
from collections.abc import Callable, Hashable, Mapping, MutableMapping
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any
from uuid import UUID

from predvid.modules.monitoring.delivery import Refused
from predvid.server.buckets import Buckets, Rate

Scope = MutableMapping[str, Any]
MIB = 1 << 20
LONGEST = 60  # seconds that anybody is told to wait
RATES: Mapping[str, Rate] = {
    "agent requests": Rate(60, 1200),  # a week's outbox goes out one batch after the other, and quickly
    "agent bytes": Rate(8 * MIB, 256 * MIB),
    "client requests": Rate(2000, 60_000),
    "client bytes": Rate(64 * MIB, 2048 * MIB),
    "address requests": Rate(2000, 60_000),
    "enrolments": Rate(20, 2500),  # of one address: a deployment to a whole site
    "passwords": Rate(2, 120),  # guesses by one address; by account the sign-in itself counts
    "pages": Rate(50, 1000),  # of one session, or of one address without
    "pages of an address": Rate(300, 6000),
    "calls": Rate(100, 2000),  # of one token
}
GUESSED = ("/sign-in", "/welcome", "/forgotten", "/prove", "/profile")  # where a password or code is tried
SESSION = b"predvid_session="
API = "/api/"


class Limits:
    """The buckets of one gateway process; `clock` is steady."""

    def __init__(
        self, rates: Mapping[str, Rate] = RATES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._buckets = {name: Buckets(rate) for name, rate in rates.items()}

    def _take(self, name: str, key: Hashable, cost: float = 1.0) -> None:
        if wait := self._buckets[name].take(key, cost, self._clock()):
            retry = min(max(math.ceil(wait), 1), LONGEST)
            code = "too_many" if "bytes" not in name else "too_much"
            raise Refused(429, code, f"Too much at once ({name}); come back in {retry} s.", retry)

    def agent_path(self, scope: Scope) -> None:
        """Count a request to the agents' door by its address, before it is read. Raises Refused (429)."""
        self._take("address requests", address(scope))
        if scope["path"].endswith("/enrol"):
            self._take("enrolments", address(scope))

    def agent(self, agent: UUID, client: UUID, size: int) -> None:
        """Count a signed request of `size` bytes by its agent, then by its client. Raises Refused (429)."""
        self._take("agent requests", agent)
        self._take("agent bytes", agent, size)
        self._take("client requests", client)
        self._take("client bytes", client, size)

    def person(self, scope: Scope) -> None:
        """Count a request of a person or program by token or session, then address. Raises Refused (429)."""
        path, here = scope["path"], address(scope)
        if scope["method"] == "POST" and path.startswith(GUESSED):
            self._take("passwords", here)
        calls = path.startswith(API)
        who = _header(scope, b"authorization") if calls else _session(_header(scope, b"cookie"))
        self._take("calls" if calls else "pages", _mark(who) if who else here)
        self._take("pages of an address", here)


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _session(cookies: bytes) -> bytes:
    parts = (part.strip() for part in cookies.split(b";"))
    return next((part for part in parts if part.startswith(SESSION)), b"")


def _mark(secret: bytes) -> str:
    """Return what stands for a cookie or token: the secret itself is not remembered."""
    return hashlib.blake2b(secret, digest_size=12).hexdigest()


def address(scope: Scope) -> str:
    """Return the address that a request came from; of IPv6 the network that one subscriber has (RFC 6177)."""
    client = scope.get("client")
    return _subscriber(str(client[0]) if client else "")


@lru_cache(maxsize=10_000)
def _subscriber(text: str) -> str:
    try:
        known = ip_address(text)
    except ValueError:
        return text
    if not isinstance(known, IPv6Address):
        return text
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(IPv6Address(int(known) >> 64 << 64))
