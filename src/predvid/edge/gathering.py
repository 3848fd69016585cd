"""What the checks gave since the last seal, held in memory until it goes to the outbox as one batch."""

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec

from predvid.core.model import Event, Fact, Labels, Said, Sample
from predvid.edge.run_check import Run
from predvid.edge.sealing import MOST_SERIES, Layout, Reading, SeriesKey
from predvid.wire.v1 import Batch, EventRow, FactRow, Ran, Sentence, TaskOutcome, TrustHeld

MOST_SAMPLES = 20_000  # held while the disk refuses; more than an hour of an ordinary device
MOST_RUNS, MOST_EVENTS = 20_000, 2_000  # likewise
DAY = 86400.0
MAX_NAME = 120  # characters of a metric's, check's or label's name that the server takes
MAX_LABEL = 480  # characters of a label's value
MAX_LABELS = 16


class Gathering:
    """Collects finished runs; `batches` makes Batches of them, `clear` forgets them once they are durable."""

    def __init__(self) -> None:
        self._layout = Layout()
        self._known: dict[tuple[str, str], tuple[bytes, float]] = {}
        self._readings: list[Reading] = []
        self._ran: list[Ran] = []
        self._facts: dict[tuple[str, str], FactRow] = {}
        self._events: list[EventRow] = []
        self._outcomes: list[TaskOutcome] = []
        self._trust: TrustHeld | None = None

    @property
    def empty(self) -> bool:
        """Tell whether there is nothing to seal."""
        return not (
            self._ran or self._readings or self._facts or self._events or self._outcomes or self._trust
        )

    def run(
        self, check: str, at: int, run: Run, elapsed: float, interval: float = 0.0, offset: int = 0
    ) -> None:
        """Take one finished run that began at `at` (ms); `elapsed` (steady seconds) ages the known facts.

        `interval` is the one in force for the check, in seconds. `offset` (ms) corrects the times that
        samples and events bring along: those are by the device's clock, `at` is by the server's.
        """
        readings = [_reading(check, at, sample, offset) for sample in run.samples]
        events = [event_row(event, at, offset) for event in run.events]
        error = sentence(run.error) if run.error is not None else None
        for fact in run.facts:
            self._fact(check, fact, elapsed)
        self._readings += readings
        self._ran.append(Ran(check, at, run.took_ms, error, len(readings), math.ceil(interval)))
        self._events += events

    def failed(self, check: str, at: int, took: int, error: Said, interval: float = 0.0) -> None:
        """Take a run that did not happen or did not end, and why; `interval` in seconds."""
        self._ran.append(Ran(check, at, took, sentence(error), interval=math.ceil(interval)))

    def event(self, event: EventRow) -> None:
        """Take an event of the agent itself."""
        self._events.append(event)

    def outcomes(self, outcomes: Iterable[TaskOutcome]) -> None:
        """Take the outcomes of leased tasks."""
        self._outcomes.extend(outcomes)

    def fact(self, check: str, fact: Fact, elapsed: float) -> None:
        """Take a fact of the agent itself; it is sent when it changed, and once a day."""
        self._fact(check, fact, elapsed)

    def trust(self, held: TrustHeld) -> None:
        """Take what is held of task authority."""
        self._trust = held

    def _fact(self, check: str, fact: Fact, elapsed: float) -> None:
        key = (check, fact.name)
        mark = blake2b(msgspec.msgpack.encode(fact.value, order="deterministic"), digest_size=16).digest()
        before, sent = self._known.get(key, (b"", 0.0))
        if mark != before or elapsed - sent >= DAY:
            self._facts[key] = FactRow(check, fact.name, fact.value)
            self._known[key] = (mark, elapsed)

    def forget_facts(self) -> None:
        """Send every fact again at its next reading: what was sent did not arrive."""
        self._known.clear()

    def spill(self) -> tuple[int, int]:
        """Drop the oldest samples over the limit of memory with their runs, the oldest events over theirs.

        Return how many samples and how many events (with outcomes) went.
        """
        events = _shortened(self._events, MOST_EVENTS) + _shortened(self._outcomes, MOST_EVENTS)
        over = len(self._readings) - MOST_SAMPLES
        if over > 0:
            newest_gone = self._readings[over - 1][1]
            self._ran = [ran for ran in self._ran if ran.at > newest_gone]
            del self._readings[:over]
        _shortened(self._ran, MOST_RUNS)
        return max(over, 0), events

    def batches(self, now: int, elapsed: float) -> list[Batch]:
        """Return all of it sealed at `now` (ms), boot and sequence still open.

        It is one batch, unless there are more series than a layout takes.
        """
        first, *more = _within_a_layout(self._readings, self._ran)
        whole = Batch(
            boot="",
            seq=0,
            sealed=now,
            columns=self._layout.columns(first[0], elapsed),
            ran=first[1],
            facts=list(self._facts.values()),
            events=list(self._events),
            outcomes=list(self._outcomes),
            trust=self._trust,
        )
        rest = [
            Batch("", 0, now, columns=self._layout.columns(readings, elapsed), ran=ran)
            for readings, ran in more
        ]
        return [whole, *rest]

    def clear(self) -> None:
        """Forget what was sealed."""
        self._readings.clear()
        self._ran.clear()
        self._facts.clear()
        self._events.clear()
        self._outcomes.clear()
        self._trust = None


def _shortened(rows: list[Any], most: int) -> int:
    """Remove the oldest rows beyond `most`; return how many."""
    over = max(len(rows) - most, 0)
    del rows[:over]
    return over


def _within_a_layout(readings: list[Reading], ran: list[Ran]) -> list[tuple[list[Reading], list[Ran]]]:
    """Return readings and runs in parts of at most MOST_SERIES series, a run with its last readings."""
    parts: list[tuple[list[Reading], list[Ran]]] = []
    cuts = [*_cuts(readings), len(readings)]
    begin, taken, ended = 0, 0, 0
    for cut in cuts:
        runs = taken
        while runs < len(ran) and (ended + ran[runs].items <= cut or cut == len(readings)):
            ended += ran[runs].items
            runs += 1
        parts.append((readings[begin:cut], ran[taken:runs]))
        begin, taken = cut, runs
    return parts


def _cuts(readings: list[Reading]) -> Iterator[int]:
    """Yield where a part must end for the next series to find room in a layout."""
    series: set[SeriesKey] = set()
    for n, (key, _, _) in enumerate(readings):
        if key not in series and len(series) == MOST_SERIES:
            yield n
            series.clear()
        series.add(key)


def sentence(said: Said) -> Sentence:
    """Return `said` as the wire writes it."""
    return Sentence(said.id, dict(said.values))


def event_row(event: Event, at: int, offset: int = 0) -> EventRow:
    """Return `event` as the wire writes it, at its own time corrected by `offset`, else at `at` (all ms)."""
    return EventRow(
        kind=event.kind,
        said=sentence(event.said),
        at=_corrected(event.at, offset) if event.at else at,
        severity=event.severity.name.lower(),
        actor=event.actor,
        target=event.target,
        source=dict(event.source),
    )


def _corrected(moment: datetime, offset: int) -> int:
    return max(round(moment.timestamp() * 1000) + offset, 0)


def _reading(check: str, at: int, sample: Sample, offset: int) -> Reading:
    moment = _corrected(sample.at, offset) if sample.at else at
    return (check, sample.metric[:MAX_NAME], _labels(sample.labels)), moment, float(sample.value)


def _labels(labels: Any) -> Labels:
    rows = sorted((str(name)[:MAX_NAME], str(value)[:MAX_LABEL]) for name, value in labels.items())
    return tuple(rows[:MAX_LABELS])
