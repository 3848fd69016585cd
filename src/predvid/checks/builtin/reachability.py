"""Way out: whether the gateway answers and names resolve, as this device sees it.

A network may be closed on purpose: only what once answered, or is named by the policy, can be missed. What
answered is remembered beyond a restart of the agent.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers import windows_asking
from predvid.checks.readers.routes import MOST, gateways, neighbours
from predvid.checks.v1 import CannotRead, Check, Levels, NotHere, Result, Sample, Source, Text, say

MOST_INTERFACES, MOST_MET = 100, 60
INTERFACES = "HKEY_LOCAL_MACHINE/SYSTEM/CurrentControlSet/Services/Tcpip/Parameters/Interfaces"
ADDRESSES, GATEWAYS = ("IPAddress", "DhcpIPAddress"), ("DefaultGateway", "DhcpDefaultGateway")
USUAL = ("example.com",)  # kept by IANA for good (RFC 2606)


@dataclass(frozen=True)
class ReachabilityParams:
    """`answers` guards 1 (yes) and 0 (no); `lookup` in seconds; `names` go to the device's own DNS.

    Names of your own are missed from the first run on, the usual one once it has resolved.
    """

    answers: Levels = Levels(None, 0, lower_is_worse=True)
    resolves: Levels = Levels(0, None, lower_is_worse=True)
    lookup: Levels = Levels(2, None, margin=0.5)
    names: tuple[str, ...] = USUAL


def _windows(source: Source) -> list[str]:
    """Return the gateways of interfaces whose address is in use now: others keep theirs in the registry."""
    table = source.table("net_addresses")
    rows = [row for rows in table.values() for row in rows] if isinstance(table, dict) else []
    used = {str(row.get("address")) for row in rows if isinstance(row, dict)}
    found: list[str] = []
    for name in windows_asking.sub_keys(source, INTERFACES)[:MOST_INTERFACES]:
        values = windows_asking.values(source, f"{INTERFACES}/{name}")
        if used & set(_texts(values, ADDRESSES)):
            found += [one for one in _texts(values, GATEWAYS) if one != "0.0.0.0"]  # noqa: S104 - none set
    return list(dict.fromkeys(found))[:MOST]


def _texts(values: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    """Return the texts in values that are one (REG_SZ) or a list of them (REG_MULTI_SZ)."""
    held = [values.get(name) for name in names]
    flat = [one for value in held for one in (value if isinstance(value, list) else [value])]
    return [one for one in flat if isinstance(one, str) and "." in one]


def _gateways(source: Source) -> list[str]:
    if source.platform == "windows":
        return _windows(source)
    return gateways(source.text("/proc/net/route")) if source.platform == "linux" else []


def _known(source: Source) -> set[str]:
    """Return neighbours that answered ARP lately: many a firewall answers no echo."""
    try:
        return neighbours(source.text("/proc/net/arp")) if source.platform == "linux" else set()
    except CannotRead:
        return set()


def collect(source: Source, params: ReachabilityParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield whether each gateway answers, how long it takes, and how long each name takes to resolve."""
    met = _met(state)
    told = False
    for sample in (*_ways(source), *_names(source, params)):
        who = next(iter(sample.labels.values()))
        own = params.names != USUAL and who in params.names
        if sample.value and who not in met:
            met.append(who)
        if sample.value or who in met or own:
            told = True
            yield sample
    if met:
        state["kept"] = {"met": met[-MOST_MET:]}
    if not told:
        raise NotHere(say("reachability.closed"))


def _met(state: dict[str, Any]) -> list[str]:
    """Return the gateways that answered and the names that resolved, ever since the agent came here."""
    kept = state.get("kept")
    met = kept.get("met") if isinstance(kept, dict) else None
    return [one for one in met if isinstance(one, str)] if isinstance(met, list) else []


def _names(source: Source, params: ReachabilityParams) -> Iterator[Sample]:
    for name in params.names[:5]:
        labels = {"name": name}
        try:
            answer = source.query("resolve", name)
        except NotHere:
            continue
        except CannotRead:
            yield Sample("reachability_resolves", 0.0, labels)
            continue
        yield Sample("reachability_resolves", 1.0, labels)
        yield Sample("reachability_lookup_seconds", round(float(answer["seconds"]), 4), labels)


def _ways(source: Source) -> Iterator[Sample]:
    for gateway in _gateways(source):
        labels = {"gateway": gateway}
        try:
            seconds = source.query("ping", gateway)["seconds"]
        except CannotRead:
            seconds = None
        if seconds is not None:
            yield Sample("reachability_answers", 1.0, labels)
            yield Sample("reachability_echo_seconds", round(float(seconds), 5), labels)
        elif gateway in _known(source):
            yield Sample("reachability_answers", 1.0, labels)
        elif source.platform == "linux":  # elsewhere silence may only mean that echo is switched off
            yield Sample("reachability_answers", 0.0, labels)


def judge(samples: list[Sample], params: ReachabilityParams) -> Iterator[Result]:
    """Judge each gateway, each name, and how long the names took."""
    for sample in samples:
        value = sample.value
        match sample.metric:
            case "reachability_answers":
                gateway = sample.labels["gateway"]
                said = say("reachability.answers" if value else "reachability.silent", gateway=gateway)
                yield Result(gateway, params.answers.judge(value), said)
            case "reachability_resolves":
                name = sample.labels["name"]
                said = say("reachability.resolves" if value else "reachability.unknown_name", name=name)
                yield Result(name, params.resolves.judge(value), said)
            case "reachability_lookup_seconds":
                name = sample.labels["name"]
                said = say("reachability.lookup", name=name, ms=round(value * 1000))
                yield Result(f"{name} lookup", params.lookup.judge(value), said)


check = Check(
    name="reachability",
    title=Text("Way out", "Izlaz na mrežu"),
    group="services",
    collect=collect,
    judge=judge,
    params=ReachabilityParams(),
    interval=120,
    timeout=30,
    hold=300,
    watches={
        "reachability_answers": "answers",
        "reachability_resolves": "resolves",
        "reachability_lookup_seconds": "lookup",
    },
    defaults={"laptop": {"answers": Levels(), "resolves": Levels(), "lookup": Levels()}},
    charts=("reachability_lookup_seconds", "reachability_echo_seconds"),
    texts={
        "metric.reachability_lookup_seconds": Text("Name lookup", "Prevođenje imena"),
        "metric.reachability_echo_seconds": Text("Echo of the gateway", "Jeka izlaza"),
        "metric.reachability_answers": Text("Gateway answers", "Izlaz odgovara"),
        "metric.reachability_resolves": Text("Name resolves", "Ime se prevodi"),
        "reachability.closed": Text(
            "No gateway and no name has ever answered this device: it seems closed off on purpose",
            "Uređaju još nikad nije odgovorio ni izlaz ni DNS: čini se da je namjerno odvojen od mreže",
        ),
        "reachability.answers": Text("The gateway {gateway} answers", "Izlaz {gateway} odgovara"),
        "reachability.silent": Text(
            "The gateway {gateway} answers neither echo nor ARP",
            "Izlaz {gateway} ne odgovara ni na jeku (ping) ni na ARP",
        ),
        "reachability.resolves": Text("The name {name} resolves", "Ime {name} prevodi se u adresu"),
        "reachability.unknown_name": Text(
            "The device's DNS does not resolve {name}", "DNS uređaja ne prevodi ime {name}"
        ),
        "reachability.lookup": Text("{name} resolved in {ms:int} ms", "{name}: DNS odgovara za {ms:int} ms"),
    },
)
