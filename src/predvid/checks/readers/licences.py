"""Licences of Windows and Office from SoftwareLicensingProduct.

Source: learn.microsoft.com/previous-versions/windows/desktop/sppwmi/softwarelicensingproduct.
"""

from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.keyed import keyed
from predvid.checks.readers.plain import records, text, whole
from predvid.checks.readers.windows_asking import rows
from predvid.checks.source import Source

PRODUCTS = (
    "SoftwareLicensingProduct Name,Description,ApplicationID,LicenseFamily,LicenseStatus,PartialProductKey,"
    "ProductKeyChannel,GracePeriodRemaining WHERE PartialProductKey IS NOT NULL"
)
APPLICATIONS = {
    "55c92734-d682-4d71-983e-d6ec3f16059f": "Windows",
    "0ff1ce15-a989-479d-af46-f275c6370663": "Office",
    "59a52881-a989-479d-af46-f275c6370663": "Office",  # Office 2010
}
LICENSED = 1
STATES = {0: "not licensed", 1: "licensed", 2: "grace after install", 3: "grace after a change of hardware",
          4: "not genuine", 5: "asks for activation", 6: "extended grace"}  # fmt: skip
MINUTE = 60


@dataclass(frozen=True)
class Licence:
    """One product with a key: `state` is a number of STATES, `left` seconds until it must be activated."""

    application: str
    name: str
    family: str
    state: int
    channel: str
    partial_key: str
    left: int

    @property
    def subscribed(self) -> bool:
        """Tell whether it is Microsoft 365: its real state lies elsewhere, what stands here is a leftover."""
        return "o365" in self.family.lower()


def parse(instances: Any) -> list[Licence]:
    """Return the products that have a key, of instances of SoftwareLicensingProduct."""
    found = []
    for row in records(instances):
        state, key = whole(row.get("LicenseStatus")), text(row.get("PartialProductKey"))
        application = APPLICATIONS.get(text(row.get("ApplicationID")).lower(), "")
        if state not in STATES or state is None or not key or not application:
            continue
        name = text(row.get("Name")) or application
        channel = text(row.get("ProductKeyChannel")) or text(row.get("Description")).rpartition(", ")[2]
        left = MINUTE * max(0, whole(row.get("GracePeriodRemaining")) or 0)
        found.append(
            Licence(application, name, text(row.get("LicenseFamily")), state, channel, key[-5:], left)
        )
    return found


def best(found: list[Licence]) -> dict[str, Licence]:
    """Return, by application, the licence that counts: a licensed one before others; no subscriptions."""
    chosen: dict[str, Licence] = {}
    for licence in sorted(found, key=lambda one: (one.state != LICENSED, -one.left, one.name)):
        if not licence.subscribed:
            chosen.setdefault(licence.application, licence)
    return chosen


def table(found: list[Licence]) -> list[dict[str, Any]] | None:
    """Return one row for each product: state, channel, the last five letters of the key."""
    return (
        keyed(
            [
                {
                    "key": one.name,
                    "state": STATES[one.state],
                    "channel": one.channel,
                    "partial_key": one.partial_key,
                }
                for one in found
            ]
        )
        or None
    )


def products(source: Source) -> Any:
    """Return the table of this Windows' products."""
    return table(parse(rows(source, PRODUCTS)))
