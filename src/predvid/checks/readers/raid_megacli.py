"""Reads the text of MegaCli (-PDList, -LDInfo, -AdpBbuCmd, -ShowSummary, -EncInfo) and of megasasctl."""

import re

from predvid.checks.readers.raid_model import (
    Controller,
    Disk,
    Found,
    Volume,
    battery_state,
    blocks,
    controller_state,
    count,
    degrees,
    disk_state,
    fields,
    volume_state,
)

MEGACLI = re.compile(
    r"^(?:Adapter #\d|Adapter \d+ -- Virtual Drive|BBU status for Adapter|"
    r"[ \t]*Number of enclosures on adapter|"
    r"[ \t]*ProductName[ \t]+:|Enclosure Device ID: )",
    re.MULTILINE,
)
MEGASASCTL = re.compile(r"^a\d+d\d+[ \t]+\d+\w+[ \t]+RAID|^a\d+[ \t]+\S.{0,200}\bencl:\d", re.MULTILINE)
_PART = re.compile(
    r"^(?:Adapter #(?P<disks>\d{1,3})|Adapter (?P<volumes>\d{1,3}) -- Virtual Drive.*|"
    r"BBU status for Adapter: (?P<battery>\d{1,3})|"
    r"[ \t]*Number of enclosures on adapter (?P<shelves>\d{1,3}) -- \d+|"
    r"[ \t]*(?P<summary>ProductName)[ \t]*:.*)$",
    re.MULTILINE | re.ASCII,
)
_DISK = re.compile(r"^Enclosure Device ID:[ \t]*(\S+)[ \t]*$", re.MULTILINE)
_VOLUME = re.compile(r"^(?:CacheCade )?Virtual Drive:[ \t]*(\d{1,4})\b.*$", re.MULTILINE | re.ASCII)
_SUMMARY = re.compile(
    r"^[ \t]*(?:(?P<slot>Connector[ \t]*:.*Slot (?P<n>\d{1,4}))|"
    r"(?P<vd>Virtual drive[ \t]*: Target Id (?P<t>\d{1,4})).*|(?P<bbu>BBU)|"
    r"(?P<other>Enclosure|PD|Storage|Virtual Drives))[ \t]*$",
    re.MULTILINE | re.ASCII,
)
_SHELF = re.compile(r"^[ \t]*Enclosure (\d{1,4}):[ \t]*$", re.MULTILINE | re.ASCII)
_ALARMS = (
    "battery pack missing",
    "battery replacement required",
    "pack is about to fail & should be replaced",
)
_SASCTL_DISK = re.compile(
    r"^\*?a(\d{1,3})e(\w{1,5})s(\d{1,4})[ \t]+(\S.{0,60}?)[ \t]+(\d\w*iB)"
    r"(?:[ \t]+a\d+d\d+)?[ \t]+([a-zA-Z-]+)(.*)$",
    re.MULTILINE | re.ASCII,
)
_SASCTL_VOLUME = re.compile(
    r"^\*?a(\d{1,3})d(\d{1,4})[ \t]+(\d\w*iB)[ \t]+(RAID \w+).{0,80}?[ \t]([A-Za-z][A-Za-z -]{0,40})$",
    re.MULTILINE | re.ASCII,
)
_SASCTL_CARD = re.compile(
    r"^\*?a(\d{1,3})[ \t]+(\S.{0,60}?)[ \t]+(?:bios:|encl:|fw:)(.*)$", re.MULTILINE | re.ASCII
)


def parse_megacli(text: str) -> Found:
    """Return what one or several outputs of MegaCli, one after another, tell."""
    found = Found()
    if not _PART.search(text) and _DISK.search(text):
        _disks(found, "0", text)
    cards = -1
    for part, body in blocks(text, _PART):
        if part["disks"]:
            _disks(found, part["disks"], body)
        elif part["volumes"]:
            _volumes(found, part["volumes"], body)
        elif part["shelves"]:
            _shelves(found, part["shelves"], body)
        elif part["battery"]:
            found.add(_battery(part["battery"], body))
        else:
            cards += 1
            _summary(found, cards, fields(part[0])["productname"], body)
    return found


