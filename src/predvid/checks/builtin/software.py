"""Software: the installed packages and programs as facts; the server tells of what came, went or changed.

Sources: deb-control(5), rpm(8), Windows' uninstall entries and store packages, system_profiler(8).
"""

from collections.abc import Iterator
from typing import Any

from predvid.checks.readers import windows_export
from predvid.checks.readers.inventory_texts import SOFTWARE as TEXTS
from predvid.checks.readers.software_facts import SOFTWARE
from predvid.checks.v1 import CannotRead, Check, Fact, Sample, Source, Text


def collect(source: Source, params: None, state: dict[str, Any]) -> Iterator[Fact | Sample]:
    """Yield the programs and their number; what cannot be read is left out, not empty."""
    failure = None
    for name, read in SOFTWARE[source.platform].items():
        try:
            value = read(source)
        except CannotRead as error:
            failure = failure or error
            continue
        if value is not None:
            yield Fact(name, value)
            if name == "software.packages":
                yield Sample("software_installed", len(value))
    if failure is not None:
        raise failure


check = Check(
    name="software",
    title=Text("Software", "Instalirani programi"),
    group="inventory",
    collect=collect,
    interval=6 * 3600,
    timeout=150,
    replay=windows_export.replay,
    charts=("software_installed",),
    texts={
        **TEXTS,
        "metric.software_installed": Text("Installed programs", "Instalirani programi"),
    },
)
