"""Devices as rows of a spreadsheet."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from predvid.modules.access.exports import Cell
from predvid.modules.monitoring.state_words import state_word

HEAD = (
    *(_("Device"), _("Client"), _("Site"), _("Type"), _("System"), _("State"), _("Open alerts")),
    _("Last data"),
)


def rows(devices: Iterable[Any]) -> Iterator[list[Cell]]:
    """Yield a row (see HEAD) for each device that the list's query gave."""
    for device in devices:
        yield [
            device.name,
            device.client.name,
            device.site.name,
            device.get_type_display(),
            device.os,
            state_word(device.standing),
            device.alert_count,
            timezone.localtime(device.seen) if device.seen else None,
        ]
