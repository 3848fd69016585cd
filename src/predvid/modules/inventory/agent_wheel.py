"""The agent's package as a wheel (PyPA binary distribution format), made of this installation's own files."""

import base64
import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

import predvid

PACKAGE = Path(predvid.__file__).parent
NOT_PACKED = (".po", ".pyc", "~")
WHEEL = "Wheel-Version: 1.0\nGenerator: predvid\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date that a zip file can carry

_Key = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: its file name (which carries the version), its bytes, their SHA-256 in hexadecimal."""

    name: str
    content: bytes
    sha256: str


class _Kept:
    """The wheel made last, good until a file of the installation changes."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.key: _Key = ()
        self.wheel: Wheel | None = None


_kept = _Kept()


def agent_wheel() -> Wheel:
    """Return the wheel of what is installed here. Console and gateway each make it, alike."""
    with _kept.lock:
        installed = distribution("predvid")
        files = {**_package(), **_metadata(installed)}
        key = tuple((name, (stat := path.stat()).st_mtime_ns, stat.st_size) for name, path in files.items())
        if _kept.wheel is None or key != _kept.key:
            _kept.wheel, _kept.key = _made(files, installed.version), key
        return _kept.wheel


def _package() -> dict[str, Path]:
    """Return the package's files by their names in the wheel: no caches, no sources of translations."""
    found = sorted(path for path in PACKAGE.rglob("*") if path.is_file() and not path.is_symlink())
    names = {path.relative_to(PACKAGE.parent).as_posix(): path for path in found}
    return {name: path for name, path in names.items() if not name.endswith(NOT_PACKED) and "/." not in name}


def _metadata(installed: Distribution) -> dict[str, Path]:
    """Return what describes the distribution: it is the same for an editable checkout."""
    folder = f"predvid-{installed.version}.dist-info"
    wanted = (f"{folder}/METADATA", f"{folder}/entry_points.txt")
    files = {str(file): Path(str(file.locate())) for file in installed.files or ()}
    return {
        name: path
        for name, path in sorted(files.items())
        if name in wanted or name.startswith(f"{folder}/licenses/")
    }


def _made(files: Mapping[str, Path], version: str) -> Wheel:
    content = {name: path.read_bytes() for name, path in files.items()}
    folder = f"predvid-{version}.dist-info"
    content[f"{folder}/WHEEL"] = WHEEL.encode()
    content[f"{folder}/RECORD"] = "".join(_record(content, f"{folder}/RECORD")).encode()
    packed = io.BytesIO()
    # Stored, not compressed: two servers with different zlibs must make the same bytes.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16  # an ordinary file of a Unix
            archive.writestr(entry, data)
    whole = packed.getvalue()
    return Wheel(f"predvid-{version}-py3-none-any.whl", whole, hashlib.sha256(whole).hexdigest())


def _record(content: Mapping[str, bytes], itself: str) -> Iterator[str]:
    for name, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        yield f"{name},sha256={digest},{len(data)}\n"
    yield f"{itself},,\n"
