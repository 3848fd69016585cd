"""Pure decisions about groups: what a saved filter means, and whether a device is in it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import UUID

MAX_WORDS = 50  # of one part of a filter
MAX_TAG = 40
TAG_SIGNS = "-_.:"  # beside letters and digits


@dataclass(frozen=True, slots=True)
class Traits:
    """What is known of a device that a filter can ask for."""

    type: str = ""
    platform: str = ""
    os: str = ""
    client: UUID | None = None
    site: UUID | None = None
    tags: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which devices a group takes in by itself; an empty part asks for nothing.

    A device fits if each part that asks has something of it; of `tags` it must have all. `os` is a text that
    the name of its system contains. A filter that asks for nothing takes in nobody.
    """

    types: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    os: str = ""

    @property
    def asks(self) -> bool:
        """Tell whether it asks for anything."""
        return any(getattr(self, part.name) for part in fields(self))

    def takes(self, traits: Traits) -> bool:
        """Tell whether a device with these traits fits."""
        if not self.asks or self.os.lower() not in traits.os.lower():
            return False
        told = (
            (self.types, traits.type),
            (self.platforms, traits.platform),
            (self.clients, str(traits.client)),
            (self.sites, str(traits.site)),
        )
        if any(wanted and has not in wanted for wanted, has in told):
            return False
        return set(self.tags) <= traits.tags and (not self.roles or bool(traits.roles & set(self.roles)))

    def stored(self) -> dict[str, Any]:
        """Return it as the database keeps it: the parts that ask."""
        return {name: value for name, value in asdict(self).items() if value}


def read_filter(stored: object) -> Filter:
    """Return a stored filter; parts of a wrong kind, or unknown, ask for nothing."""
    if not isinstance(stored, Mapping):
        return Filter()
    os = stored.get("os")
    lists = {part.name: _words(stored.get(part.name)) for part in fields(Filter) if part.name != "os"}
    return Filter(**lists, os=os[:120] if isinstance(os, str) else "")


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(word for word in value if isinstance(word, str) and word)[:MAX_WORDS]


def takes(filter: Filter, owner: UUID | None, traits: Traits) -> bool:
    """Tell whether a group of `owner` (None: the whole MSP) takes in a device by its filter."""
    return (owner is None or owner == traits.client) and filter.takes(traits)


def tag_of(text: str) -> str:
    """Return a tag as it is kept: small letters, digits, -_.: and - for spaces. Raises ValueError."""
    tag = "-".join(text.strip().lower().split())
    if not tag or len(tag) > MAX_TAG or not all(sign.isalnum() or sign in TAG_SIGNS for sign in tag):
        raise ValueError(text)
    return tag
