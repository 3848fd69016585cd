"""Sessions: who is logged on to the device, from where and since when."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import Check, Fact, Levels, Result, Sample, Source, Text, say

MOST = 200
DAY = 86400


@dataclass(frozen=True)
class SessionsParams:
    """`open` sessions at once, and the `age` of the oldest in days; neither is judged unless asked for."""

    open: Levels = Levels()
    age: Levels = Levels()


def collect(source: Source, params: SessionsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many sessions are open, how old the oldest is, and which they are."""
    rows = source.table("sessions")[:MOST]
    told = [
        {
            "key": f"{row['user']} {row['terminal'] or row['host']}".strip(),
            "from": row["host"],
            "user": row["user"],
        }
        for row in rows
    ]
    yield Fact("state.sessions", list({row["key"]: row for row in told}.values()))
    yield Sample("sessions_open", len(rows))
    started = [row["since"] for row in rows if 0 < row["since"] <= source.now()]
    age = (source.now() - min(started)) / DAY if started else 0.0
    yield Sample("sessions_oldest_days", round(age, 2))


def judge(samples: list[Sample], params: SessionsParams) -> Iterator[Result]:
    """Judge number and age."""
    for sample in samples:
        n = sample.value
        if sample.metric == "sessions_open":
            yield Result("open", params.open.judge(n), say("sessions.open", n=round(n)))
        else:
            yield Result("age", params.age.judge(n), say("sessions.oldest", age=n * DAY))


check = Check(
    name="sessions",
    title=Text("Sessions", "Prijavljeni korisnici"),
    group="protection",
    collect=collect,
    judge=judge,
    params=SessionsParams(),
    interval=300,
    watches={"sessions_open": "open", "sessions_oldest_days": "age"},
    charts=("sessions_open",),
    texts={
        "metric.sessions_open": Text("Open sessions", "Otvorene sesije"),
        "metric.sessions_oldest_days": Text("Oldest session", "Najstarija sesija"),
        "sessions.open": Text(
            "{n:int} {n|session is|sessions are} open",
            "{n|Otvorena je|Otvorene su|Otvoreno je} {n:int} {n|sesija|sesije|sesija}",
        ),
        "sessions.oldest": Text("The oldest session is {age:secs} old", "Najstarija sesija traje {age:secs}"),
        "fact.state.sessions": Text("Who is logged on", "Tko je prijavljen"),
        "part.from": Text("From", "Odakle"),
        "part.user": Text("User", "Korisnik"),
    },
)
