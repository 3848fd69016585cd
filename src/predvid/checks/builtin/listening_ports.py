"""Listening ports: what waits for connections on this device, which of it must, and which must not.

Ports that programs take from the system's own range (RFC 6335 section 6: 49152-65535; Linux: 32768-60999) are
others after each start: those of UDP, of loopback and of Windows are left out unless they are named; so are
the ports of discovery, which any browser opens (SSDP, WS-Discovery, RFC 6762, RFC 4795).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import Check, Fact, Levels, Result, Sample, Source, Text, say

DYNAMIC = {"linux": 32768, "windows": 49152, "macos": 49152}
DISCOVERY = (1900, 3702, 5353, 5355)
MOST_PORTS = 500


@dataclass(frozen=True)
class ListeningPortsParams:
    """`wanted` and `unwanted` name ports: `443`, `tcp/443`, `udp/53`. One that is open to this device alone
    is not unwanted. Levels of `closed` and `open` guard 1 and 0.
    """

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    closed: Levels = Levels(None, 1)
    open: Levels = Levels(1, None)


def collect(source: Source, params: ListeningPortsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the ports as a fact, how many others can reach, and one sample per named port."""
    ports = _ports(source.table("listening"))
    reachable = {port for port, row in ports.items() if not row["local"]}
    named = [*map(_named, params.wanted), *map(_named, params.unwanted)]
    start = DYNAMIC[source.platform]
    windows = source.platform == "windows"
    lasting = [row for port, row in ports.items() if port in named or not _passing(row, start, windows)]
    yield Fact("network.listening", [_row(row) for row in lasting[:MOST_PORTS]])
    yield Sample("listening_ports_reachable", sum(not row["local"] for row in lasting))
    for port in dict.fromkeys(map(_named, params.wanted)):
        yield Sample("listening_ports_closed", float(port not in ports), {"port": port})
    for port in dict.fromkeys(map(_named, params.unwanted)):
        yield Sample("listening_ports_unwanted", float(port in reachable), {"port": port})


def _named(port: str) -> str:
    return port.strip().lower() if "/" in port else f"tcp/{port.strip()}"


def _ports(sockets: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return one row per port, ordered by protocol and number; `local` where only loopback reaches it."""
    ports: dict[str, dict[str, Any]] = {}
    for socket in sorted(sockets, key=lambda row: (row["protocol"], row["port"], row["address"])):
        key = f"{socket['protocol']}/{socket['port']}"
        row = ports.setdefault(
            key, {"key": key, "addresses": {}, "processes": set(), "local": True, **socket}
        )
        row["addresses"][socket["address"]] = None
        row["processes"].add(socket["process"])
        row["local"] = row["local"] and socket["address"].startswith(("127.", "::1"))
    return ports


def _passing(row: dict[str, Any], start: int, windows: bool) -> bool:
    udp = row["protocol"] == "udp"
    return (udp and row["port"] in DISCOVERY) or (row["port"] >= start and (udp or row["local"] or windows))


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": row["key"],
        "process": ", ".join(sorted(filter(None, row["processes"]))),
        "addresses": list(row["addresses"])[:10],
    }


def judge(samples: list[Sample], params: ListeningPortsParams) -> Iterator[Result]:
    """Judge each named port: items `tcp/443` and, for an unwanted one, `tcp/23 unwanted`."""
    for sample in samples:
        port, value = sample.labels.get("port", ""), sample.value
        match sample.metric:
            case "listening_ports_closed":
                said = say("listening_ports.closed" if value else "listening_ports.listens", port=port)
                yield Result(port, params.closed.judge(value), said)
            case "listening_ports_unwanted":
                said = say("listening_ports.unwanted" if value else "listening_ports.absent", port=port)
                yield Result(f"{port} unwanted", params.open.judge(value), said)


check = Check(
    name="listening_ports",
    title=Text("Listening ports", "Otvoreni portovi"),
    group="protection",
    collect=collect,
    judge=judge,
    params=ListeningPortsParams(),
    interval=300,
    hold=300,
    watches={"listening_ports_closed": "closed", "listening_ports_unwanted": "open"},
    charts=("listening_ports_reachable",),
    texts={
        "metric.listening_ports_reachable": Text("Ports open to others", "Otvoreni portovi"),
        "metric.listening_ports_closed": Text("Wanted port closed", "Traženi port zatvoren"),
        "metric.listening_ports_unwanted": Text("Unwanted port open", "Neželjen port otvoren"),
        "listening_ports.closed": Text(
            "Nothing listens on {port}, though something must",
            "Na portu {port} ništa ne prima veze, a trebalo bi",
        ),
        "listening_ports.listens": Text("Something listens on {port}", "Port {port} prima veze"),
        "listening_ports.unwanted": Text(
            "{port} is open to other devices and must not be",
            "Port {port} otvoren je drugim uređajima, a ne smije biti",
        ),
        "listening_ports.absent": Text(
            "{port} is not open to other devices", "Port {port} nije otvoren drugim uređajima"
        ),
        "fact.network.listening": Text("Listening ports", "Otvoreni portovi"),
        "part.process": Text("Program", "Program"),
    },
)
