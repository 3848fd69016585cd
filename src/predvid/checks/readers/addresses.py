"""Tells addresses that the whole internet can reach from those of inner networks (IANA's registries)."""

import ipaddress
from typing import Any

from predvid.checks.readers import plain
from predvid.checks.source import Source

EVERYWHERE = ("0.0.0.0", "::", "*")  # noqa: S104 - what listens there, not where this program does


def is_public(address: Any) -> bool:
    """Tell whether an address is a global one of IPv4: with IPv6 every device has one, behind its router."""
    try:
        found = ipaddress.ip_address(address if isinstance(address, str) else "")
    except ValueError:
        return False
    return found.version == 4 and found.is_global and not found.is_multicast


def public_addresses(source: Source) -> list[str]:
    """Return the device's own public IPv4 addresses, sorted; raise CannotRead as the source does."""
    nics = source.table("net_addresses")
    rows = (
        [row for entries in nics.values() for row in plain.records(entries)] if isinstance(nics, dict) else []
    )
    return sorted({row["address"] for row in rows if is_public(row.get("address"))})


def exposed(bound: Any, public: list[str]) -> list[str]:
    """Return the public addresses on which something that is bound to `bound` can be reached."""
    address = plain.text(bound).partition("%")[0].strip("[]").removeprefix("::ffff:")
    return public if address in EVERYWHERE else [each for each in public if each == address]
