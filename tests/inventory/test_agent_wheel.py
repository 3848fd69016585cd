"""The wheel that an installation makes of itself is the one that a build makes, and pip minds its hash."""

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from predvid import __version__
from predvid.modules.inventory import agent_wheel as module
from predvid.modules.inventory.agent_wheel import Wheel, agent_wheel
from predvid.modules.inventory.install_steps import linux, windows
from predvid.modules.inventory.offered_wheels import KEPT, Offer, publish

KNOWN = ("https://[2001:db8::1]:8700", "pv1.a.b.-", "predvid-1-py3-none-any.whl", "0" * 64)


def _install(wheel: Path, sha256: str, into: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "install", "--no-deps", "--target", str(into)]
    return subprocess.run(
        [*command, f"predvid @ {wheel.as_uri()}#sha256={sha256}"], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def wheel() -> Wheel:
    return agent_wheel()


def test_every_file_is_recorded_and_nothing_else_is_in_it(wheel: Wheel) -> None:
    with zipfile.ZipFile(io.BytesIO(wheel.content)) as archive:
        inside = {name: archive.read(name) for name in archive.namelist()}
    record = f"predvid-{__version__}.dist-info/RECORD"
    rows = {name: digest for name, digest, _ in csv.reader(inside[record].decode().splitlines())}
    assert rows.keys() == inside.keys()
    assert rows.pop(record) == ""
    for name, digest in rows.items():
        seen = base64.urlsafe_b64encode(hashlib.sha256(inside[name]).digest()).rstrip(b"=").decode()
        assert digest == f"sha256={seen}", name
    assert wheel.sha256 == hashlib.sha256(wheel.content).hexdigest()
    assert wheel.name == f"predvid-{__version__}-py3-none-any.whl"
    assert {"predvid/cli.py", "predvid/edge/agent.lock", "predvid/edge/install-agent.ps1"} <= inside.keys()
    assert not [name for name in inside if name.endswith((".po", ".pyc")) or "__pycache__" in name]


def test_the_same_files_make_the_same_bytes_and_a_changed_one_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "predvid"
    package.mkdir()
    (package / "__init__.py").write_text("one = 1\n")
    (package / ".secret").write_text("not for others")
    monkeypatch.setattr(module, "PACKAGE", package)
    first = agent_wheel()
    assert agent_wheel() is first
    module._kept.wheel = None
    assert agent_wheel() == first
    (package / "__init__.py").write_text("one = 12\n")
    assert agent_wheel().sha256 != first.sha256
    assert b"not for others" not in agent_wheel().content


def test_what_a_page_named_stays_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, offer = tmp_path / "predvid", Offer(tmp_path)
    package.mkdir()
    monkeypatch.setattr(module, "PACKAGE", package)
    own = agent_wheel()
    assert offer.find(own.name) == own
    named = publish(tmp_path)
    (package / "new.py").write_text("one = 1\n")
    assert agent_wheel().sha256 != named.sha256
    assert offer.find(named.name) == named
    newer = publish(tmp_path)
    assert offer.find(named.name) == newer != named
    for number in range(5):
        (tmp_path / "packages" / f"predvid-9.{number}-py3-none-any.whl").write_bytes(b"old")
    (package / "new.py").write_text("one = 12\n")
    publish(tmp_path)
    assert len(list((tmp_path / "packages").iterdir())) == KEPT
    assert offer.find("predvid-7-py3-none-any.whl") is None
    assert offer.find("../keys/predvid-1-py3-none-any.whl") is None


def test_pip_installs_it_and_refuses_it_with_one_changed_byte(wheel: Wheel, tmp_path: Path) -> None:
    file = tmp_path / wheel.name
    changed = bytearray(wheel.content)
    changed[len(changed) // 2] ^= 1
    file.write_bytes(changed)
    refused = _install(file, wheel.sha256, tmp_path / "site")
    assert refused.returncode != 0
    assert "DO NOT MATCH THE HASHES" in refused.stderr
    assert not (tmp_path / "site").exists()
    file.write_bytes(wheel.content)
    done = _install(file, wheel.sha256, tmp_path / "site")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "predvid" / "edge" / "agent.lock").exists()
    assert (tmp_path / "site" / f"predvid-{__version__}.dist-info" / "entry_points.txt").exists()


def test_commands_quote_what_their_shell_would_read() -> None:
    posix, power = linux(*KNOWN, own_authority=True), windows(*KNOWN, own_authority=True)
    package = f"'predvid @ {KNOWN[0]}/agent/{KNOWN[2]}#sha256={KNOWN[3]}'"
    assert f"--trusted-host '[2001:db8::1]:8700' {package}" in posix.agent
    assert f"--trusted-host '[2001:db8::1]:8700' {package}" in power.agent
    assert power.environment == r"py -3.11 -m venv 'C:\Program Files\Predvid'"
    assert power.agent.startswith(
        r"& 'C:\Program Files\Predvid\Scripts\python.exe' -m pip install --no-deps "
    )
    odd = windows("http://o'hara:1", *KNOWN[1:], own_authority=False)
    assert "enroll 'http://o''hara:1' --token" in odd.enrol
    assert "--trusted-host" not in odd.agent
