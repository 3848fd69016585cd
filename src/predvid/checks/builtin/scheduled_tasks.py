"""Scheduled tasks: those of Windows that failed, timers whose service hangs, crontabs that cron ignores.

A service that a timer starts and that fails is told by the check `services`, so its result is a fact only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.cron_files import crontabs
from predvid.checks.readers.timers import SHOW, timers
from predvid.checks.readers.windows_tasks import tasks
from predvid.checks.v1 import (
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

CRON = ("cron", "crond", "fcron", "busybox", "cronie", "bcron-sched")
REASONS = ("line", "owner", "mode", "end")
MOST_ROWS = 500


@dataclass(frozen=True)
class ScheduledTasksParams:
    """`wanted` names tasks of Windows or timers that must exist and be switched on; `skip` takes patterns of
    names of Windows tasks. `running` guards how many seconds a timer's service may take; levels of `failed`,
    `missing`, `refused` and `no_cron` guard 1 and 0.
    """

    failed: Levels = Levels(1, None)
    missing: Levels = Levels(None, 1)
    running: Levels = Levels(86400, None)
    refused: Levels = Levels(1, None)
    no_cron: Levels = Levels(None, 1)
    wanted: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether systemd or cron is here; Windows has its scheduler always."""
    if source.platform == "windows" or _systemd(source):
        return True
    try:
        source.text("/etc/crontab")
    except NotHere:
        return say("scheduled_tasks.none")
    return True


def _systemd(source: Source) -> bool:
    try:
        source.listing("/run/systemd/system")
    except NotHere:
        return False
    return True


