"""What checks remember beyond the agent's end: the part `kept` of each check's state, in one small file.

It is a memory of the device (which fans ever turned, which names ever resolved), never of the server. A file
that is damaged, or cannot be written, costs that memory and nothing else.
"""

import json
import logging
from pathlib import Path
from typing import Any

from predvid.edge import durable

log = logging.getLogger("predvid.agent")
KEPT = "kept"
MOST = 16 << 10  # characters of JSON that one check may keep


class Kept:
    """The memory in `path`; without one nothing outlives the agent."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._texts = {} if path is None else _read(path)

    def state(self, check: str) -> dict[str, Any]:
        """Return the state that `check` begins with: what it kept, or an empty one."""
        text = self._texts.get(check)
        return {} if text is None else {KEPT: json.loads(text)}

    def note(self, check: str, state: dict[str, Any]) -> None:
        """Take over what `check` keeps in its `state`, and write it where it changed."""
        if self._path is None or KEPT not in state:
            return
        try:
            text = json.dumps(state[KEPT], sort_keys=True, allow_nan=False)
        except (TypeError, ValueError, RecursionError, RuntimeError):
            return  # of a plug-in that does not keep to JSON, or of a run that still writes
        if len(text) > MOST or text == self._texts.get(check):
            return
        self._texts[check] = text
        try:
            whole = {name: json.loads(kept) for name, kept in self._texts.items()}
            durable.write(self._path, json.dumps(whole, sort_keys=True).encode())
        except OSError as error:
            log.warning("what checks remember cannot be kept: %s", error.strerror)


def _read(path: Path) -> dict[str, str]:
    try:
        whole = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return (
        {name: json.dumps(kept, sort_keys=True) for name, kept in whole.items()}
        if isinstance(whole, dict)
        else {}
    )
