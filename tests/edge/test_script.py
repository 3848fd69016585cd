"""What a script leaves is removed, but never what it left mounted: that is somebody's data."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from predvid.edge.script import clear, mounted_below, prepare
from predvid.wire.authority import Content

LINE = "36 35 98:0 / {point} rw,noatime master:1 - ext4 /dev/root rw\n"


@pytest.fixture
def share(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a script in which something is mounted; without root, a link to it must do."""
    runs, data = tmp_path / "run", tmp_path / "data"
    data.mkdir()
    (data / "precious").touch()
    script = prepare(Content("sh", "true\n"), {}, "t", runs)
    inside = script.folder / "share"
    if os.geteuid():
        inside.symlink_to(data)
    else:
        inside.mkdir()
        subprocess.run(["mount", "--bind", data, inside], check=True)
    script.remove()
    clear(runs)
    yield data
    subprocess.run(["umount", inside], check=False, capture_output=True)


def test_what_a_script_left_mounted_is_not_emptied(share: Path) -> None:
    assert (share / "precious").exists()


@pytest.mark.parametrize(
    ("point", "found"),
    [
        ("{here}", True),
        ("{here}/a/b", True),
        ("{here}\\040x", False),
        ("{here}x", False),
        ("/", False),
        ("/proc", False),
    ],
)
def test_what_is_mounted_is_known_by_its_place(tmp_path: Path, point: str, found: bool) -> None:
    here = tmp_path / "run of it"
    here.mkdir()
    mounts = tmp_path / "mountinfo"
    escaped = str(here).replace(" ", "\\040")
    mounts.write_text(LINE.format(point="/boot") + LINE.format(point=point.format(here=escaped)))
    assert mounted_below(here, mounts) is found


def test_a_folder_in_which_nothing_is_mounted_goes(tmp_path: Path) -> None:
    script = prepare(Content("sh", "true\n"), {}, "t", tmp_path / "run")
    script.remove()
    assert not script.folder.exists()
    assert mounted_below(tmp_path, tmp_path / "none"), "what cannot be known is not removed"