def collect(source: Source, params: ScheduledTasksParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield what the schedulers of this device tell; where one is silent, the others go on."""
    if source.platform == "windows":
        yield from _windows(source, params)
        return
    yield from _cron(source)
    if _systemd(source):
        yield from _timers(source, params)


def _windows(source: Source, params: ScheduledTasksParams) -> Iterator[Sample | Fact]:
    found = list(tasks(source.query("powershell", "scheduled_tasks"), params.skip))
    for task in found:
        if task.enabled:
            yield Sample("scheduled_task_failed", task.failed, {"task": task.path})
    yield from _wanted(params, {name for t in found if t.enabled for name in (t.path, t.path[1:])})
    yield Fact("tasks.scheduled", [{"key": task.path, "enabled": task.enabled} for task in found])
    last = [{"key": t.path, "last": t.ran, "result": f"0x{t.failed:X}", "missed": t.missed} for t in found]
    yield Fact("state.scheduled_tasks", last)


def _wanted(params: ScheduledTasksParams, there: set[str]) -> Iterator[Sample]:
    for name in dict.fromkeys(params.wanted):
        yield Sample("scheduled_task_missing", float(name not in there), {"task": name})


def _cron(source: Source) -> Iterator[Sample | Fact]:
    files = list(crontabs(source))
    for file in files:
        # The value tells the reason: 0 none, then its place in REASONS.
        reason = REASONS.index(file.refused) + 1 if file.refused else 0
        yield Sample("scheduled_crontab_refused", reason, {"file": file.path})
    jobs = {f"{file.path}: {job.schedule} {job.command}": job for file in files for job in file.jobs}
    rows = [
        {"key": key, "schedule": job.schedule, "user": job.user, "command": job.command}
        for key, job in sorted(jobs.items(), key=lambda pair: pair[0])
    ]
    yield Fact("tasks.cron", rows[:MOST_ROWS])
    if any(file.personal and file.jobs for file in files):
        names = {row["name"] for row in source.table("processes")}
        yield Sample("scheduled_cron_missing", float(names.isdisjoint(CRON)))


def _timers(source: Source, params: ScheduledTasksParams) -> Iterator[Sample | Fact]:
    found = list(timers(source.run(*SHOW)))
    uptime = source.table("boot")["uptime"]
    for timer in found:
        ran = 0.0 if timer.began is None else max(0.0, uptime - timer.began)
        yield Sample("scheduled_task_running_seconds", round(ran), {"task": timer.name})
    yield from _wanted(params, {timer.name for timer in found})
    yield Fact("tasks.timers", [{"key": timer.name, "service": timer.service} for timer in found])
    last = [{"key": timer.name, "last": timer.last, "result": timer.result} for timer in found]
    yield Fact("state.scheduled_tasks", last)


def judge(samples: list[Sample], params: ScheduledTasksParams) -> Iterator[Result]:
    """Judge items by task or file: `\\Backup`, `\\Backup missing`, `x.timer running`, `cron`"""
    for sample in samples:
        task, value = sample.labels.get("task", ""), sample.value
        match sample.metric:
            case "scheduled_task_failed":
                code = f"0x{int(min(value, 0xFFFFFFFF)):X}"
                said = say(
                    "scheduled_tasks.failed" if value else "scheduled_tasks.fine", task=task, code=code
                )
                yield Result(task, params.failed.judge(value), said)
            case "scheduled_task_missing":
                said = say("scheduled_tasks.missing" if value else "scheduled_tasks.there", task=task)
                yield Result(f"{task} missing", params.missing.judge(value), said)
            case "scheduled_task_running_seconds":
                words = "scheduled_tasks.running" if value else "scheduled_tasks.waits"
                said = say(words, task=task, ran=value)
                yield Result(f"{task} running", params.running.judge(value), said)
            case "scheduled_crontab_refused":
                yield _refused(sample.labels.get("file", ""), value, params)
            case "scheduled_cron_missing":
                said = say("scheduled_tasks.no_cron" if value else "scheduled_tasks.cron")
                yield Result("cron", params.no_cron.judge(value), said)


def _refused(file: str, value: float, params: ScheduledTasksParams) -> Result:
    reason = f"refused_{REASONS[min(int(value), len(REASONS)) - 1]}" if value >= 1 else "read"
    return Result(file, params.refused.judge(value), say(f"scheduled_tasks.{reason}", file=file))


check = Check(
    name="scheduled_tasks",
    title=Text("Scheduled tasks", "Zakazani zadaci"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=ScheduledTasksParams(),
    platforms=("linux", "windows"),
    interval=900,
    timeout=90,
    hold=900,
    watches={
        "scheduled_task_failed": "failed",
        "scheduled_task_missing": "missing",
        "scheduled_task_running_seconds": "running",
        "scheduled_crontab_refused": "refused",
        "scheduled_cron_missing": "no_cron",
    },
    defaults={"workstation": {"failed": Levels()}, "laptop": {"failed": Levels()}},
    charts=("scheduled_task_running_seconds",),
    evidence=("state.scheduled_tasks",),
    texts={
        "metric.scheduled_task_running_seconds": Text("Task running", "Trajanje zadatka"),
        "metric.scheduled_task_failed": Text("Task failed", "Zadatak nije uspio"),
        "metric.scheduled_task_missing": Text("Task missing", "Zadatak nedostaje"),
        "metric.scheduled_crontab_refused": Text("Crontab refused", "Crontab odbijen"),
        "metric.scheduled_cron_missing": Text("cron does not run", "cron ne radi"),
        "scheduled_tasks.none": Text(
            "Neither systemd nor cron is on this device", "Na ovom uređaju nema ni sustava systemd ni crona"
        ),
        "scheduled_tasks.failed": Text(
            "The scheduled task {task} last ended with the code {code}",
            "Zakazani zadatak {task} posljednji je put završio šifrom {code}",
        ),
        "scheduled_tasks.fine": Text(
            "The scheduled task {task} has not failed", "Zakazani zadatak {task} nije završio pogreškom"
        ),
        "scheduled_tasks.missing": Text(
            "The scheduled task {task} does not exist or is switched off",
            "Zakazani zadatak {task} ne postoji ili je isključen",
        ),
        "scheduled_tasks.there": Text(
            "The scheduled task {task} is switched on", "Zakazani zadatak {task} je uključen"
        ),
        "scheduled_tasks.running": Text(
            "What {task} starts has run for {ran:secs}; it does not go off again meanwhile",
            "Ono što pokreće {task} radi već {ran:secs}; dok ne završi, neće se ponovno pokrenuti",
        ),
        "scheduled_tasks.waits": Text("{task} waits for its time", "{task} čeka svoje vrijeme"),
        "scheduled_tasks.refused_line": Text(
            "cron ignores all of {file}: it does not understand a line in it",
            "cron zanemaruje cijelu datoteku {file}: ne razumije jedan njezin redak",
        ),
        "scheduled_tasks.refused_owner": Text(
            "cron ignores all of {file}: it does not belong to root",
            "cron zanemaruje cijelu datoteku {file}: ne pripada korisniku root",
        ),
        "scheduled_tasks.refused_mode": Text(
            "cron ignores all of {file}: others than root may write to it",
            "cron zanemaruje cijelu datoteku {file}: u nju mogu pisati i drugi osim korisnika root",
        ),
        "scheduled_tasks.refused_end": Text(
            "cron ignores all of {file}: its last line has no line end",
            "cron zanemaruje cijelu datoteku {file}: zadnji redak ne završava prijelomom retka",
        ),
        "scheduled_tasks.read": Text("cron reads {file}", "cron čita datoteku {file}"),
        "scheduled_tasks.no_cron": Text(
            "Users have crontabs here, but cron does not run",
            "Korisnici ovdje imaju crontab, ali cron ne radi",
        ),
        "scheduled_tasks.cron": Text("cron runs", "cron radi"),
        "fact.tasks.scheduled": Text("Scheduled tasks", "Zakazani zadaci"),
        "fact.tasks.timers": Text("Timers of systemd", "Mjerači vremena sustava systemd"),
        "fact.tasks.cron": Text("Tasks of cron", "Zadaci crona"),
        "fact.state.scheduled_tasks": Text(
            "Last runs of scheduled tasks", "Posljednja izvođenja zakazanih zadataka"
        ),
        "part.enabled": Text("Switched on", "Uključeno"),
        "part.schedule": Text("When", "Kada"),
        "part.command": Text("Command", "Naredba"),
        "part.service": Text("Service", "Usluga"),
        "part.last": Text("Last run", "Posljednje izvođenje"),
        "part.result": Text("Result", "Rezultat"),
        "part.missed": Text("Missed runs", "Propuštena izvođenja"),
    },
)
