"""The files that the rules of the house look at, parsed once."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "src/predvid"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Return the parsed file."""
        return ast.parse(self.text)

    @property
    def functions(self) -> Iterator[Function]:
        """Return every function and method, nested ones too."""
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    @property
    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Return every call with the dotted name that is called, as far as it is written out."""
        return ((node, ast.unparse(node.func)) for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    @property
    def imports(self) -> Iterator[tuple[int, str]]:
        """Return line and dotted name of each import (`from a import b` is `a.b`)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    def under(self, *rooms: str) -> bool:
        """Tell whether the file lies in one of `rooms` of the package, or is it (`core`, `cli.py`)."""
        path = PurePosixPath(self.path)
        return any(path.is_relative_to(f"{PACKAGE}/{room}") for room in rooms)

    @property
    def pure(self) -> bool:
        """Tell whether the file may know no framework, no network and no clock."""
        return self.under("core", "checks", "wire") or PurePosixPath(self.path).name == "rules.py"

    @property
    def by_django(self) -> bool:
        """Tell whether Django wrote the file."""
        return "/migrations/" in self.path


@cache
def files() -> tuple[str, ...]:
    """Return the paths of all files that belong to the project (git's, else all but what is built here)."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        names = [name for name in listed.splitlines() if (ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive, or a checkout of another user
        built = {".venv", ".git", "build", "dist", "data", "__pycache__"}
        names = [
            path.relative_to(ROOT).as_posix()
            for path in ROOT.rglob("*")
            if path.is_file()
            and not built & set(path.relative_to(ROOT).parts)
            and not any(part.startswith(".") and part.endswith("cache") for part in path.parts)
        ]
    return tuple(sorted(names))


@cache
def sources(*tops: str) -> tuple[Source, ...]:
    """Return the Python files under the folders `tops`."""
    found = (name for name in files() if name.endswith(".py") and name.split("/")[0] in tops)
    return tuple(Source(name, (ROOT / name).read_text(encoding="utf-8")) for name in found)
