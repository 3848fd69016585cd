"""What a check lacks on this machine, and what a person can do about it."""

from dataclasses import dataclass
from typing import Literal

from predvid.core.model import Said

Kind = Literal["package", "rights", "other"]

# Programs that machines with the thing to watch often lack, by package (one name in Debian, Ubuntu, RHEL,
# SUSE and Homebrew). Others come with the thing (zpool, lvs, snap): where they are missing it is not here.
PACKAGES = {"smartctl": "smartmontools"}


@dataclass(frozen=True)
class Need:
    """One thing that is missing: `package` names what to install, where that is known."""

    kind: Kind
    package: str = ""


def need_of(said: Said, failed: bool) -> Need | None:
    """Return what the reason `said` asks of a person; None where it tells that the thing is not here.

    `failed` tells that the check found the thing and could not read it.
    """
    tool = said.values.get("tool") if said.id == "read.tool_missing" else None
    if isinstance(tool, str) and (package := PACKAGES.get(tool)):
        return Need("package", package)
    if said.id == "read.permission_denied":
        return Need("rights")
    return Need("other") if failed else None
