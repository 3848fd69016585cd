"""Reads the text of ssacli (hpssacli, hpacucli), arcconf and tw_cli: Smart Array, Adaptec and 3ware."""

import re

from predvid.checks.readers.plain import number
from predvid.checks.readers.raid_model import (
    WARNED,
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

SSACLI = re.compile(
    r"^(?=.{0,120}\b(?:Smart|HBA|Array|MSA|Controller)\b)(?P<model>\S.{0,80}?) in Slot (?P<slot>\w{1,8})"
    r"(?: \(Embedded\))?(?: \(RAID Mode\))?[ \t]*(?:\(sn: (?P<sn>\w+)\s*\))?.*$",
    re.MULTILINE,
)
_SSACLI_PART = re.compile(
    r"^[ \t]+(?:(?P<ld>Logical Drive): (?P<ldn>\d{1,4})|(?P<pd>physicaldrive) (?P<pdn>\w+(?::\w+){1,2})|"
    r"(?P<other>Port Name|Array|array|Sensor ID|Expander|SEP|Enclosure)\b.*)[ \t]*$",
    re.MULTILINE,
)
_SSACLI_LINE = re.compile(
    r"^[ \t]+(logical|physical)drive (\w+(?::\w+){0,2}) \(([^()\n]{3,200})\)[ \t]*$", re.MULTILINE
)
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,3})?) ?%", re.ASCII)
ARCCONF = re.compile(
    r"^[ \t]*(?:(?P<ld>Logical [Dd]evice number) (?P<ldn>\d{1,4})|(?P<pd>Device #)(?P<pdn>\d{1,4})|"
    r"(?P<battery>Controller (?:Battery|ZMM|Cache Backup Unit) Information)|"
    r"(?P<card>Controller information))[ \t]*$",
    re.MULTILINE | re.ASCII,
)
TWCLI = re.compile(r"^(?:Ctl[ \t]+Model|V?Port[ \t]+Status[ \t]+Unit|Unit[ \t]+UnitType)\b", re.MULTILINE)
_TW_CARD = re.compile(
    r"^c(\d{1,3})[ \t]+(\S+)(?:[ \t]+\d+){3}[ \t]+(\d{1,4})[ \t]+\S+[ \t]+\S+[ \t]+(\S+)",
    re.MULTILINE | re.ASCII,
)
_TW_UNIT = re.compile(
    r"^u(\d{1,3})[ \t]+(\S+)[ \t]+([A-Z][A-Z-]*)[ \t]+(\S+)[ \t]+\S+[ \t]+\S+[ \t]+([\d.]+)",
    re.MULTILINE | re.ASCII,
)
_TW_PORT = re.compile(
    r"^p(\d{1,3})[ \t]+([A-Z][A-Z-]*)[ \t]+\S+[ \t]+(-|[\d.]+ [KMGT]B)[ \t]+(\S.*)$", re.MULTILINE | re.ASCII
)


def parse_ssacli(text: str) -> Found:
    """Return what `ctrl all show config detail`, `pd all show`, `ctrl all show` or parts of them tell."""
    found = Found()
    for card, body in blocks(text, SSACLI):
        name = f"slot {card['slot']}"
        parts = blocks(body, _SSACLI_PART)
        head = fields(body[: parts[0][0].start()] if parts else body)
        found.add(_ssacli_card(name, " ".join(card["model"].split()), card["sn"] or "", head))
        for match, part in parts:
            told = fields(part)
            if match["pd"] and "status" in told:
                found.add(_ssacli_disk(f"{name}/{match['pdn']}", told))
            elif match["ld"]:
                word = told.get("status", "")
                found.add(Volume(f"{name}/{match['ldn']}", f"RAID {told.get('fault tolerance', '')}".strip(),
                                 told.get("size", ""), word, volume_state(word), _percent(word)))  # fmt: skip
        for kind, number_, said in _SSACLI_LINE.findall(body):
            _ssacli_line(found, kind, f"{name}/{number_}", said)
    return found


def _percent(word: str) -> float | None:
    match = _PERCENT.search(word)
    return min(100.0, float(match[1])) if match else None


def _ssacli_card(name: str, model: str, serial: str, told: dict[str, str]) -> Controller:
    word = told.get("controller status", "")
    battery = told.get("battery/capacitor status", "")
    cache = told.get("cache status", "")
    state = battery_state(battery) if battery else None
    if "disabled" in cache.lower() or "failed" in cache.lower():
        state, battery = WARNED, f"cache {cache}"
    return Controller(
        name, model, told.get("serial number", serial), told.get("firmware version", ""),
        word, controller_state(word) if word else None, battery, state,
        degrees(told.get("controller temperature (c)", "")),
    )  # fmt: skip


