"""Tells by its form which RAID tool wrote an output, reads it, and names the commands that write it."""

import json
from typing import Any

from predvid.checks.readers.plain import records, within
from predvid.checks.readers.raid_megacli import MEGACLI, MEGASASCTL, parse_megacli, parse_megasasctl
from predvid.checks.readers.raid_model import Found
from predvid.checks.readers.raid_storcli import parse_storcli
from predvid.checks.readers.raid_text import (
    ARCCONF,
    SSACLI,
    TWCLI,
    parse_arcconf,
    parse_ssacli,
    parse_twcli,
)

STORCLI_ALL = (("/call", "show", "all", "J"), ("/call/eall/sall", "show", "all", "J"))
REBUILD = ("/call/eall/sall", "show", "rebuild", "J")
_SMART_ARRAY = (("ctrl", "all", "show", "config", "detail"),)
# One maker's tools, the better first: of the first that answers all commands are run.
Tools = tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]
FAMILIES: tuple[Tools, ...] = (
    (
        ("storcli64", STORCLI_ALL),
        ("storcli", STORCLI_ALL),
        ("perccli64", STORCLI_ALL),
        ("perccli", STORCLI_ALL),
        (
            "MegaCli64",
            (
                ("-LDInfo", "-LALL", "-aALL", "-NoLog"),
                ("-PDList", "-aALL", "-NoLog"),
                ("-AdpBbuCmd", "-GetBbuStatus", "-aALL", "-NoLog"),
            ),
        ),
        ("megasasctl", ((),)),
    ),
    (("ssacli", _SMART_ARRAY), ("hpssacli", _SMART_ARRAY), ("hpacucli", _SMART_ARRAY)),
    (("arcconf", (("getconfig", "1", "al", "nologs"),)),),
    (("tw_cli", (("show",),)),),
)
# PCI drivers of controllers that these tools manage (in Linux: drivers/scsi).
DRIVERS = ("megaraid_sas", "hpsa", "smartpqi", "aacraid", "3w-9xxx", "3w-sas", "3w-xxxx", "cciss")


_TEXTS = {
    "MegaCli64": parse_megacli,
    "megasasctl": parse_megasasctl,
    "ssacli": parse_ssacli,
    "arcconf": parse_arcconf,
}


def parse(text: str, card: str = "c0") -> Found:
    """Return what an output tells; nothing where its form is unknown; `card`: who was asked."""
    tool = tool_of(text)
    if tool == "storcli64":
        return parse_storcli(_json(text))
    if tool == "tw_cli":
        return parse_twcli(text, card)
    return _TEXTS[tool](text) if tool else Found()


def tool_of(text: str) -> str | None:
    """Return the tool that writes texts of this form, None for any other."""
    if text.lstrip()[:1] == "{":
        rows = records(within(_json(text), "Controllers"))
        return "storcli64" if any("Command Status" in row for row in rows) else None
    forms = (
        ("MegaCli64", MEGACLI), ("megasasctl", MEGASASCTL), ("tw_cli", TWCLI), ("arcconf", ARCCONF),
        ("ssacli", SSACLI),
    )  # fmt: skip
    return next((tool for tool, form in forms if form.search(text)), None)


def further(tool: str, found: Found) -> list[tuple[tuple[str, ...], str]]:
    """Return the commands that what was found calls for, each with the controller that it asks about."""
    if tool == "tw_cli":
        cards = [name for name in found.controllers if name[1:].isdecimal()][:8]
        return [((f"/{name}", "show"), name) for name in cards]
    if ("storcli" in tool or "perccli" in tool) and any("Rbld" in d.word for d in found.disks.values()):
        return [(REBUILD, "c0")]
    return []


def command_of(tool: str) -> tuple[str, ...]:
    """Return the first command of a tool."""
    commands = next(commands for family in FAMILIES for name, commands in family if name == tool)
    return (tool, *commands[0])


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
