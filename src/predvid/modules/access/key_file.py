"""The file with the master key: read at each use, made at the first, replaced whole; for our eyes only.

It lies outside the database and outside its backups: whoever has one of the two has nothing.
"""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from predvid.core.errors import UserError
from predvid.modules.access.envelope import BadKeyFile, Masters, new_master, read, written

OTHERS = 0o077


class KeyUnusable(UserError):
    """The master key is missing, readable by others, damaged, or not the one that the secrets have."""


def masters(path: Path) -> Masters:
    """Return the master keys in `path`, the one in force first. Raises KeyUnusable."""
    try:
        if others_may_read(path):
            raise KeyUnusable(
                "The key of the secrets, %(path)s, can be read by others: chmod 600 %(path)s", path=str(path)
            )
        return read(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        raise KeyUnusable(
            "The key of the secrets, %(path)s, is missing: put it back, or restore it with "
            "predvid secrets recovery --restore FILE.",
            path=str(path),
        ) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise KeyUnusable(
            "The key of the secrets, %(path)s, cannot be read: %(reason)s.", path=str(path), reason=reason
        ) from None
    except (BadKeyFile, UnicodeDecodeError):
        raise KeyUnusable(
            "%(path)s is not a key of the secrets, or it is damaged: put the right one back, or restore it "
            "with predvid secrets recovery --restore FILE.",
            path=str(path),
        ) from None


def others_may_read(path: Path) -> bool:
    """Tell whether anybody but the file's owner may use it. Raises OSError.

    What systemd hands to a unit lies in a folder that only the unit can enter, and may show the group's right
    of an access list (systemd.exec(5), LoadCredential=).
    """
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    handed = bool(folder) and path.parent == Path(folder or "")
    return bool(stat.S_IMODE(path.stat().st_mode) & (0o007 if handed else OTHERS))


def make(path: Path) -> None:
    """Make the first master key, unless there is one: the first of several makers wins. Raises KeyUnusable.

    It waits for nobody: its caller holds the database, for which whoever has this file `held` may wait.
    """
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        name = _written_beside(path, (new_master(),))
        try:
            with suppress(FileExistsError):
                os.link(name, path)
        finally:
            os.unlink(name)
        _sync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None


def write(path: Path, keys: Masters) -> None:
    """Replace the file whole, durably, whatever happens. Raises KeyUnusable; call it within `held`."""
    try:
        for left in path.parent.glob(f".{path.name}.new.*"):  # of a writer that was killed
            left.unlink(missing_ok=True)
        os.replace(_written_beside(path, keys, "new."), path)
        _sync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None


def _written_beside(path: Path, keys: Masters, mark: str = "") -> str:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.{mark}")  # mode 0600
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(written(keys))
        file.flush()
        os.fsync(file.fileno())
    return name


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep every other process from changing the file meanwhile: its folder is locked. Raises KeyUnusable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unwritable(path: Path, error: OSError) -> KeyUnusable:
    reason = error.strerror or type(error).__name__
    return KeyUnusable(
        "The key of the secrets, %(path)s, cannot be written: %(reason)s.", path=str(path), reason=reason
    )