def _ssacli_disk(key: str, told: dict[str, str]) -> Disk:
    word, left = told.get("status", ""), _percent(told.get("usage remaining", ""))
    return Disk(
        key, " ".join(told.get("model", "").split()), told.get("serial number", ""),
        told.get("firmware revision", ""), told.get("size", ""), word, disk_state(word),
        predicted=int("predict" in word.lower() or told.get("ssd smart trip wearout") == "True"),
        temperature=degrees(told.get("current temperature (c)", "")),
        worn=None if left is None else 100 - left,
    )  # fmt: skip


def _ssacli_line(found: Found, kind: str, key: str, said: str) -> None:
    parts = [part.strip() for part in said.split(",")]
    if kind == "logical" and len(parts) >= 3:
        word = ", ".join(parts[2:])
        found.add(Volume(key, parts[1], parts[0], word, volume_state(word), _percent(word)))
    elif kind == "physical" and len(parts) >= 4:
        word = parts[3]
        found.add(Disk(key, size=parts[2], word=word, state=disk_state(word),
                       predicted=int("predict" in word.lower())))  # fmt: skip


def parse_arcconf(text: str) -> Found:
    """Return what `arcconf getconfig N` (al, ad, ld or pd) tells; which controller N was is not in it."""
    found, card = Found(), Controller("controller")
    for match, body in blocks(text, ARCCONF):
        told = fields(body)
        if match["ldn"]:
            word = told.get("status of logical device", "")
            found.add(Volume(f"logical {match['ldn']}", f"RAID {told.get('raid level', '')}".strip(),
                             told.get("size", ""), word, volume_state(word)))  # fmt: skip
        elif match["pdn"]:
            if "state" in told:
                found.add(_arcconf_disk(f"device {match['pdn']}", told))
        elif match["battery"]:
            card.battery_word = told.get("status", told.get("overall backup unit status", ""))
            card.battery = battery_state(card.battery_word)
        else:
            _arcconf_card(card, told)
    if card.model or card.word:
        found.add(card)
    return found


def _arcconf_card(card: Controller, told: dict[str, str]) -> None:
    card.model, card.serial = told.get("controller model", ""), told.get("controller serial number", "")
    card.word, card.firmware = told.get("controller status", ""), told.get("firmware", "")
    card.state = controller_state(card.word)
    card.temperature = degrees(told.get("temperature", ""))


def _arcconf_disk(key: str, told: dict[str, str]) -> Disk:
    word = told["state"]
    return Disk(
        key, f"{told.get('vendor', '')} {told.get('model', '')}".strip(), told.get("serial number", ""),
        told.get("firmware", ""), told.get("total size", told.get("size", "")), word, disk_state(word),
        media_errors=count(told.get("medium error count")),
        predicted=count(told.get("s.m.a.r.t. warnings")),
        temperature=degrees(told.get("current temperature", told.get("temperature", ""))),
    )  # fmt: skip


def parse_twcli(text: str, card: str = "c0") -> Found:
    """Return what `tw_cli show` or `tw_cli /cN show` tells; `card` names N."""
    found = Found()
    for match in _TW_CARD.finditer(text):
        battery = "" if match[4] == "-" else match[4]
        state = WARNED if number(match[3]) else 0
        word = "units not optimal" if state else "OK"
        found.add(Controller(f"c{match[1]}", match[2], word=word, state=state, battery_word=battery,
                             battery=battery_state(battery) if battery else None))  # fmt: skip
    for match in _TW_UNIT.finditer(text):
        done = _percent(match[4])
        found.add(
            Volume(f"{card}/u{match[1]}", match[2], f"{match[5]} GB", match[3], volume_state(match[3]), done)
        )
    for match in _TW_PORT.finditer(text):
        if match[2] != "NOT-PRESENT":
            last = " ".join(match[4].split())
            serial = last.split(" ")[-1]
            found.add(Disk(f"{card}/p{match[1]}", serial=serial if last.count(" ") == 1 else "",
                           model="" if last.count(" ") == 1 else last, size=match[3], word=match[2],
                           state=disk_state(match[2])))  # fmt: skip
    return found
