"""Facts of a device as people read them: titled, with named columns, units and counts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext

from predvid.core.wording import number, size
from predvid.modules.inventory.models import Fact

MOST_ROWS = 5000
TITLES = {
    "hardware.system": gettext_lazy("Machine"),
    "hardware.cpu": gettext_lazy("Processor"),
    "hardware.memory": gettext_lazy("Memory"),
    "hardware.disks": gettext_lazy("Disks"),
    "network.interfaces": gettext_lazy("Network interfaces"),
    "network.hostname": gettext_lazy("Host name"),
    "os.release": gettext_lazy("Operating system"),
    "os.kernel": gettext_lazy("Kernel"),
    "software.packages": gettext_lazy("Installed software"),
    "users.local": gettext_lazy("Local accounts"),
    "patches.pending": gettext_lazy("Pending patches"),
    "patches.held": gettext_lazy("Patches held back"),
    "device.reboot_pending": gettext_lazy("Waits for a restart"),
}
COLUMNS = {
    "vendor": gettext_lazy("Maker"),
    "model": gettext_lazy("Model"),
    "serial": gettext_lazy("Serial number"),
    "cores": gettext_lazy("Cores"),
    "threads": gettext_lazy("Threads"),
    "total_bytes": gettext_lazy("Size"),
    "size_bytes": gettext_lazy("Size"),
    "name": gettext_lazy("Name"),
    "version": gettext_lazy("Version"),
    "architecture": gettext_lazy("Architecture"),
    "mac": gettext_lazy("MAC address"),
    "addresses": gettext_lazy("Addresses"),
    "rotational": gettext_lazy("Spinning"),
    "transport": gettext_lazy("Connection"),
    "from": gettext_lazy("Installed"),
    "to": gettext_lazy("New"),
    "security": gettext_lazy("Security"),
    "uid": gettext_lazy("Number"),
    "shell": gettext_lazy("Shell"),
    "home": gettext_lazy("Home folder"),
    "groups": gettext_lazy("Groups"),
    "admin": gettext_lazy("Administrator"),
}
HIDDEN = {"device.boot_id"}  # means something to programs only


@dataclass(frozen=True)
class FactTable:
    """One fact ready to be shown: `pairs`, or `columns` with `rows`, or `text`."""

    id: str
    title: str
    summary: str
    pairs: list[tuple[str, str]]
    columns: list[str]
    rows: list[list[str]]
    text: str

    @property
    def short(self) -> bool:
        """Tell whether the fact is shown without asking."""
        return bool(self.pairs) and len(self.pairs) <= 4


def tables(facts: Iterable[Fact], language: str) -> list[FactTable]:
    """Return the facts in the order of TITLES, unknown ones after them."""
    order = list(TITLES)
    known = sorted(
        (fact for fact in facts if fact.name not in HIDDEN),
        key=lambda fact: (order.index(fact.name) if fact.name in TITLES else len(order), fact.name),
    )
    return [_table(fact, language) for fact in known]


def _table(fact: Fact, language: str) -> FactTable:
    title = str(TITLES.get(fact.name, fact.name))
    slug = fact.name.replace(".", "-")
    value = fact.value
    if isinstance(value, dict):
        pairs = [
            (_column(name), words(name, part, language))
            for name, part in value.items()
            if part not in ("", None)
        ]
        return FactTable(slug, title, "", pairs, [], [], "")
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return _rows(slug, title, value, language)
    if isinstance(value, list) and not value:
        return FactTable(slug, title, gettext("none"), [], [], [], gettext("none"))
    return FactTable(slug, title, "", [], [], [], words(fact.name, value, language))


def _rows(slug: str, title: str, value: list[dict[str, Any]], language: str) -> FactTable:
    names = list(dict.fromkeys(name for row in value[:200] for name in row))
    if "name" in names:  # the key only tells rows apart
        names.remove("key")
        names.remove("name")
        names.insert(0, "name")
    rows = [[words(name, row.get(name), language) for name in names] for row in value[:MOST_ROWS]]
    summary = ngettext("%(n)s entry", "%(n)s entries", len(value)) % {"n": number(len(value), language, 0)}
    return FactTable(slug, title, summary, [], [_column(name) for name in names], rows, "")


def _column(name: str) -> str:
    if name == "key":
        return gettext("Name")
    known = COLUMNS.get(name)
    return str(known) if known is not None else name.replace("_", " ").capitalize()


def words(name: str, value: Any, language: str) -> str:
    """Return one value in words; sizes by the ending of their name, truths as yes and no."""
    shown: Mapping[type, Callable[[Any], str]] = {
        bool: lambda truth: gettext("yes") if truth else gettext("no"),
        int: lambda whole: size(whole, language) if name.endswith("_bytes") else str(whole),
        float: lambda real: size(real, language) if name.endswith("_bytes") else number(real, language),
        list: lambda parts: ", ".join(words("", part, language) for part in parts) or "–",
        dict: lambda parts: ", ".join(f"{key} {words(key, part, language)}" for key, part in parts.items()),
    }
    if value is None or value == "":
        return "–"
    form = shown.get(type(value))
    return form(value) if form else str(value)
