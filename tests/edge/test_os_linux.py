"""The live Linux source: real files, folders, programs and tables; every failure is a reason."""

import os
import re
import time
from pathlib import Path

import pytest

from predvid.checks import registry
from predvid.checks.builtin.inventory import claims
from predvid.checks.collecting import inapplicable
from predvid.checks.errors import CannotRead, NotHere
from predvid.core.model import Said
from predvid.edge.run_check import run_check
from predvid.edge.sources.host import MAX_TEXT, HostSource
from predvid.edge.sources.local import local_source
from predvid.edge.sources.os_linux import TABLES, linux_source
from predvid.edge.sources.programs import MAX_OUTPUT, run_program


def said(refused: pytest.ExceptionInfo[CannotRead]) -> Said:
    """Return the reason of a refusal."""
    return refused.value.said


def test_files_are_read_leniently(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"ok \xff\n")
    assert linux_source().text(str(path)) == "ok �\n"
    assert linux_source().listing(str(tmp_path)) == ["a"]
    assert linux_source().text("/proc/sys/kernel/osrelease").strip() == os.uname().release


def test_what_cannot_be_read_has_a_reason(tmp_path: Path) -> None:
    source = linux_source()
    with pytest.raises(NotHere):
        source.text("/no/such")
    with pytest.raises(NotHere):
        source.listing("/proc/version/x")
    os.mkfifo(tmp_path / "pipe")
    for path in (str(tmp_path), str(tmp_path / "pipe"), "/dev/zero", "/with\x00zero"):
        with pytest.raises(CannotRead) as refused:
            source.text(path)
        assert said(refused).id == "read.unexpected"
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_TEXT + 1)
    with pytest.raises(CannotRead) as refused:
        source.text(str(large))
    assert said(refused).id == "read.too_large"


def test_only_programs_of_the_closed_list_are_started() -> None:
    for command in (("sh", "-c", "true"), ("/usr/bin/apt-get",), ("../apt-get",), ()):
        with pytest.raises(CannotRead) as refused:
            linux_source().run(*command)
        assert said(refused).id == "read.tool_refused"
    assert "apt" in linux_source().run("apt-get", "--version")


def test_programs_fail_with_a_reason() -> None:
    cases = {
        "read.tool_missing": ("no-such-program",),
        "read.failed": ("sh", "-c", "echo first; echo last >&2; exit 3"),
        "read.too_large": ("sh", "-c", "yes"),
    }
    for reason, command in cases.items():
        with pytest.raises(CannotRead) as refused:
            run_program(command, 20)
        assert said(refused).id == reason
    with pytest.raises(CannotRead) as refused:
        run_program(("sh", "-c", "echo last >&2; exit 3"), 20)
    assert dict(said(refused).values) == {"what": "sh", "status": 3, "detail": "last"}
    assert run_program(("sh", "-c", "echo $LC_ALL; exit 3"), 20, ok=(0, 3)) == "C.UTF-8\n"
    assert MAX_OUTPUT == 8 << 20


def test_a_hanging_program_is_killed_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(CannotRead) as refused:
        run_program(("sh", "-c", f"sleep 60 & echo $! > {pid}; wait"), 0.5)
    assert said(refused).id == "read.timed_out"
    child = Path(f"/proc/{pid.read_text().strip()}/stat")
    deadline = time.monotonic() + 10
    while child.exists() and ") Z " not in child.read_text() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.exists() or ") Z " in child.read_text()


def test_every_table_is_readable_here_and_like_json() -> None:
    source = linux_source()
    for name in TABLES:
        assert source.table(name) is not None, name
    assert source.table("memory")["available"] <= source.table("memory")["total"]
    assert re.fullmatch(r"[0-9a-f-]{36}", source.table("boot")["id"])
    assert any(row["mount"] == "/" and row["total"] > 0 for row in source.table("filesystems"))
    with pytest.raises(NotHere):
        source.table("no_such")


def test_a_table_that_raises_is_a_reason() -> None:
    def broken() -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(CannotRead) as refused:
        HostSource("linux", {"t": broken}).table("t")
    assert said(refused).id == "read.permission_denied"


@pytest.mark.parametrize("name", sorted(registry.checks()))
def test_every_check_runs_here_or_says_why_not(name: str) -> None:
    check, source, state = registry.checks()[name], local_source(), dict[str, object]()
    if reason := inapplicable(check, source):
        assert reason.id in registry.texts()
        return
    for _ in range(2 if check.interval < 3600 else 1):
        run = run_check(check, source, check.params, state)
        assert run.error is None or run.error.id in registry.texts()
        assert run.error is None or run.error.id != "check.raised"


def test_claims_identify_this_device_steadily() -> None:
    found = claims(local_source())
    assert found == claims(local_source())
    assert {kind for kind, _ in found} <= {"serial", "machine_id", "mac", "hostname"}
    assert ("hostname", os.uname().nodename) in found
