"""Reads of policies: the settings that hold on one device, each with where it came from."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

from predvid.checks import registry
from predvid.checks.v1 import Check
from predvid.core.policy import BadSetting, Setting, effective
from predvid.modules.access.guard import require
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.monitoring.queries.device import settings_of


@dataclass(frozen=True)
class Kept:
    """The settings of one check, JSON-like, with the origin of each; `wrong` names one that does not fit."""

    check: Check
    values: Mapping[str, Any]
    origins: Mapping[str, str]
    wrong: str = ""


def policies(viewer: Viewer, device: Device) -> list[Kept]:
    """Return what holds for each check that a device can run, by name. Raises NotVisible or Denied."""
    require(viewer, "policy.view", device.client_id)
    settings = settings_of(device)
    able = (c for c in registry.checks().values() if device.platform in ("", *c.platforms))
    return [_kept(check, device, settings) for check in sorted(able, key=lambda check: check.name)]


def _kept(check: Check, device: Device, settings: list[Setting]) -> Kept:
    by_type = check.defaults.get(device.type, {})
    try:
        found = effective(check.name, check.params, by_type, settings)
    except BadSetting as error:
        found, wrong = effective(check.name, check.params, by_type, []), str(error)
    else:
        wrong = ""
    return Kept(check, _plain(found.params), found.origins, wrong)


def _plain(params: Any) -> dict[str, Any]:
    if not is_dataclass(params) or isinstance(params, type):
        return {}
    values = {part.name: getattr(params, part.name) for part in fields(params)}
    return {
        name: asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
        for name, value in values.items()
    }
