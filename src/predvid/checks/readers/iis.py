"""Sites and application pools of IIS, as the script `iis` returns them.

States are those of Microsoft.Web.Administration.ObjectState, as numbers (0 Starting, 1 Started, 2 Stopping,
3 Stopped, 4 Unknown; learn.microsoft.com/dotnet/api/microsoft.web.administration.objectstate).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.plain import records, text, within

WAS = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/W3SVC"
STOPPED = (2, 3)


@dataclass(frozen=True, slots=True)
class Part:
    """A site or an application pool: `auto` that IIS starts it, `kind` "site" or "pool"."""

    kind: str
    name: str
    auto: bool
    stopped: bool
    detail: str


def parts(answer: Any) -> Iterator[Part]:
    """Yield the sites and pools of the script's answer, each name once."""
    answer = answer[0] if isinstance(answer, list) and answer else answer
    for kind, rows in (("site", within(answer, "sites")), ("pool", within(answer, "pools"))):
        named = {text(row.get("name")): row for row in records(rows)}
        for name, row in sorted(named.items()):
            if name:
                stopped = row.get("state") in STOPPED and not isinstance(row.get("state"), bool)
                yield Part(kind, name, row.get("auto") is True, stopped, text(row.get("detail")))
