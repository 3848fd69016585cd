"""Web servers: nginx and Apache that died or do not listen, how busy they are; sites and pools of IIS.

A server that is stopped in order removes its pid file; one that was killed leaves it behind. The
configuration is never tested, since that means running the server's program.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import iis
from predvid.checks.readers.plain import within
from predvid.checks.readers.web_status import Load, apache, nginx
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

PID_FILES = {
    "nginx": ("/run/nginx.pid", "/var/run/nginx.pid"),
    "apache": ("/run/apache2/apache2.pid", "/run/httpd/httpd.pid"),
}
NAMES = {"nginx": ("nginx",), "apache": ("apache2", "httpd")}
READ = {"nginx": nginx, "apache": apache}
PAGES = {
    "nginx": ("127.0.0.1:80 /nginx_status", "127.0.0.1:80 /stub_status", "127.0.0.1:80 /basic_status"),
    "apache": ("127.0.0.1:80 /server-status?auto",),
}
AGAIN = 86400  # seconds before a page that was not found is looked for again: each try is a line in a log


@dataclass(frozen=True)
class WebServersParams:
    """`nginx` and `apache` name the page of their status (`127.0.0.1:8080 /nginx_status`); empty: the usual.

    `busy` guards the percentage of Apache's workers at work; levels of `alive` and `stopped` guard 1 and 0.
    `skip` names sites and pools of IIS to leave out.
    """

    nginx: str = ""
    apache: str = ""
    busy: Levels = Levels(80, 95, margin=5)
    alive: Levels = Levels(None, 0, lower_is_worse=True)
    stopped: Levels = Levels(None, 1)
    skip: tuple[str, ...] = ()


def applies(source: Source) -> bool | Said:
    """Tell whether a web server is at work here, or was when it was killed."""
    if source.platform == "windows":
        try:
            start = within(source.query("registry", iis.WAS), "values", "Start")
        except NotHere:
            return say("web_servers.none")
        return start != 4 or say("web_servers.iis_disabled")  # SERVICE_DISABLED
    return any(_pid(source, server) for server in PID_FILES) or say("web_servers.none")


def _pid(source: Source, server: str) -> str:
    for path in PID_FILES[server]:
        try:
            pid = source.text(path).strip()
        except NotHere:
            continue
        return pid if pid.isascii() and pid.isdecimal() and len(pid) < 11 else ""
    return ""


def collect(source: Source, params: WebServersParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield per server whether it lives, listens and is busy, or per site and pool of IIS its state."""
    if source.platform == "windows":
        yield from _iis(source, params)
        return
    sockets = {row["process"] for row in source.table("listening")}
    for server in PID_FILES:
        if pid := _pid(source, server):
            labels = {"server": server}
            alive = _alive(source, pid, server)
            yield Sample("web_server_alive", float(alive), labels)
            if not alive:
                continue
            yield Sample("web_server_listening", float(bool(sockets & set(NAMES[server]))), labels)
            if load := _load(source, server, params, state):
                yield from _busy(server, load, source.now(), state)


def _alive(source: Source, pid: str, server: str) -> bool:
    try:
        return source.text(f"/proc/{pid}/comm").strip() in NAMES[server]
    except NotHere:
        return False


def _load(source: Source, server: str, params: WebServersParams, state: dict[str, Any]) -> Load | None:
    """Return what the status page tells; which page answers is remembered."""
    named = getattr(params, server)
    known, since = state.get(f"{server} page", ("", None))
    if not named and not known and since is not None and source.now() - since < AGAIN:
        return None
    for page in (named,) if named else (known,) if known else PAGES[server]:
        try:
            answer = source.query("http", page)
        except CannotRead:
            continue
        load = READ[server](str(within(answer, "body"))) if within(answer, "status") == 200 else None
        if load is not None:
            state[f"{server} page"] = (page, source.now())
            return load
    state[f"{server} page"] = ("", source.now())
    return None


def _busy(server: str, load: Load, now: float, state: dict[str, Any]) -> Iterator[Sample]:
    labels = {"server": server}
    yield Sample("web_server_active", load.active, labels)
    if load.busy_percent is not None:
        yield Sample("web_server_busy_percent", load.busy_percent, labels)
    before, state[f"{server} last"] = state.get(f"{server} last"), (now, load.requests, load.dropped)
    if before is None or now <= before[0] or load.requests < before[1]:
        return
    span = now - before[0]
    yield Sample("web_server_requests_per_second", round((load.requests - before[1]) / span, 3), labels)
    dropped = max(0.0, load.dropped - before[2])
    yield Sample("web_server_dropped_per_second", round(dropped / span, 3), labels)


