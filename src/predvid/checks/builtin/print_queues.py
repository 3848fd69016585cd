"""Print queues: printers that stand still or take no jobs, and jobs that wait too long.

CUPS (Linux, macOS) writes its queues and jobs into files; Windows is asked by its own classes. No
program runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import windows_printing as windows
from predvid.checks.readers.cups import Job, Queue, printers, waiting_jobs
from predvid.checks.readers.plain import within
from predvid.checks.v1 import (
    CannotRead,
    Check,
    Fact,
    Levels,
    NotHere,
    Result,
    Said,
    Sample,
    Source,
    Text,
    say,
)

CONF = {"linux": "/etc/cups/printers.conf", "macos": "/private/etc/cups/printers.conf"}
CACHE = {"linux": "/var/cache/cups/job.cache", "macos": "/private/var/spool/cups/cache/job.cache"}
SPOOL = {"linux": "/var/spool/cups", "macos": "/private/var/spool/cups"}
MOST_JOBS = 200  # whose age is looked up


@dataclass(frozen=True)
class PrintQueuesParams:
    """`waiting` guards the age of the oldest waiting job in seconds; `stopped` and `rejecting` guard 1 and 0.

    `skip` names queues to leave out.
    """

    waiting: Levels = Levels(3600, None)
    stopped: Levels = Levels(1, None)
    rejecting: Levels = Levels(1, None)
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether this device has a printer that prints on paper."""
    if source.platform == "windows":
        return _windows_applies(source)
    try:
        found = printers(source.text(CONF[source.platform]))
    except NotHere:
        return say("print_queues.no_cups")
    return bool(found) or say("print_queues.none")


def _windows_applies(source: Source) -> bool | Said:
    if within(source.query("registry", windows.SPOOLER), "values", "Start") == windows.DISABLED:
        return say("print_queues.spooler_disabled")
    names = within(source.query("registry", windows.KEYS), "keys")
    real = [name for name in (names if isinstance(names, list) else ()) if not windows.is_virtual(str(name))]
    return bool(real) or say("print_queues.none")


def collect(source: Source, params: PrintQueuesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield per queue whether it stands still or refuses jobs, how many jobs wait and for how long."""
    queues, jobs = _windows(source) if source.platform == "windows" else _cups(source)
    queues = [queue for queue in queues if queue.name not in params.skip]
    rows = []
    for queue in queues:
        labels = {"queue": queue.name}
        mine = [job for job in jobs if job.queue == queue.name]
        ages = [source.now() - job.since for job in mine if job.since is not None]
        yield Sample("print_queue_stopped", float(queue.stopped), labels)
        yield Sample("print_queue_rejecting", float(queue.rejecting), labels)
        yield Sample("print_queue_jobs", len(mine), labels)
        yield Sample("print_queue_oldest_job_seconds", max(0, round(max(ages, default=0))), labels)
        rows.append({"key": queue.name, "jobs": len(mine), "stopped": queue.stopped, "reason": queue.reason})
    yield Fact("state.print_queues", rows)


def _cups(source: Source) -> tuple[list[Queue], list[Job]]:
    queues = printers(source.text(CONF[source.platform]))
    try:
        jobs = waiting_jobs(source.text(CACHE[source.platform]))
    except NotHere:  # nothing was ever printed
        jobs = []
    return queues, [Job(j.queue, j.number, _submitted(source, j.number)) for j in jobs[:MOST_JOBS]]


def _submitted(source: Source, number: int) -> float | None:
    """Return when the document of a job was written into the spool; the cache itself does not tell it."""
    try:
        return float(source.query("status", f"{SPOOL[source.platform]}/d{number:05}-001")["modified"])
    except CannotRead:
        return None


def _windows(source: Source) -> tuple[list[Queue], list[Job]]:
    queues = windows.queues(source.query("wmi", windows.PRINTERS))
    if not queues:
        raise CannotRead(say("print_queues.spooler_silent"))
    return queues, windows.jobs(source.query("wmi", windows.JOBS))


def judge(samples: list[Sample], params: PrintQueuesParams) -> Iterator[Result]:
    """Judge each queue: items `Office` (stands still), `Office accepting`, `Office jobs`."""
    for sample in samples:
        queue, value = sample.labels.get("queue", ""), sample.value
        match sample.metric:
            case "print_queue_stopped":
                said = say("print_queues.stopped" if value else "print_queues.works", queue=queue)
                yield Result(queue, params.stopped.judge(value), said)
            case "print_queue_rejecting":
                said = say("print_queues.rejecting" if value else "print_queues.accepting", queue=queue)
                yield Result(f"{queue} accepting", params.rejecting.judge(value), said)
            case "print_queue_oldest_job_seconds":
                said = say("print_queues.oldest" if value else "print_queues.empty", queue=queue, age=value)
                yield Result(f"{queue} jobs", params.waiting.judge(value), said)


check = Check(
    name="print_queues",
    title=Text("Print queues", "Redovi za ispis"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=PrintQueuesParams(),
    interval=600,
    intervals={"windows": 900},
    hold=900,
    watches={
        "print_queue_stopped": "stopped",
        "print_queue_rejecting": "rejecting",
        "print_queue_oldest_job_seconds": "waiting",
    },
    charts=("print_queue_jobs", "print_queue_oldest_job_seconds"),
    evidence=("state.print_queues",),
    texts={
        "metric.print_queue_jobs": Text("Print jobs", "Poslovi ispisa"),
        "metric.print_queue_oldest_job_seconds": Text("Oldest print job", "Najstariji posao ispisa"),
        "metric.print_queue_stopped": Text("Printer stopped", "Pisač zaustavljen"),
        "metric.print_queue_rejecting": Text("Printer takes no jobs", "Pisač ne prima poslove"),
        "print_queues.no_cups": Text(
            "No printer is set up: CUPS has no list of printers",
            "Nijedan pisač nije postavljen: CUPS nema popisa pisača",
        ),
        "print_queues.none": Text(
            "No printer that prints on paper is set up",
            "Nije postavljen nijedan pisač koji ispisuje na papir",
        ),
        "print_queues.spooler_disabled": Text(
            "The print spooler is disabled on this device",
            "Usluga ispisa (spooler) onemogućena je na ovom uređaju",
        ),
        "print_queues.spooler_silent": Text(
            "Printers are set up but Windows names none: the print spooler is probably stopped",
            "Pisači su postavljeni, ali Windows ne navodi nijedan: usluga ispisa (spooler) "
            "vjerojatno ne radi",
        ),
        "print_queues.stopped": Text(
            "The printer {queue} is stopped; its jobs wait until it is resumed",
            "Pisač {queue} je zaustavljen; poslovi čekaju dok ga netko ponovno ne pokrene",
        ),
        "print_queues.works": Text("The printer {queue} works", "Pisač {queue} radi"),
        "print_queues.rejecting": Text(
            "The printer {queue} takes no new jobs", "Pisač {queue} ne prima nove poslove"
        ),
        "print_queues.accepting": Text("The printer {queue} takes jobs", "Pisač {queue} prima poslove"),
        "print_queues.oldest": Text(
            "The oldest job for {queue} has waited {age:secs}",
            "Najstariji posao za {queue} čeka: {age:secs}",
        ),
        "print_queues.empty": Text("No job waits for {queue}", "Nijedan posao ne čeka na {queue}"),
        "fact.state.print_queues": Text("Print queues", "Redovi za ispis"),
        "part.jobs": Text("Jobs", "Poslovi"),
        "part.reason": Text("Reason", "Razlog"),
        "part.stopped": Text("Stopped", "Zaustavljeno"),
    },
)
