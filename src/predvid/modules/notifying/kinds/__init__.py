"""Kinds of channels: one file each, found here by being here; each offers one `KIND`."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

from django import forms

from predvid.modules.notifying.messages import Message


class Answer(Protocol):
    """What a web server answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""


Fetch = Callable[..., Answer]  # server.fetching.Fetcher: the one way in which the server calls out


@dataclass(frozen=True)
class Kind:
    """A kind of channel: its settings are what `form` asks for, `secrets` those of them never shown again.

    `send` (within CLAIM of `sending`) raises `failures.NotSent`; `told` says in one line, without a secret,
    where it leads.
    """

    name: str
    title: Any
    form: type[forms.Form]
    secrets: tuple[str, ...]
    send: Callable[[Mapping[str, Any], Message, Fetch], None]
    told: Callable[[Mapping[str, Any]], str]
    routed: bool = True  # a route can end in it


@cache
def kinds() -> Mapping[str, Kind]:
    """Return the kinds that there are, by name."""
    files = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return {
        kind.name: kind for file in files for kind in [importlib.import_module(f"{__name__}.{file}").KIND]
    }
