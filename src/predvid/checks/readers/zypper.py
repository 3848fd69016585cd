"""Reads pending updates and patches under zypper, from its XML (zypper(8): list-updates, list-patches, -x).

The XML is read by its elements, so that a torn one still tells what it holds and entities are never expanded.
"""

import html
import re
from collections.abc import Iterator

from predvid.checks.readers.updates import Update, Updates, fetched_at
from predvid.checks.source import Source

ASK = ("zypper", "--xmlout", "--non-interactive", "--no-refresh")
CACHES = ("/var/cache/zypp/raw",)
_UPDATE = re.compile(r"<update ([^<>]{1,4000})>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def read(source: Source) -> Updates:
    """Return what zypper would update; patches do not name their packages.

    Raises CannotRead where it has no lists or does not answer.
    """
    fetched = fetched_at(source, CACHES, "zypper")
    packages = list(elements(source.run(*ASK, "list-updates", timeout=90), "package"))
    patches = list(elements(source.run(*ASK, "list-patches", timeout=90), "patch"))
    pending = {
        row["name"]: Update(row["name"], row.get("edition-old", ""), row.get("edition", ""), None)
        for row in packages
    }
    security = {row["name"] for row in patches if row.get("category") == "security"}
    return Updates(tuple(pending.values()), len(security), (), fetched)


def elements(text: str, kind: str) -> Iterator[dict[str, str]]:
    """Yield the attributes of each `update` of a kind (`package`, `patch`) that has a name."""
    for match in _UPDATE.finditer(text):
        row = {name: html.unescape(value)[:200] for name, value in _ATTRIBUTE.findall(match[1])}
        if row.get("kind") == kind and row.get("name"):
            yield row