def _iis(source: Source, params: WebServersParams) -> Iterator[Sample | Fact]:
    found = [part for part in iis.parts(source.query("powershell", "iis")) if part.name not in params.skip]
    for part in found:
        if part.auto:
            labels = {"kind": part.kind, "name": part.name}
            yield Sample("web_iis_stopped", float(part.stopped), labels)
    rows = [{"key": f"{p.kind} {p.name}", "auto": p.auto, "detail": p.detail} for p in found]
    yield Fact("software.iis", rows)


def judge(samples: list[Sample], params: WebServersParams) -> Iterator[Result]:
    """Judge items `nginx`, `nginx listening`, `apache busy`, `site Shop`, `pool DefaultAppPool`."""
    for sample in samples:
        labels, value = sample.labels, sample.value
        server, name, kind = labels.get("server", ""), labels.get("name", ""), labels.get("kind", "")
        match sample.metric:
            case "web_server_alive":
                said = say("web_servers.alive" if value else "web_servers.dead", server=server)
                yield Result(server, params.alive.judge(value), said)
            case "web_server_listening":
                said = say("web_servers.listening" if value else "web_servers.deaf", server=server)
                yield Result(f"{server} listening", params.alive.judge(value), said)
            case "web_server_busy_percent":
                said = say("web_servers.busy", server=server, used=value)
                yield Result(f"{server} busy", params.busy.judge(value), said)
            case "web_iis_stopped":
                said = say(f"web_servers.{kind}_{'stopped' if value else 'started'}", name=name)
                yield Result(f"{kind} {name}", params.stopped.judge(value), said)


check = Check(
    name="web_servers",
    title=Text("Web servers", "Web-poslužitelji"),
    group="services",
    applies=applies,
    collect=collect,
    judge=judge,
    params=WebServersParams(),
    platforms=("linux", "windows"),
    interval=300,
    intervals={"windows": 900},
    timeout=45,
    hold=300,
    watches={
        "web_server_alive": "alive",
        "web_server_listening": "alive",
        "web_server_busy_percent": "busy",
        "web_iis_stopped": "stopped",
    },
    charts=("web_server_requests_per_second", "web_server_active", "web_server_busy_percent"),
    texts={
        "metric.web_server_requests_per_second": Text("Requests", "Zahtjevi"),
        "metric.web_server_active": Text("Active connections", "Otvorene veze"),
        "metric.web_server_busy_percent": Text("Workers busy", "Zauzeti radnici"),
        "metric.web_server_alive": Text("Web server runs", "Web-poslužitelj radi"),
        "metric.web_server_listening": Text("Web server listens", "Web-poslužitelj sluša"),
        "metric.web_iis_stopped": Text("Site or pool stopped", "Stranica ili skup zaustavljen"),
        "web_servers.none": Text(
            "No web server runs on this device", "Na ovom uređaju ne radi nijedan web-poslužitelj"
        ),
        "web_servers.iis_disabled": Text(
            "IIS is installed here but disabled", "IIS je ovdje instaliran, ali onemogućen"
        ),
        "web_servers.alive": Text("The web server {server} runs", "Web-poslužitelj {server} radi"),
        "web_servers.dead": Text(
            "The web server {server} was killed: its pid file names a process that is gone",
            "Web-poslužitelj {server} nasilno je prekinut: procesa iz njegove pid-datoteke više nema",
        ),
        "web_servers.listening": Text(
            "The web server {server} waits for connections", "Web-poslužitelj {server} čeka veze"
        ),
        "web_servers.deaf": Text(
            "The web server {server} listens on no port",
            "Web-poslužitelj {server} ne sluša ni na jednom portu",
        ),
        "web_servers.busy": Text(
            "{used:pct} of the workers of {server} are at work",
            "Zauzeto je {used:pct} radnika poslužitelja {server}",
        ),
        "web_servers.site_stopped": Text(
            "The IIS site {name} is stopped, though IIS should start it",
            "IIS-ovo web-mjesto {name} je zaustavljeno, a IIS bi ga trebao pokretati",
        ),
        "web_servers.site_started": Text("The IIS site {name} runs", "IIS-ovo web-mjesto {name} radi"),
        "web_servers.pool_stopped": Text(
            "The IIS application pool {name} is stopped, as happens after repeated crashes",
            "IIS-ov skup aplikacija {name} je zaustavljen, što se događa nakon uzastopnih rušenja",
        ),
        "web_servers.pool_started": Text(
            "The IIS application pool {name} runs", "IIS-ov skup aplikacija {name} radi"
        ),
        "fact.software.iis": Text(
            "IIS sites and application pools", "IIS-ova web-mjesta i skupovi aplikacija"
        ),
        "part.auto": Text("Starts by itself", "Pokreće se samo"),
    },
)
