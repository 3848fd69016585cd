"""RAID controllers: state, cache battery, volumes and disks, by the tool of their maker.

storcli and perccli (JSON), MegaCli and megasasctl (Broadcom, Dell), ssacli, hpssacli and hpacucli (HPE),
arcconf (Adaptec) and tw_cli (3ware).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.hardware_raid_texts import TEXTS
from predvid.checks.readers.raid_model import Controller, Disk, Found
from predvid.checks.readers.raid_tools import DRIVERS, FAMILIES, Tools, command_of, further, parse, tool_of
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    State,
    Text,
    say,
)

ANY_STATUS = tuple(range(256))  # these tools end with other than 0 when one controller of several has a fault
PCI = "/sys/bus/pci/drivers"
_ABSENT = ("read.tool_missing", "read.tool_refused", "read.not_recorded")


@dataclass(frozen=True)
class HardwareRaidParams:
    """States are 0 well, 1 in doubt (being rebuilt, asks for attention), 2 failed or degraded.

    A controller counts media errors that it has mended by itself: only many of them tell of a bad disk.
    `predicted` are failures that the disk foresees, `worn` is percent of a flash disk's life.
    """

    controller: Levels = Levels(1, 2)
    battery: Levels = Levels(1, None)
    volume: Levels = Levels(1, 2)
    disk: Levels = Levels(1, 2)
    predicted: Levels = Levels(1, None)
    media_errors: Levels = Levels(10, 100)
    worn: Levels = Levels(90, 100)
    temperature: Levels = Levels(60, 70, margin=3)


def applies(source: Source) -> bool | Said:
    """Tell whether the kernel drives a RAID controller; a recording of a tool's output has no /sys."""
    try:
        drivers = source.listing(PCI)
    except CannotRead:
        return True
    for driver in DRIVERS:
        if driver in drivers and any(name.count(":") == 2 for name in source.listing(f"{PCI}/{driver}")):
            return True
    return say("hardware_raid.none")


