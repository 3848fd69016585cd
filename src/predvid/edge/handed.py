"""Secrets that the plan hands to a check: opened into memory, given through the source that it reads."""

from collections.abc import Callable
from typing import Any

import msgspec

from predvid.checks.source import Source
from predvid.checks.v1 import CannotRead
from predvid.core.model import say
from predvid.core.sealed_box import NotForUs, open_box
from predvid.edge.link import UNREADABLE
from predvid.wire.secrets import Handed, HandedSecret
from predvid.wire.v1 import Plan, PlannedCheck

Secrets = tuple[HandedSecret, ...]
Open = Callable[[Plan, PlannedCheck], Secrets]


class SecretsRefused(Exception):
    """What is sealed in the plan was not made for this agent, this check and this plan."""


def opener(agent: str, key: bytes) -> Open:
    """Return the function that opens what a plan seals to `agent`, whose X25519 secret key is `key`."""

    def opened(plan: Plan, planned: PlannedCheck) -> Secrets:
        if not planned.sealed:
            return ()
        try:
            handed = msgspec.msgpack.decode(open_box(key, planned.sealed), type=Handed)
        except (NotForUs, *UNREADABLE):
            raise SecretsRefused from None
        if (handed.agent, handed.check, handed.version) != (agent, planned.name, plan.version):
            raise SecretsRefused
        return tuple(handed.secrets)

    return opened


def nothing(plan: Plan, planned: PlannedCheck) -> Secrets:
    """Open nothing: for whoever has no key."""
    if planned.sealed:
        raise SecretsRefused
    return ()


class Handing:
    """A source that answers its check's question for a secret; all else it asks the device."""

    def __init__(self, source: Source, secrets: Secrets) -> None:
        self.platform, self._source, self._secrets = source.platform, source, secrets
        self.now, self.text, self.listing = source.now, source.text, source.listing
        self.run, self.table = source.run, source.table

    def query(self, kind: str, argument: str) -> Any:
        """Answer `secret` with those for that target, each as its `kind` and its fields; see `Source`."""
        if kind != "secret":
            return self._source.query(kind, argument)
        found = [msgspec.to_builtins(one.value) for one in self._secrets if one.target in ("", argument)]
        if not found:
            raise CannotRead(say("check.no_secret"))
        return found
