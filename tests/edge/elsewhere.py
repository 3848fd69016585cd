"""A live Linux device whose daemons keep their files in a temporary folder instead of the usual places."""

from collections.abc import Mapping
from typing import Any

from predvid.edge.sources.host import HostSource
from predvid.edge.sources.os_linux import linux_source


class Elsewhere(HostSource):
    """The live source of this device with some paths moved: usual place -> where it really is."""

    def __init__(self, moved: Mapping[str, str]) -> None:
        live = linux_source()
        super().__init__("linux", live._tables, live._programs, live._queries)
        self._moved = moved

    def _real(self, path: str) -> str:
        for usual, real in self._moved.items():
            path = path.replace(usual, real)
        return path

    def text(self, path: str) -> str:
        """Return the text of the file where it really is."""
        return super().text(self._real(path))

    def listing(self, path: str) -> list[str]:
        """Return the names in the folder where it really is."""
        return super().listing(self._real(path))

    def run(self, *command: str, timeout: float = 15.0, ok: tuple[int, ...] = (0,)) -> str:
        """Run a program with the real paths."""
        real = [word for part in command for word in ([part] if " " in part else self._real(part).split(" "))]
        return super().run(*real, timeout=timeout, ok=ok)

    def query(self, kind: str, argument: str) -> Any:
        """Ask with the real path or address."""
        return super().query(kind, self._real(argument))
