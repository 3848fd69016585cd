"""System log: how many errors it notes an hour, and the messages that mean trouble nobody sees yet."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import log_signs
from predvid.checks.readers.journal import Entry, parse_journal
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

WINDOW = 3600  # seconds that a sign counts
MOST_TOP = 10
LOGS = ("System", "Application")
_SECRET = re.compile(
    r"((?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|authorization)\s{0,2}[=:]\s{0,2}"
    r"(?:bearer )?)\S+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class EventLogParams:
    """`found`: messages of one sign within an hour; `errors`: all errors an hour (judged only if asked for).

    `signs` are added to the built-in ones, as `readers/log_signs.py` says; `ignore` names signs to leave out.
    """

    found: Levels = Levels(1, None)
    errors: Levels = Levels()
    signs: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def _signs(built_in: tuple[str, ...], params: EventLogParams) -> list[str]:
    return [sign for sign in (*built_in, *params.signs) if log_signs.name_of(sign) not in params.ignore][
        : log_signs.MOST
    ]


def _linux(source: Source, params: EventLogParams, since: float) -> tuple[list[Entry], Counter[str]]:
    """Return the errors of the journal since the last run, and how often each sign was among its warnings."""
    text = source.run(
        "journalctl", f"--since=@{int(since)}", "-p", "warning", "-o", "json", "-n", "5000", "--no-pager",
        "--output-fields=PRIORITY,SYSLOG_IDENTIFIER,MESSAGE,_COMM",
        timeout=30,
    )  # fmt: skip
    entries = list(parse_journal(text))
    found = Counter[str]()
    for sign in _signs(log_signs.LINUX, params):
        own = sign in params.signs
        found[log_signs.name_of(sign)] += sum(
            log_signs.in_words(sign, entry.message)
            if own
            else log_signs.of_kernel(sign, entry.source, entry.message)
            for entry in entries
        )
    return [entry for entry in entries if entry.error], found


def _windows(source: Source, params: EventLogParams, since: float) -> tuple[list[Entry], Counter[str]]:
    entries, found = [], Counter[str]()
    signs = _signs(log_signs.WINDOWS, params)
    for log in LOGS:
        seconds = max(60, round(source.now() - since))
        rows = source.query("powershell", f"events {log} level:1,2,3 {seconds}")
        for row in rows if isinstance(rows, list) else ():
            if not isinstance(row, dict):
                continue
            provider, number = str(row.get("provider"))[:100], row.get("id")
            if row.get("level") in (1, 2):
                entries.append(Entry(f"{provider} {number}"[:80], str(row.get("message") or "")[:500]))
            for sign in signs:
                found[log_signs.name_of(sign)] += log_signs.is_event(sign, provider, number)
    return entries, found


def collect(source: Source, params: EventLogParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield errors an hour, the signs within the last hour, and which programs noted most errors."""
    now = source.now()
    since = max(state.get("at", now - WINDOW), now - WINDOW)
    entries, found = (_windows if source.platform == "windows" else _linux)(source, params, since)
    state["at"] = now
    hits = [hit for hit in state.get("hits", ()) if now - WINDOW < hit[0] <= now]
    hits += [[now, name, n] for name, n in found.items() if n]
    state["hits"] = hits[-500:]
    totals = Counter[str]()
    for _, name, n in hits:
        totals[name] += n
    hours = max(now - since, 60) / 3600
    yield Sample("event_log_errors_per_hour", round(len(entries) / hours, 1))
    for name in sorted({*found, *totals}):
        yield Sample("event_log_found", float(totals[name]), {"sign": name})
    if entries:
        yield Fact("top.log_errors", _top(entries))


def _top(entries: list[Entry]) -> list[dict[str, Any]]:
    counted = Counter(entry.source for entry in entries)
    last = {entry.source: entry.message for entry in reversed(entries)}
    return [
        {"key": who, "messages": n, "example": _SECRET.sub(r"\1…", last[who])[:200]}
        for who, n in counted.most_common(MOST_TOP)
    ]


def applies(source: Source) -> bool:
    """Tell whether the system keeps a journal."""
    if source.platform == "linux":
        try:
            source.listing("/run/systemd/journal")
        except NotHere:
            raise NotHere(say("event_log.no_journal")) from None
        except CannotRead:
            return True
    return True


