"""Reads the JSON of storcli and perccli (Broadcom StorCLI reference manual, `show all J`)."""

import re
from typing import Any

from predvid.checks.readers.plain import number, records, text, whole, within
from predvid.checks.readers.raid_model import (
    BAD,
    WARNED,
    Controller,
    Disk,
    Found,
    Volume,
    battery_state,
    controller_state,
    degrees,
    disk_state,
    volume_state,
)

_PLACE = re.compile(r"/c(\d{1,3})(?:/e(\d{1,5}))?/s(\d{1,5})", re.ASCII)


def parse_storcli(tree: Any) -> Found:
    """Return what the JSON tree of one storcli output tells; parts of an unknown form are passed over."""
    found = Found()
    for entry in records(within(tree, "Controllers")):
        number_ = whole(within(entry, "Command Status", "Controller"))
        data = entry.get("Response Data")
        name = f"c{number_ or 0}"
        if isinstance(data, list):
            _progress(found, data)
        elif isinstance(data, dict):
            _controller(found, name, data)
            _lists(found, name, data)
            _drives(found, data)
            _overview(found, data)
    return found


def _controller(found: Found, name: str, data: dict[str, Any]) -> None:
    model = text(within(data, "Basics", "Model")) or text(data.get("Product Name"))
    word = text(within(data, "Status", "Controller Status"))
    power = records(data.get("Cachevault_Info")) or records(data.get("BBU_Info"))
    if not (model or word):
        return
    battery = text(power[0].get("State")) if power else ""
    state = controller_state(word)
    if (number(within(data, "Status", "Memory Uncorrectable Errors")) or 0) > 0:
        state = max(state or 0, WARNED)
    warm = next((value for key, value in (within(data, "HwCfg") or {}).items()
                 if "temperature(degree" in str(key).lower()), None) if isinstance(
                     within(data, "HwCfg"), dict) else None  # fmt: skip
    found.add(Controller(
        name, model,
        text(within(data, "Basics", "Serial Number")) or text(data.get("Serial Number")),
        text(within(data, "Version", "Firmware Package Build")) or text(data.get("FW Package Build")),
        word, state, battery, battery_state(battery) if battery else None, degrees(text(warm)),
    ))  # fmt: skip


def _lists(found: Found, name: str, data: dict[str, Any]) -> None:
    for row in records(data.get("VD LIST")) + records(data.get("Virtual Drives")):
        group = text(row.get("DG/VD"))
        if "/" in group:
            word = text(row.get("State"))
            key = f"{name}/v{group.rpartition('/')[2]}"
            found.add(Volume(key, text(row.get("TYPE")), text(row.get("Size")), word, volume_state(word)))
    for row in records(data.get("PD LIST")):
        place = text(row.get("EID:Slt")).replace(" ", "")
        enclosure, colon, slot = place.partition(":")
        if colon and slot:
            key = f"{name}/e{enclosure}/s{slot}" if enclosure else f"{name}/s{slot}"
            found.add(_disk(key, row))


def _disk(key: str, row: dict[str, Any]) -> Disk:
    word = text(row.get("State"))
    state = disk_state(word)
    if text(row.get("DG")) == "F":  # a disk of another controller's array: its data wait to be imported
        state, word = (WARNED if state != BAD else BAD), f"{word} foreign"
    return Disk(key, text(row.get("Model")), size=text(row.get("Size")), word=word, state=state)


def _drives(found: Found, data: dict[str, Any]) -> None:
    """Read `/cx/eall/sall show all`: a list and a tree of details for each drive."""
    for label, value in data.items():
        match = _PLACE.search(str(label))
        if match is None or not str(label).startswith("Drive /c"):
            continue
        key = f"c{match[1]}/e{match[2]}/s{match[3]}" if match[2] else f"c{match[1]}/s{match[3]}"
        if isinstance(value, list):
            for row in records(value)[:1]:
                found.add(_disk(key, row))
        elif isinstance(value, dict):
            found.add(_details(key, value))


def _details(key: str, value: dict[str, Any]) -> Disk:
    parts = [part for part in value.values() if isinstance(part, dict)]
    merged = {name: item for part in parts for name, item in part.items()}
    foreseen = whole(merged.get("Predictive Failure Count"))
    if text(merged.get("S.M.A.R.T alert flagged by drive")).lower() == "yes":
        foreseen = max(1, foreseen or 0)
    errors = whole(merged.get("Media Error Count"))
    return Disk(
        key,
        serial=text(merged.get("SN")),
        firmware=text(merged.get("Firmware Revision")),
        media_errors=errors if errors is not None and errors >= 0 else None,
        predicted=foreseen if foreseen is not None and foreseen >= 0 else None,
        temperature=degrees(text(merged.get("Drive Temperature"))),
    )


def _progress(found: Found, rows: list[Any]) -> None:
    """Read `/cx/eall/sall show rebuild`; drives that are not being rebuilt say `-`."""
    for row in records(rows):
        match = _PLACE.search(text(row.get("Drive-ID")))
        done = number(row.get("Progress%"))
        if match and done is not None and 0 <= done <= 100:
            key = f"c{match[1]}/e{match[2]}/s{match[3]}" if match[2] else f"c{match[1]}/s{match[3]}"
            found.add(Disk(key, progress=done))


def _overview(found: Found, data: dict[str, Any]) -> None:
    """Read `storcli show J`, the list of controllers."""
    for row in records(data.get("System Overview")):
        number_, word, battery = whole(row.get("Ctl")), text(row.get("Hlth")), text(row.get("BBU"))
        if number_ is not None:
            state = battery_state(battery) if battery else None
            found.add(Controller(
                f"c{number_}", text(row.get("Model")), word=word, state=controller_state(word),
                battery_word=battery, battery=state,
            ))  # fmt: skip
