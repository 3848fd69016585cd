"""`predvid check scaffold`: writes a new check that works at once, with its first recording."""

import keyword
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from string import Template

from predvid import __version__
from predvid.checks import registry
from predvid.checks.recording import PLATFORMS
from predvid.core.errors import UserError
from predvid.core.model import Said
from predvid.core.wording import Text, word

TEMPLATES = Path(__file__).with_name("scaffold")
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
BUILTIN = "src/predvid/checks/builtin"
RECORDINGS = "tests/checks"
_TEXTS = {
    "written": Text("Written:", "Zapisano:"),
    "next": Text("Next:", "Dalje:"),
    "run": Text("predvid check run {name}", "predvid check run {name}"),
    "install": Text("cd {folder} && python -m pip install -e .", "cd {folder} && python -m pip install -e ."),
    "edit": Text(
        "put your own reading in the place of the memory; word title, texts, runbook and settings in both "
        "languages",
        "umjesto memorije upišite vlastito čitanje; naslov, tekstove, upute i postavke sročite na oba jezika",
    ),
    "record": Text(
        "predvid check run {name} --record {folder}/NAME.json, and add what you expect of it",
        "predvid check run {name} --record {folder}/IME.json, pa dopišite što se od snimke očekuje",
    ),
    "test": Text("python -m pytest {tests} -k {name}", "python -m pytest {tests} -k {name}"),
    "test_plugin": Text("python -m pytest", "python -m pytest"),
}


def builtin_files(name: str, into: Path) -> dict[Path, str]:
    """Return the templates of a check of Predvid's own by path, in the checkout that `into` is in."""
    root = _checkout(into)
    return {
        root / BUILTIN / f"{name}.py": "check.py",
        root / RECORDINGS / name / "ordinary.json": "ordinary.json",
    }


def plugin_files(name: str, into: Path) -> dict[Path, str]:
    """Return the templates of a package of its own by path, in a new folder of `into`."""
    if not into.is_dir():
        raise UserError(f"{into} is no folder")
    root, package = into / _project(name), _package(name)
    return {
        root / "pyproject.toml": "plugin_pyproject.toml",
        root / "README.md": "plugin_readme.md",
        root / "src" / package / "__init__.py": "plugin_init.py",
        root / "src" / package / "check.py": "check.py",
        root / "tests" / f"test_{name}.py": "plugin_test.py",
        root / "tests" / "ordinary.json": "ordinary.json",
    }


def _project(name: str) -> str:
    return f"predvid-check-{name.replace('_', '-')}"


def _package(name: str) -> str:
    return f"predvid_check_{name}"


def _checkout(folder: Path) -> Path:
    """Return the checkout of Predvid around `folder`; raise UserError where there is none."""
    for place in (folder, *folder.parents):
        if (place / BUILTIN / "__init__.py").is_file() and (place / RECORDINGS).is_dir():
            return place
    raise UserError(
        f"{folder} is not in a checkout of Predvid ({BUILTIN} and {RECORDINGS}): go there, name it "
        "by --into, or make a package of your own by --plugin"
    )


def platforms(given: str) -> tuple[str, ...]:
    """Return the platforms of a list with commas, in the house's order; raise UserError for others."""
    named = {part.strip() for part in given.split(",")}
    if unknown := named - set(PLATFORMS):
        raise UserError(f"--platform {given}: {min(unknown)!r} is none of {', '.join(PLATFORMS)}")
    return tuple(platform for platform in PLATFORMS if platform in named)


def checked_name(name: str) -> str:
    """Return `name` if a new check may have it; raise UserError saying why not."""
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        raise UserError(
            f"{name!r} is no name for a check: give up to 40 small letters a-z, digits and _, a letter first"
        )
    if name in registry.checks():
        raise UserError(f"there is a check {name!r} already (predvid check list)")
    return name


def write(name: str, on: Iterable[str], files: Mapping[Path, str]) -> None:
    """Write the templates of `files` for the check `name`; raise UserError before anything is overwritten."""
    on = tuple(on)
    values = {
        "name": name,
        "title": name.replace("_", " ").strip().capitalize(),
        "platform": on[0],
        "platforms": ", ".join(f'"{platform}"' for platform in on) + ("," if len(on) == 1 else ""),
        "project": _project(name),
        "package": _package(name),
        "version": __version__,
    }
    if there := [path for path in files if path.exists()]:
        raise UserError(f"{there[0]} exists already")
    for path, template in files.items():
        text = Template((TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")).substitute(values)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}") from None


def next_steps(name: str, files: Iterable[Path], plugin: bool, language: str) -> list[str]:
    """Return what was written and what to do next, as lines of text in `language`."""
    written = list(files)
    folder = written[-1].parent
    values = {"name": name, "folder": str(folder), "tests": str(folder.parent)}
    if plugin:
        values |= {"folder": str(written[0].parent)}
    steps = ["install", "run", "edit", "test_plugin"] if plugin else ["run", "edit", "record", "test"]
    return [
        word(Said("written"), language, _TEXTS),
        *(f"  {path}" for path in written),
        "",
        word(Said("next"), language, _TEXTS),
        *(f"  {n}. {word(Said(step, values), language, _TEXTS)}" for n, step in enumerate(steps, 1)),
    ]
