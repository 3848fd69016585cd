"""What this machine can and cannot report, and why: every check and the way to the server are tried."""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from predvid.checks.collecting import inapplicable, judge
from predvid.checks.source import Source
from predvid.checks.v1 import Check
from predvid.core.errors import UserError
from predvid.core.model import Result, Said, Sample
from predvid.edge.agent import make_link
from predvid.edge.clock import Clock
from predvid.edge.courier import Hello
from predvid.edge.identity import (
    Membership,
    StateFolder,
    default_state,
    load_keys,
    locked,
    new_boot,
    next_generation,
    present,
)
from predvid.edge.link import LinkFailed, Sender
from predvid.edge.look import Look, look
from predvid.edge.needs import Need, need_of
from predvid.edge.run_check import Run, run_check
from predvid.wire.v1 import PREFIX

Verdict = Literal["ok", "not_here", "cannot"]
SERVICE_STATE = StateFolder(Path("/var/lib/predvid-agent"))  # of the agent that root runs
BETWEEN = 1.0  # seconds between two readings of a counter


@dataclass(frozen=True)
class Tried:
    """One check tried: `said` is why it does not apply or failed, `sample` one of its `samples` values.

    `result` is the worst judgement of the run by the default levels.
    """

    check: Check
    verdict: Verdict
    said: Said | None = None
    sample: Sample | None = None
    samples: int = 0
    facts: int = 0
    took_ms: int = 0
    result: Result | None = None

    @property
    def other_system(self) -> bool:
        """Tell whether the check is made for other operating systems."""
        return self.said is not None and self.said.id == "check.platform"

    @property
    def need(self) -> Need | None:
        """Return what is missing for the check to report; None where nothing is, or nothing is to watch."""
        if self.verdict == "ok" or self.said is None:
            return None
        return need_of(self.said, failed=self.verdict == "cannot")


@dataclass(frozen=True)
class Server:
    """The way to the server: `state` as in Standing, not_enrolled, or hidden (`message`: the closed folder).

    `trip` and `skew` (device ahead) are in ms.
    """

    state: str
    message: str = ""
    trip: int | None = None
    skew: int | None = None


@dataclass(frozen=True)
class Findings:
    """All that a self-test found."""

    tried: list[Tried]
    server: Server
    look: Look
    root: bool


def selftest(state: StateFolder, source: Source, installed: Mapping[str, Check]) -> Findings:
    """Try everything once and return what was found; takes a second longer than the slowest check."""
    seen = look(state)
    closed = _closed(state, seen)
    server = _server(state, seen) if closed is None else Server("hidden", str(closed))
    return Findings(try_checks(source, installed), server, seen, _root())


def _closed(state: StateFolder, seen: Look) -> Path | None:
    """Return the folder of an agent on this machine that this user may not look into, None without one."""
    if seen.membership is not None:
        return None
    folders = [state.path, *([SERVICE_STATE.path] if state == default_state() else [])]
    return next((folder for folder in folders if _denied(folder)), None)


def _denied(folder: Path) -> bool:
    try:
        os.listdir(folder)
    except OSError as error:
        return isinstance(error, PermissionError)
    return False


def _root() -> bool:
    return sys.platform == "win32" or os.geteuid() == 0


def try_checks(source: Source, installed: Mapping[str, Check]) -> list[Tried]:
    """Run every check with its default parameters; those that need two readings twice."""
    states: dict[str, dict[str, Any]] = {name: {} for name in installed}
    first = {name: _try(check, source, states[name]) for name, check in installed.items()}
    counting = [name for name, tried in first.items() if tried.verdict == "ok" and states[name]]
    if counting:
        time.sleep(BETWEEN)
    for name in counting:
        first[name] = _try(installed[name], source, states[name])
    return list(first.values())


def _try(check: Check, source: Source, state: dict[str, Any]) -> Tried:
    why_not = inapplicable(check, source)
    if why_not is not None:
        return Tried(check, "cannot" if why_not.id == "check.raised" else "not_here", why_not)
    run = run_check(check, source, check.params, state)
    if run.not_here:
        return Tried(check, "not_here", run.error, took_ms=run.took_ms)
    verdict: Verdict = "cannot" if run.error else "ok"
    telling, samples, facts = _telling(check, run), len(run.samples), len(run.facts)
    results, _ = judge(check, run.samples, check.params)
    worst = max(results, key=lambda result: result.state, default=None)
    return Tried(check, verdict, run.error, telling, samples, facts, run.took_ms, worst)


def _telling(check: Check, run: Run) -> Sample | None:
    """Return the sample that says most: one that a level guards, else the first."""
    guarded = [sample for sample in run.samples if sample.metric in check.watches]
    return next(iter(guarded + run.samples), None)


def _server(state: StateFolder, seen: Look) -> Server:
    if seen.membership is None:
        try:
            enrolled = present(state.membership)
        except UserError:
            enrolled = True
        return Server("unreadable" if enrolled else "not_enrolled", seen.problem)
    if (
        seen.running
    ):  # a second start would look like a copied identity: ask the running agent's notes instead
        standing = seen.standing
        return Server(standing.state, standing.message, standing.trip, -standing.offset)
    try:
        return _ask(state, seen.membership)
    except UserError as error:
        return Server("outbox", str(error))


def _ask(state: StateFolder, membership: Membership) -> Server:
    lock = locked(state)
    try:
        clock, keys = Clock(), load_keys(state)
        sender = Sender(
            membership.agent, new_boot(), next_generation(state), keys.signer(), clock.now, clock.elapsed
        )
        link = make_link(state, membership, sender)
        try:
            reply = link.get(f"{PREFIX}/status")
        except LinkFailed as failed:
            return Server("unreachable", str(failed))
        finally:
            link.close()
    finally:
        lock.release()
    trip = round((reply.received - reply.sent) * 1000)
    if reply.status != 200:
        refusal = reply.refusal()
        return Server(refusal.code, refusal.message, trip)
    try:
        hello = reply.decoded(Hello)
    except LinkFailed as failed:
        return Server("unreachable", str(failed), trip)
    clock.learn(hello.now, reply.sent, reply.received)
    return Server("well", "", trip, -clock.offset())
