"""Asks a container engine by the API that Docker and Podman share (docs.docker.com/reference/api/engine).

GET /containers/json?all=1, /containers/ID/json and /images/json. Podman's list leaves out health, so every
container is inspected. Only what is named here is taken: an inspection holds the secrets of an environment
too.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers.plain import parsed, records, text, whole, within
from predvid.checks.source import Source
from predvid.core.model import say

SOCKETS = ("/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock")
MOST_CONTAINERS = 200
LASTING = 7 * 86400  # seconds after which a failed end is history
_ID = re.compile(r"[0-9a-f]{12,64}$")
_NAME = re.compile(r"[\w.-]{1,200}$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
# Exit codes of a container that somebody stopped: 128 + SIGINT, SIGKILL, SIGTERM.
STOPPED_BY_HAND = (0, 130, 137, 143)


@dataclass(frozen=True, slots=True)
class Container:
    """A container as the engine sees it; `failed` is the exit code of a failed end, else 0."""

    name: str
    image: str
    image_created: str
    state: str
    running: bool
    unhealthy: bool
    failed: int
    restarts: int
    policy: str


def engine(source: Source) -> str | None:
    """Return the socket of the engine on this device, None where there is none."""
    for path in SOCKETS:
        try:
            source.query("status", path)
        except NotHere:
            continue
        return path
    return None


def get(source: Source, socket: str, path: str) -> Any:
    """Return the JSON answer of the engine; raise CannotRead for any other."""
    answer = source.query("http", f"unix:{socket} {path}")
    if within(answer, "status") != 200:
        status = whole(within(answer, "status")) or 0
        raise CannotRead(say("read.unexpected", what=path, detail=f"HTTP {status}"))
    return parsed(str(within(answer, "body")), path)


def containers(source: Source, socket: str, skip: tuple[str, ...]) -> list[Container]:
    """Return the containers by name, at most MOST_CONTAINERS; one that is removed meanwhile is left out."""
    ages = _images(source, socket)
    found = dict[str, Container]()
    for row in records(get(source, socket, "/containers/json?all=1")):
        name, number = _name(row), text(row.get("Id"))
        if (
            not _NAME.match(name)
            or not _ID.match(number)
            or any(fnmatchcase(name, pattern) for pattern in skip)
        ):
            continue
        if len(found) >= MOST_CONTAINERS:
            break
        try:
            told = get(source, socket, f"/containers/{number}/json")
        except CannotRead:
            continue
        found[name] = _container(name, row, told, ages, source.now())
    return [found[name] for name in sorted(found)]


def _name(row: dict[str, Any]) -> str:
    names = row.get("Names")
    return text(names[0]).lstrip("/") if isinstance(names, list) and names else ""


def _images(source: Source, socket: str) -> dict[str, str]:
    ages = {}
    for row in records(get(source, socket, "/images/json")):
        created = whole(row.get("Created"))
        if created is not None and 0 < created < 1 << 33:
            ages[text(row.get("Id"))] = f"{datetime.fromtimestamp(created, UTC):%Y-%m-%d}"
    return ages


def _container(name: str, row: dict[str, Any], told: Any, ages: dict[str, str], now: float) -> Container:
    state = text(within(told, "State", "Status"))
    return Container(
        name=name,
        image=text(row.get("Image")),
        image_created=ages.get(text(row.get("ImageID")), ""),
        state=state,
        running=state == "running",
        unhealthy=state == "running" and within(told, "State", "Health", "Status") == "unhealthy",
        failed=_failed(told, state, now),
        restarts=max(0, whole(within(told, "RestartCount")) or 0),
        policy=text(within(told, "HostConfig", "RestartPolicy", "Name")),
    )


def _failed(told: Any, state: str, now: float) -> int:
    """Return the exit code of a container that ended by a failure within LASTING, else 0."""
    code = whole(within(told, "State", "ExitCode")) or 0
    if state == "dead":
        return code or 255
    killed = within(told, "State", "OOMKilled") is True
    if state != "exited" or (code in STOPPED_BY_HAND and not killed):
        return 0
    ended = _moment(text(within(told, "State", "FinishedAt")))
    return code if ended is not None and now - ended < LASTING and 0 < code < 256 else 0


def _moment(moment: str) -> float | None:
    """Return epoch seconds of "2026-11-23T23:25:43.1Z", always in UTC here."""
    match = _MOMENT.match(moment)
    try:
        return datetime.fromisoformat(match[0]).replace(tzinfo=UTC).timestamp() if match else None
    except (ValueError, OverflowError):
        return None
