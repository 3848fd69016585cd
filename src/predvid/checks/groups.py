"""The groups that checks are listed in for people, in the order of a page, in both languages."""

from collections.abc import Iterable

from predvid.checks.v1 import Check
from predvid.core.wording import Text

OTHER = "other"
GROUPS = {
    "performance": Text("Performance", "Performanse"),
    "storage": Text("Storage", "Pohrana"),
    "services": Text("Services and applications", "Usluge i aplikacije"),
    "patches": Text("Patches and updates", "Zakrpe i nadogradnje"),
    "protection": Text("Protection and access", "Zaštita i pristup"),
    "system": Text("System and hardware", "Sustav i sklopovlje"),
    "inventory": Text("Inventory", "Popis opreme i programa"),
    OTHER: Text("Other", "Ostalo"),
}


def group_of(check: Check) -> str:
    """Return the group of `check`; one that this version does not know counts as `other`."""
    return next((name for name in GROUPS if name == check.group), OTHER)


def grouped(checks: Iterable[Check]) -> dict[str, list[Check]]:
    """Return the checks by group, groups in the order of GROUPS, none of them empty."""
    known = list(checks)
    by_group = {name: [check for check in known if group_of(check) == name] for name in GROUPS}
    return {name: members for name, members in by_group.items() if members}
