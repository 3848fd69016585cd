"""Makes a recording of a device from a saved output of smartctl or nvme-cli, for the check to run on."""

import json
from collections.abc import Iterator
from typing import Any

from predvid.checks.readers import nvme_cli
from predvid.checks.readers.smartctl import Device, documents, parse_drive, parse_scan

SCAN = ("smartctl", "--scan-open", "-j")


def read_command(device: Device) -> tuple[str, ...]:
    """Return the command that reads all of `device` as JSON without waking it from standby (smartctl(8))."""
    return ("smartctl", "-n", "standby", "-a", "-j", "-d", device.type, device.name)


def replay(text: str) -> dict[str, Any] | None:
    """Return a recording with one drive for each output of `smartctl -a` in `text`, None without any.

    What nvme-cli wrote is taken as well.
    """
    outputs: list[str] | None = documents(text) or nvme_cli.outputs(text)
    if outputs is None:
        return None
    devices = list(_devices(outputs))
    scan = {"devices": [{"name": device.name, "type": device.type} for device in devices]}
    answers = {
        " ".join(read_command(device)): output for device, output in zip(devices, outputs, strict=True)
    }
    answers[" ".join(SCAN)] = json.dumps(scan)
    return {"platform": "linux", "answers": {f"run:{command}": output for command, output in answers.items()}}


def _devices(outputs: list[str]) -> Iterator[Device]:
    """Yield a device for each output, by the name it gives where that is a name and not taken."""
    taken: set[str] = set()
    for number, output in enumerate(outputs, 1):
        name = parse_drive(output).name
        told = parse_scan(json.dumps({"devices": [{"name": name, "type": "auto"}]}))
        device = told[0] if told and name not in taken else Device(f"/dev/drive{number}", "auto")
        taken.add(device.name)
        yield device