def collect(source: Source, params: HardwareRaidParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the state of each controller, volume and disk, and the facts of all three."""
    found, failure = Found(), None
    for family in FAMILIES:
        try:
            found.merge(_family(source, family))
        except CannotRead as error:
            failure = error
    if not found:
        raise failure or NotHere(say("hardware_raid.no_tool"))
    for controller in found.controllers.values():
        yield from _of_controller(controller)
    for volume in found.volumes.values():
        yield from _values({"raid_volume_state": volume.state, "raid_rebuild_percent": volume.progress},
                           {"volume": volume.key})  # fmt: skip
    for disk in found.disks.values():
        yield from _of_disk(disk)
    yield from _facts(found)


def _family(source: Source, family: Tools) -> Found:
    """Return what the first installed tool of one maker tells; nothing where none is installed."""
    for tool, commands in family:
        found, failure = Found(), None
        for number, command in enumerate(commands):
            try:
                found.merge(parse(source.run(tool, *command, timeout=60.0, ok=ANY_STATUS)))
            except CannotRead as error:
                if number == 0 and error.said.id in _ABSENT:
                    break
                failure = failure or error
        else:
            if not found and failure is not None:
                raise failure
            for command, card in further(tool, found):
                with suppress(CannotRead):
                    found.merge(parse(source.run(tool, *command, timeout=60.0, ok=ANY_STATUS), card))
            return found
    return Found()


def _values(values: dict[str, float | None], labels: dict[str, str]) -> Iterator[Sample]:
    yield from (Sample(name, value, labels) for name, value in values.items() if value is not None)


def _of_controller(controller: Controller) -> Iterator[Sample]:
    values = {
        "raid_controller_state": controller.state,
        "raid_battery_state": controller.battery,
        "raid_controller_temperature_celsius": controller.temperature,
    }
    name = f"{controller.model} ({controller.key})" if controller.model else controller.key
    yield from _values(values, {"controller": name})


def _of_disk(disk: Disk) -> Iterator[Sample]:
    values = {
        "raid_disk_state": disk.state,
        "raid_disk_predicted": disk.predicted,
        "raid_disk_media_errors": disk.media_errors,
        "raid_disk_temperature_celsius": disk.temperature,
        "raid_disk_wear_percent": disk.worn,
        "raid_rebuild_percent": disk.progress,
    }
    yield from _values(values, {"disk": disk.key})


def _facts(found: Found) -> Iterator[Fact]:
    controllers = [{"key": c.key, "model": c.model, "serial": c.serial, "firmware": c.firmware,
                    "status": c.word, "battery": c.battery_word}
                   for c in found.controllers.values()]  # fmt: skip
    volumes = [{"key": v.key, "level": v.level, "size": v.size, "status": v.word}
               for v in found.volumes.values()]  # fmt: skip
    disks = [{"key": d.key, "model": d.model, "serial": d.serial, "firmware": d.firmware, "size": d.size,
              "status": d.word}
             for d in found.disks.values()]  # fmt: skip
    for name, rows in (("controllers", controllers), ("volumes", volumes), ("disks", disks)):
        if rows:
            yield Fact(f"storage.raid_{name}", rows)


_RANKED = (
    ("raid_disk_predicted", "predicted"),
    ("raid_disk_state", "disk"),
    ("raid_disk_media_errors", "media_errors"),
    ("raid_disk_wear_percent", "worn"),
)


def judge(samples: list[Sample], params: HardwareRaidParams) -> Iterator[Result]:
    """Judge items by the names of controllers, volumes and disks, and `... battery`, `... temperature`."""
    things: dict[tuple[str, str], dict[str, float]] = {}
    for sample in samples:
        for kind, name in sample.labels.items():
            things.setdefault((kind, name), {})[sample.metric] = sample.value
    for (kind, name), found in things.items():
        if kind == "disk":
            yield from _disk(name, found, params)
        elif "raid_volume_state" in found:
            value, done = found["raid_volume_state"], found.get("raid_rebuild_percent")
            said = say(_worded("volume", value), name=name)
            reason = say("hardware_raid.progress", done=done) if value and done is not None else None
            yield Result(f"volume {name}", params.volume.judge(value), said, reason)
        elif kind == "controller":
            yield from _controller(name, found, params)


def _worded(kind: str, value: float) -> str:
    return f"hardware_raid.{kind}_{'ok' if value < 1 else 'doubt' if value < 2 else 'bad'}"


def _controller(name: str, found: dict[str, float], params: HardwareRaidParams) -> Iterator[Result]:
    if "raid_controller_state" in found:
        value = found["raid_controller_state"]
        said = say(_worded("controller", value), name=name)
        yield Result(name, params.controller.judge(value), said)
    if "raid_battery_state" in found:
        value = found["raid_battery_state"]
        said = say("hardware_raid.battery_bad" if value else "hardware_raid.battery_ok", name=name)
        yield Result(f"{name} battery", params.battery.judge(value), said)


def _disk(name: str, found: dict[str, float], params: HardwareRaidParams) -> Iterator[Result]:
    """Name the worst problem of a disk; heat is an item of its own."""
    problems = []
    for metric, field in _RANKED:
        if metric not in found:
            continue
        state = getattr(params, field).judge(found[metric])
        words = _worded("disk", found[metric]) if field == "disk" else f"hardware_raid.{field}"
        problems.append((state, say(words, name=name, n=found[metric])))
    bad = sorted((p for p in problems if p[0] is not State.OK), key=lambda problem: -problem[0])
    done = found.get("raid_rebuild_percent")
    if problems:
        state, said = bad[0] if bad else (State.OK, say("hardware_raid.disk_ok", name=name))
        rest = bad[1][1] if len(bad) > 1 else None
        progress = say("hardware_raid.progress", done=done) if done is not None and bad else None
        yield Result(f"disk {name}", state, said, progress or rest)
    if "raid_disk_temperature_celsius" in found:
        warm = found["raid_disk_temperature_celsius"]
        said = say("hardware_raid.heat", name=name, value=warm)
        yield Result(f"disk {name} temperature", params.temperature.judge(warm), said)


def replay(text: str) -> dict[str, Any] | None:
    """Return a recording of what a RAID tool wrote, told by its form; None for any other text."""
    tool = tool_of(text)
    if tool is None or not parse(text):
        return None
    return {"platform": "linux", "answers": {f"run:{' '.join(command_of(tool))}": text}}


check = Check(
    name="hardware_raid",
    title=Text("RAID controllers", "RAID kontroleri"),
    group="storage",
    applies=applies,
    collect=collect,
    judge=judge,
    params=HardwareRaidParams(),
    platforms=("linux",),
    interval=900,
    timeout=240,
    watches={
        "raid_controller_state": "controller",
        "raid_battery_state": "battery",
        "raid_volume_state": "volume",
        "raid_disk_state": "disk",
        "raid_disk_predicted": "predicted",
        "raid_disk_media_errors": "media_errors",
        "raid_disk_wear_percent": "worn",
        "raid_disk_temperature_celsius": "temperature",
    },
    charts=("raid_disk_temperature_celsius", "raid_disk_media_errors", "raid_rebuild_percent"),
    replay=replay,
    texts=TEXTS,
)
