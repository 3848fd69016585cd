"""Recordings of a device: replayed as a Source in tests and at the desk, and made from a live one.

A recording is a JSON object `{"platform", "at", "answers": {"kind:argument": answer}}`, kinds `text`, `list`,
`run`, `table` and `query`. An answer `{"error": {"id": ..., "values": ...}}` replays a failure (with
`"not_here": true`: the thing does not exist). A list `"steps"` of `{"at", "answers"}` laid over the base
answers replays several runs, as rates need. A list `"history"` of `{"metric", "labels", "points": [[seconds,
value]]}` stands for what the store knows. What a recording does not hold is not on the device.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from predvid.checks.collecting import Collected, collect, inapplicable, judge
from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.history import NO_HISTORY, History, history_of
from predvid.checks.redaction import redacted
from predvid.checks.source import Source
from predvid.checks.v1 import Check
from predvid.core.errors import UserError
from predvid.core.model import Event, Fact, Result, Said, Sample, say

MAX_RECORDING = 64 << 20  # bytes
Converter = Callable[[str], Mapping[str, Any] | None]
PLATFORMS = ("linux", "windows", "macos")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check made of a recording: everything of the last run, but the events of all runs."""

    facts: list[Fact]
    samples: list[Sample]
    events: list[Event]
    results: list[Result]
    error: Said | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A checked recording: its platform and, for each run, the moment (seconds) and the answers."""

    platform: str
    steps: tuple[tuple[float, Mapping[str, Any]], ...]
    history: History = NO_HISTORY


class RecordedSource:
    """Implements `checks.source.Source` from one run of a recording."""

    def __init__(self, recording: Recording, step: int = 0) -> None:
        self.platform = recording.platform
        self._at, self._answers = recording.steps[step]

    def now(self) -> float:
        """Return the moment of the recorded run."""
        return self._at

    def text(self, path: str) -> str:
        """Return the recorded text of a file."""
        return str(self._answer(f"text:{path}", str))

    def listing(self, path: str) -> list[str]:
        """Return the recorded names in a folder."""
        return list(self._answer(f"list:{path}", list))

    def run(self, *command: str, timeout: float = 15.0, ok: tuple[int, ...] = (0,)) -> str:
        """Return the recorded output of a program; `timeout` and `ok` were settled when it was recorded."""
        return str(self._answer(f"run:{' '.join(command)}", str))

    def table(self, name: str) -> Any:
        """Return a recorded table."""
        return self._answer(f"table:{name}", object)

    def query(self, kind: str, argument: str) -> Any:
        """Return the recorded answer to a question."""
        return self._answer(f"query:{kind} {argument}", object)

    def _answer(self, key: str, kind: type) -> Any:
        if key not in self._answers:
            raise NotHere(say("read.not_recorded", what=key))
        answer = self._answers[key]
        if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
            error = answer["error"]
            said = Said(str(error.get("id", "read.unexpected")), dict(error.get("values") or {}))
            raise NotHere(said) if answer.get("not_here") else CannotRead(said)
        if not isinstance(answer, kind):
            raise CannotRead(say("read.unexpected", what=key, detail=f"recorded as {type(answer).__name__}"))
        return answer


class RecordingSource:
    """Implements `checks.source.Source` by a live one and remembers every answer, without its secrets."""

    def __init__(self, live: Source) -> None:
        self._live = live
        self.platform = live.platform
        self._steps: list[dict[str, Any]] = []
        self.next_run()

    def next_run(self) -> None:
        """Begin the answers of a further run."""
        self._steps.append({"at": self._live.now(), "answers": {}})

    def now(self) -> float:
        """Return the live moment."""
        return self._live.now()

    def text(self, path: str) -> str:
        """Return and remember the text of a file."""
        return str(self._keep(f"text:{path}", self._live.text, path))

    def listing(self, path: str) -> list[str]:
        """Return and remember the names in a folder."""
        return list(self._keep(f"list:{path}", self._live.listing, path))

    def run(self, *command: str, timeout: float = 15.0, ok: tuple[int, ...] = (0,)) -> str:
        """Run, return and remember the output of a program."""
        return str(self._keep(f"run:{' '.join(command)}", self._live.run, *command, timeout=timeout, ok=ok))

    def table(self, name: str) -> Any:
        """Return and remember a table."""
        return self._keep(f"table:{name}", self._live.table, name)

    def query(self, kind: str, argument: str) -> Any:
        """Ask, return and remember the answer to a question."""
        return self._keep(f"query:{kind} {argument}", self._live.query, kind, argument)

    def _keep(self, key: str, ask: Any, *arguments: str, **options: Any) -> Any:
        answers = self._steps[-1]["answers"]
        try:
            answer = ask(*arguments, **options)
        except CannotRead as error:
            answers[key] = {
                "error": {"id": error.said.id, "values": redacted(dict(error.said.values))},
                "not_here": isinstance(error, NotHere),
            }
            raise
        answers[key] = redacted(answer)
        return answer

    def recording(self) -> dict[str, Any]:
        """Return the recording as JSON-like data, one step for each run."""
        if len(self._steps) == 1:
            return {"platform": self.platform, **self._steps[0]}
        return {"platform": self.platform, "answers": {}, "steps": self._steps}


def load(text: str, convert: Converter | None = None) -> Recording:
    """Return the recording in JSON `text`, or what a check's `replay`, given as `convert`, makes of it.

    Raises UserError saying what is wrong with it.
    """
    if len(text) > MAX_RECORDING:
        raise UserError(f"the recording is larger than {MAX_RECORDING >> 20} MiB")
    made = convert(text) if convert else None
    try:
        return _checked(_parsed(text) if made is None else made)
    except UserError as error:
        if convert is None:
            raise
        raise UserError(f"it is no output that this check reads, and {error}") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the recording is not JSON: {error}") from None


def _checked(data: Any) -> Recording:
    if not isinstance(data, dict) or data.get("platform") not in PLATFORMS:
        raise UserError(f'the recording has no "platform" out of {", ".join(PLATFORMS)}')
    base, steps = data.get("answers", {}), data.get("steps", [{}])
    if not isinstance(base, dict) or not isinstance(steps, list) or not steps:
        raise UserError('the recording\'s "answers" must be an object and "steps" a list of such')
    runs = tuple(_step(step, data.get("at", 0.0), base) for step in steps)
    return Recording(data["platform"], runs, _history(data.get("history", [])))


def _history(rows: Any) -> History:
    try:
        return history_of(
            (
                str(row["metric"]),
                dict(row["labels"]),
                [(float(at), float(value)) for at, value in row["points"]],
            )
            for row in rows
        )
    except (TypeError, ValueError, KeyError):
        raise UserError(
            'the recording\'s "history" must be a list of objects with "metric", "labels" and "points"'
        ) from None


def _step(step: Any, at: Any, base: dict[str, Any]) -> tuple[float, Mapping[str, Any]]:
    if not isinstance(step, dict) or not isinstance(step.get("answers", {}), dict):
        raise UserError('each of the recording\'s "steps" must be an object with "answers"')
    moment = step.get("at", at)
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        raise UserError(f'the recording\'s "at" must be seconds since the epoch, not {moment!r}')
    return float(moment), base | step.get("answers", {})


def replay(check: Check, recording: Recording, params: Any) -> Outcome:
    """Run `check` on every step of `recording`, carrying its state, and judge the samples of the last."""
    state: dict[str, Any] = {}
    events: list[Event] = []
    run = Collected()
    for number in range(len(recording.steps)):
        source = RecordedSource(recording, number)
        reason = inapplicable(check, source)
        run = collect(check, source, params, state) if reason is None else Collected(error=reason)
        events += run.events
    results, failure = judge(check, run.samples, params, recording.history)
    return Outcome(run.facts, run.samples, events, results, run.error or failure)