def _disks(found: Found, adapter: str, text: str) -> None:
    for match, body in blocks(text, _DISK):
        told = fields(body)
        slot, word = told.get("slot number", ""), told.get("firmware state", "")
        if not slot.isdecimal():
            continue
        foreign = told.get("foreign state", "None").strip().lower() not in ("none", "")
        word = f"{word} foreign" if foreign else word
        foreseen = count(told.get("predictive failure count"))
        if told.get("drive has flagged a s.m.a.r.t alert", "").lower() == "yes":
            foreseen = max(1, foreseen or 0)
        enclosure = "" if match[1] == "N/A" else f"e{match[1]}/"
        found.add(Disk(
            f"c{adapter}/{enclosure}s{slot}",
            " ".join(told.get("inquiry data", "").split()),
            size=told.get("raw size", "").partition(" [")[0], word=word, state=disk_state(word),
            media_errors=count(told.get("media error count")), predicted=foreseen,
            firmware=told.get("device firmware level", ""),
            temperature=degrees(told.get("drive temperature", "")),
        ))  # fmt: skip


def _volumes(found: Found, adapter: str, text: str) -> None:
    for match, body in blocks(text, _VOLUME):
        told = fields(body)
        word = told.get("state", "")
        level = told.get("raid level", "").replace("Primary-", "RAID ").partition(",")[0]
        key = f"c{adapter}/v{match[1]}"
        found.add(Volume(key, level, told.get("size", ""), word, volume_state(word)))


def _battery(adapter: str, text: str) -> Controller:
    told = fields(text)
    word = told.get("battery state", "")
    state = battery_state(word) if word else None
    if any(told.get(alarm, "").lower() == "yes" for alarm in _ALARMS) or told.get("issohgood") == "No":
        state, word = 1, "replacement required"
    return Controller(f"c{adapter}", battery_word=word, battery=state, temperature=None)


def _shelves(found: Found, adapter: str, text: str) -> None:
    """Read the enclosures, which stand beside the controllers as what disks hang on."""
    for match, body in blocks(text, _SHELF):
        told = fields(body)
        word = told.get("status", "")
        model = f"{told.get('vendor identification', '')} {told.get('product identification', '')}".strip()
        found.add(
            Controller(f"c{adapter} enclosure {match[1]}", model, word=word, state=controller_state(word))
        )


def _summary(found: Found, card: int, model: str, text: str) -> None:
    first = _SUMMARY.search(text)
    told = fields(text[: first.start()] if first else text)
    name, word = f"c{card}", told.get("status", "")
    controller = Controller(
        name, model.partition("(Bus")[0].strip(), firmware=told.get("fw package version", ""),
        word=word, state=controller_state(word),
    )  # fmt: skip
    for match, body in blocks(text, _SUMMARY):
        rows = fields(body)
        word = rows.get("state", "")
        if match["n"]:
            model = f"{rows.get('vendor id', '')} {rows.get('product id', '')}".strip()
            found.add(Disk(f"{name}/s{match['n']}", model, size=rows.get("capacity", ""), word=word,
                           state=disk_state(word)))  # fmt: skip
        elif match["t"]:
            found.add(Volume(f"{name}/v{match['t']}", f"RAID {rows.get('raid level', '')}".strip(),
                             rows.get("size", ""), word, volume_state(word)))  # fmt: skip
        elif match["bbu"]:
            controller.battery_word = rows.get("status", "")
            controller.battery = battery_state(controller.battery_word)
    found.add(controller)


def parse_megasasctl(text: str) -> Found:
    """Return what megasasctl lists."""
    found = Found()
    for match in _SASCTL_CARD.finditer(text):
        battery = re.search(r"batt:([^/\s]+)", match[3])
        word = battery[1] if battery else ""
        state = battery_state(word) if word else None
        found.add(Controller(f"c{match[1]}", match[2].strip(), battery_word=word, battery=state))
    for match in _SASCTL_VOLUME.finditer(text):
        word = match[5].strip()
        found.add(Volume(f"c{match[1]}/v{match[2]}", match[4], match[3], word, volume_state(word)))
    for match in _SASCTL_DISK.finditer(text):
        errors = re.search(r"media:(\d{1,9})", match[7], re.ASCII)
        found.add(Disk(
            f"c{match[1]}/e{match[2]}/s{match[3]}", " ".join(match[4].split()), size=match[5], word=match[6],
            state=disk_state(match[6]), media_errors=int(errors[1]) if errors else None,
            predicted=1 if "predictive" in match[7] else None,
        ))  # fmt: skip
    return found
