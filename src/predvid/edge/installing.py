"""Puts a verified release beside the versions that are here, each in a virtual environment of its own.

The home of the versions is the environment that the device was first installed into; see `edge.launch`.
"""

import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import predvid
from predvid.edge import durable, launch
from predvid.edge.released import Release, ReleaseRefused

LOCK = "predvid/edge/agent.lock"
PATIENCE = 900  # seconds for one step of the installation, on a slow device
OWN = ("predvid", "__pycache__")  # of the version that runs now: not carried into the next
COMMAND = """\
#!/bin/sh
exec "{home}/bin/python" -I "{home}/{launcher}" --command "$@"
"""
LAUNCHER = "launch.py"


@dataclass(frozen=True)
class Home:
    """The folder that holds the launcher and every version."""

    path: Path

    @property
    def launcher(self) -> Path:
        """The copy of `edge.launch` that starts the service."""
        return self.path / LAUNCHER

    def folder(self, name: str) -> Path:
        """Return the environment of a version by its folder's name."""
        return self.path / "versions" / name if name else self.path

    def make(self) -> None:
        """Put the launcher here, and let the command `predvid` of this folder follow it. Raises OSError."""
        durable.write(self.launcher, Path(launch.__file__).read_bytes(), 0o644)
        command = self.path / "bin" / "predvid"
        if command.exists():
            durable.write(command, COMMAND.format(home=self.path, launcher=LAUNCHER).encode(), 0o755)
            command.chmod(0o755)


def home() -> Home | None:
    """Return where this agent's versions live; None in a checkout or an environment that is not its own."""
    prefix = Path(sys.prefix)
    if sys.prefix == sys.base_prefix or not Path(predvid.__file__).is_relative_to(prefix):
        return None
    return Home(prefix.parent.parent if prefix.parent.name == "versions" else prefix)


def install(release: Release, to: Home) -> None:
    """Install a release and make it current, on trial from the next start. Raises ReleaseRefused (`install`).

    What the running version needs is taken over, so that a release with unchanged needs asks no index; what
    changed is fetched by pip and must have the hashes of the lock inside the verified wheel.
    """
    name = f"{release.version}-{release.counter}"
    folder = to.folder(name)
    standing = launch.read(to.path)
    try:
        if standing["current"] != name:
            shutil.rmtree(folder, ignore_errors=True)
        _environment(folder)
        _packages(folder, release)
        _proven(folder, release.version)
        launch.write(to.path, on_trial(standing, name, release.counter))
    except (OSError, shutil.Error, zipfile.BadZipFile, KeyError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ReleaseRefused("install", f"release {release.version} cannot be installed: {error}") from None


def on_trial(standing: dict[str, object], name: str, counter: int) -> dict[str, object]:
    """Return the standing with a new version on trial; the way back leads to the last that proved itself."""
    proven = standing["previous" if standing["trial"] else "current"]
    now = {"current": name, "previous": proven, "counter": counter}
    return {**standing, **now, "trial": True, "starts": 0, "waited": 0.0}


def _environment(folder: Path) -> None:
    folder.parent.mkdir(mode=0o755, exist_ok=True)
    _step([sys.executable, "-I", "-m", "venv", str(folder)])
    mine = Path(sysconfig.get_path("purelib"))
    theirs = folder / mine.relative_to(sys.prefix)
    for item in mine.iterdir():
        if not item.name.startswith(OWN):
            copy = shutil.copytree if item.is_dir() else shutil.copy2
            if not (theirs / item.name).exists():
                copy(item, theirs / item.name)


def _packages(folder: Path, release: Release) -> None:
    lock = folder / "agent.lock"
    with zipfile.ZipFile(release.wheel) as wheel:
        lock.write_bytes(wheel.read(LOCK))
    pip = [
        python(folder),
        "-I",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
    ]
    _step([*pip, "--require-hashes", "--only-binary=:all:", "-r", str(lock)])
    _step([*pip, "--no-deps", "--no-index", str(release.wheel)])


def python(folder: Path) -> str:
    """Return the interpreter of an environment."""
    inside = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
    return str(folder.joinpath(*inside))


def _proven(folder: Path, version: str) -> None:
    """Let the new version say its number before it is made current."""
    said = _step([python(folder), *launch.MODULE, "--version"])
    if version not in said.split():
        raise OSError(f"it calls itself {said.strip()[:60]}")


def _step(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise OSError(f"{Path(command[0]).name} gave no answer within {PATIENCE} s") from None
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise OSError(last[-1][:300])
    return done.stdout


def confirm(at: Home) -> bool:
    """Say that the version that runs has delivered; return whether it was on trial. Raises OSError.

    The version before it stays, older ones are removed.
    """
    standing = launch.read(at.path)
    if not standing["trial"] or at.folder(standing["current"]) != Path(sys.prefix):
        return False
    launch.write(at.path, {**standing, "trial": False, "failed": "", "told": True})
    kept = {standing["current"], standing["previous"]}
    for folder in (at.path / "versions").iterdir():
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)
    return True
