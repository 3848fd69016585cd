"""What one call of the API is: read from the function that answers it, so that document and code are one."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

import msgspec

from predvid.modules.access.rules import FOR_TOKENS

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])
PLACE = re.compile(r"\{(\w+)\}")
CONVERTERS: Mapping[type, str] = {UUID: "uuid", int: "int", str: "str"}


class Paged(msgspec.Struct, Generic[T]):
    """One page of a list; `total` counts all that was found."""

    items: list[T]
    page: int
    pages: int
    total: int


class Named(msgspec.Struct):
    """Another thing, by its id and name."""

    id: UUID
    name: str


@dataclass(frozen=True)
class Route:
    """One call: its method, its path below the API's root, the verb it asks for (None: who is here may ask).

    `places` are the values in the path, `query` and `body` the structs that it takes, `answer` what it gives.
    """

    method: str
    path: str
    verb: str | None
    status: int
    call: Callable[..., Any]
    places: Mapping[str, type]
    query: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None
    answer: Any

    @property
    def name(self) -> str:
        """Return the name of the call, unique in the API."""
        return str(getattr(self.call, "__name__", ""))

    @property
    def says(self) -> str:
        """Return in words what the call does."""
        return " ".join((self.call.__doc__ or "").split())

    @property
    def django_path(self) -> str:
        """Return the path as Django's resolver writes it."""
        return PLACE.sub(lambda place: f"<{CONVERTERS[self.places[place[1]]]}:{place[1]}>", self.path)


def route(method: str, path: str, verb: str | None, status: int = 200) -> Callable[[F], F]:
    """Make a function answer `method` on `path`.

    Its first argument is the viewer; its hints say what it takes and gives, its words what it does.
    Raises ValueError, at import, for a verb that no token can have.
    """
    if verb is not None and verb not in FOR_TOKENS:
        raise ValueError(f"{verb} is not in access.rules.FOR_TOKENS")

    def known(call: F) -> F:
        hints = get_type_hints(call, include_extras=True)
        places = {name: hints[name] for name in PLACE.findall(path)}
        call.route = Route(  # type: ignore[attr-defined]  # found by `loading`
            method, path, verb, status, call, places, hints.get("query"), hints.get("body"), hints["return"]
        )
        return call

    return known
