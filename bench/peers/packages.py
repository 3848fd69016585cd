"""Installs the Debian packages of a peer without letting their own services run."""

import os
import shutil
import subprocess
from collections.abc import Mapping


def ensure_installed(units: Mapping[str, str | None]) -> None:
    """Install what is missing of `units`, a map of Debian package -> its systemd unit (None: it has none).

    The units are masked while apt-get works, so a package's maintainer script cannot start them
    (systemctl(1), `mask`), and left disabled: the benches start their own copies in a temporary directory.
    Raises SystemExit with the command to type when a package is missing and we are not root.
    """
    missing = [package for package in units if not _is_installed(package)]
    if not missing:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        raise SystemExit(f"This bench needs Debian packages. As root: {' '.join(command)}")
    services = [unit for package in missing if (unit := units[package])]
    _systemctl("mask", services)
    try:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    finally:
        _systemctl("unmask", services)
        _systemctl("disable", services)


def _is_installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def _systemctl(verb: str, units: list[str]) -> None:
    if units and shutil.which("systemctl"):
        subprocess.run(["systemctl", "--quiet", verb, *units], check=False, capture_output=True)
