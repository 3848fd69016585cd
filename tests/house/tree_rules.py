"""The rules that the tree as a whole can break: each takes plain data and yields what is wrong."""

import re
import statistics
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from house.tree import Source

# Written with classes of one letter, or this file would break its own rule.
PLACES = re.compile(
    r"/(?:w[o]rk|r[o]ot|opt/wheels|opt/pypi)/|(?<!emit-)\b(?:extra-)?index-(?:url|server)\b|\bfind-link[s]\b"
)
TASTE = 120  # lines


def median_length(lengths: Iterable[int]) -> Iterator[str]:
    """The median file has about 100 lines."""
    if (median := statistics.median(lengths)) > TASTE:
        yield f"the median file has {median:.0f} lines"


def no_empty_folder(paths: Iterable[str]) -> Iterator[str]:
    """A folder of the package arrives with its first content."""
    folders: dict[PurePosixPath, int] = {}
    for path in map(PurePosixPath, paths):
        for parent in path.parents:
            folders[parent] = folders.get(parent, 0) + (path.name != "__init__.py")
    yield from (str(folder) for folder, count in folders.items() if not count)


def no_machine_places(path: str, text: str) -> Iterator[str]:
    """Nothing names a place on the machine it was written on, or where packages come from."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := PLACES.search(line):
            yield f"{path}:{number}: {found.group()}"


def pure_rooms_without_clock(ignores: Mapping[str, list[str]], pure: Iterable[Source]) -> Iterator[str]:
    """No exception of ruff gives a clock (TID251) to a pure room."""
    rooms = [PurePosixPath(source.path) for source in pure]
    for pattern, codes in ignores.items():
        if not {"TID251", "TID", "ALL"} & set(codes):
            continue
        glob = re.compile(
            re.escape(pattern).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        )
        yield from (f"{pattern} frees {room}" for room in rooms if glob.fullmatch(str(room)))


def locked_lines(text: str) -> Iterator[str]:
    """A lock holds pinned packages with their hashes and nothing else."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        pin = re.fullmatch(r"[a-z0-9][a-z0-9.-]*(\[[a-z,]+\])?==[^ ;]+( ; [^\\]+)? \\", line)
        sha = re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line)
        if not pin and not sha:
            yield f"line {number + 1}: {line}"
        elif pin and not lines[number + 1 : number + 2]:
            yield f"line {number + 1}: no hash"


def pinned(text: str) -> set[str]:
    """Return the names that a lock pins."""
    return {line.split("==")[0].split("[")[0] for line in text.splitlines() if "==" in line}


def required(wants: Iterable[str]) -> set[str]:
    """Return the normalised names of requirements such as `psycopg[binary]>=3.2` (PEP 503)."""
    names = (re.match(r"[A-Za-z0-9._-]+", want) for want in wants)
    return {re.sub(r"[-_.]+", "-", name.group()).lower() for name in names if name}
