"""A program that runs with a library which an update has replaced is found."""

import shutil
import subprocess
import sys
from pathlib import Path

from psutil import _psutil_linux

from predvid.edge.sources.deleted_libraries import deleted_libraries

LOAD = "import ctypes, sys; ctypes.CDLL(sys.argv[1]); print(flush=True); sys.stdin.read()"


def test_a_replaced_library_is_named_with_its_program(tmp_path: Path) -> None:
    library = tmp_path / "libdemo.so.1"
    shutil.copy(_psutil_linux.__file__, library)
    folders = (str(tmp_path),)
    command = [sys.executable, "-c", LOAD, str(library)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        program.stdout.readline()
        assert deleted_libraries(folders) == []
        library.unlink()
        found = deleted_libraries(folders)
        program.communicate()
    assert [row["library"] for row in found] == [str(library)]
    assert deleted_libraries(folders) == []