def judge(samples: list[Sample], params: EventLogParams) -> Iterator[Result]:
    """Judge each sign, and the errors in all."""
    for sample in samples:
        n = round(sample.value)
        if sample.metric == "event_log_errors_per_hour":
            yield Result("errors", params.errors.judge(sample.value), say("event_log.errors", n=n))
        else:
            sign = sample.labels["sign"]
            said = f"event_log.{sign}" if sign in log_signs.NAMES else "event_log.other"
            said = said if n else "event_log.none"
            yield Result(sign, params.found.judge(sample.value), say(said, n=n, sign=sign))


check = Check(
    name="event_log",
    title=Text("System log", "Sistemski dnevnik"),
    group="system",
    collect=collect,
    judge=judge,
    params=EventLogParams(),
    platforms=("linux", "windows"),
    applies=applies,
    interval=900,
    timeout=60,
    watches={"event_log_found": "found", "event_log_errors_per_hour": "errors"},
    # A thin laptop at work is hot enough to slow down, by design.
    defaults={"laptop": {"ignore": ("thermal",)}},
    charts=("event_log_errors_per_hour", "event_log_found"),
    texts={
        "metric.event_log_errors_per_hour": Text("Errors an hour", "Pogreške na sat"),
        "metric.event_log_found": Text("Telling messages", "Znakovite poruke"),
        "event_log.no_journal": Text(
            "This system keeps no journal (systemd-journald)",
            "Ovaj sustav ne vodi dnevnik (systemd-journald)",
        ),
        "event_log.errors": Text("{n:int} {n|error|errors} an hour", "Pogrešaka na sat: {n:int}"),
        "event_log.none": Text("No such messages within an hour", "U jednom satu nema takvih poruka"),
        "event_log.disk": Text(
            "The log tells of disk errors, {n:int} within an hour",
            "Dnevnik javlja pogreške diska, u jednom satu: {n:int}",
        ),
        "event_log.filesystem": Text(
            "The log tells of a damaged file system, {n:int} {n|message|messages} within an hour",
            "Dnevnik javlja oštećen datotečni sustav, poruka u jednom satu: {n:int}",
        ),
        "event_log.hung": Text(
            "The log tells of programs that hang waiting, {n:int} within an hour",
            "Dnevnik javlja programe zaglavljene u čekanju, u jednom satu: {n:int}",
        ),
        "event_log.lockup": Text(
            "The log tells of a processor that stood still, {n:int} within an hour",
            "Dnevnik javlja da je procesor stao, u jednom satu: {n:int}",
        ),
        "event_log.machine": Text(
            "The log tells of machine check errors, {n:int} within an hour",
            "Dnevnik javlja pogreške sklopovlja (MCE), u jednom satu: {n:int}",
        ),
        "event_log.thermal": Text(
            "The log tells of an overheated processor, {n:int} within an hour",
            "Dnevnik javlja pregrijan procesor, u jednom satu: {n:int}",
        ),
        "event_log.conntrack": Text(
            "The log tells of connections refused because the table is full, {n:int} within an hour",
            "Dnevnik javlja odbijene veze jer je tablica puna, u jednom satu: {n:int}",
        ),
        "event_log.controller": Text(
            "The log tells of resets of a disk controller, {n:int} within an hour",
            "Dnevnik javlja ponovna pokretanja diskovnog upravljača, u jednom satu: {n:int}",
        ),
        "event_log.snapshots": Text(
            "The log tells of shadow copies that were lost or could not be made, {n:int} within an hour",
            "Dnevnik javlja izgubljene ili neuspjele kopije u sjeni, u jednom satu: {n:int}",
        ),
        "event_log.memory": Text(
            "The log tells that virtual memory ran out, {n:int} {n|time|times} within an hour",
            "Dnevnik javlja da je ponestalo virtualne memorije, u jednom satu: {n:int}",
        ),
        "event_log.power": Text(
            "The log tells that the supply's voltage is too low, {n:int} {n|time|times} within an hour: "
            "a stronger power supply or a better cable is needed",
            "Dnevnik javlja prenizak napon napajanja, u jednom satu: {n:int}; potreban je jači ispravljač "
            "ili bolji kabel",
        ),
        "event_log.other": Text(
            "{sign}: {n:int} {n|message|messages} within an hour", "{sign}: poruka u jednom satu: {n:int}"
        ),
        "fact.top.log_errors": Text("Who notes most errors", "Tko bilježi najviše pogrešaka"),
        "part.messages": Text("Messages", "Poruka"),
        "part.example": Text("The last one", "Posljednja"),
    },
)
