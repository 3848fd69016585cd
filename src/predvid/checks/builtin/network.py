"""Network interfaces: traffic, utilisation, errors, drops and links that went down."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.readers.nics import CABLELESS, VIRTUAL, matches
from predvid.checks.v1 import Check, Levels, Result, Sample, Source, Text, say

COUNTERS = ("rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_drops", "tx_drops")
WRAP = 2**32


@dataclass(frozen=True)
class NetworkParams:
    """Utilisation in percent of the link's speed, errors and drops per second; `skip` takes name patterns.

    Levels of `link` guard 1 (up) and 0 (down).
    """

    used: Levels = Levels(80, 95, margin=10)
    errors: Levels = Levels(1, 10)
    drops: Levels = Levels(50, None, margin=10)
    link: Levels = Levels(0, None, lower_is_worse=True)
    skip: tuple[str, ...] = VIRTUAL


def _gone(before: dict[str, float], after: dict[str, float]) -> dict[str, float] | None:
    """Return how far each counter went, or None after a reset.

    One counter alone that fell from the top of 32 bits has wrapped (IF-MIB, RFC 2863); any other fall means
    that the interface was made anew and nothing is known of the time between.
    """
    gone = {name: after[name] - before[name] for name in COUNTERS}
    fallen = [name for name, value in gone.items() if value < 0]
    if not fallen:
        return gone
    name = fallen[0]
    if len(fallen) > 1 or not 0.75 * WRAP < before[name] < WRAP or after[name] > 0.25 * WRAP:
        return None
    return gone | {name: gone[name] + WRAP}


def collect(source: Source, params: NetworkParams, state: dict[str, Any]) -> Iterator[Sample]:
    """Yield link, speed and rates since the last run of each interface that ever carried traffic."""
    table = source.table("net_io")
    before, state["io"] = state.get("io"), table
    if not before:
        return  # a run without its rates would look as if their items were gone
    for name, nic in table["nics"].items():
        unused = not nic["rx_bytes"] and not nic["tx_bytes"]
        if unused or matches(name, params.skip):
            continue
        labels, speed = {"interface": name}, nic["speed_mbit"]
        if matches(name, CABLELESS):
            speed = 0
        else:
            yield Sample("net_link_up", float(nic["up"]), labels)
        if speed:
            yield Sample("net_speed_bits_per_second", speed * 1e6, labels)
        if name in before["nics"]:
            seconds = table["clock"] - before["clock"]
            yield from _rates(_gone(before["nics"][name], nic), seconds, speed, labels)


def _rates(
    gone: dict[str, float] | None, seconds: float, speed_mbit: float, labels: dict[str, str]
) -> Iterator[Sample]:
    if gone is None or seconds <= 0:
        return
    rate = {name: value / seconds for name, value in gone.items()}
    yield Sample("net_rx_bytes_per_second", round(rate["rx_bytes"], 1), labels)
    yield Sample("net_tx_bytes_per_second", round(rate["tx_bytes"], 1), labels)
    yield Sample("net_errors_per_second", round(rate["rx_errors"] + rate["tx_errors"], 3), labels)
    yield Sample("net_drops_per_second", round(rate["rx_drops"] + rate["tx_drops"], 3), labels)
    if speed_mbit:
        busiest = max(rate["rx_bytes"], rate["tx_bytes"]) * 8
        yield Sample("net_used_percent", round(100 * busiest / (speed_mbit * 1e6), 2), labels)


def judge(samples: list[Sample], params: NetworkParams) -> Iterator[Result]:
    """Judge each interface: items `eth0 link`, `eth0 used`, `eth0 errors`, `eth0 drops`."""
    for sample in samples:
        nic, value = sample.labels["interface"], sample.value
        match sample.metric:
            case "net_link_up":
                state = params.link.judge(value)
                yield Result(
                    f"{nic} link", state, say("network.up" if value else "network.down", interface=nic)
                )
            case "net_used_percent":
                yield Result(
                    f"{nic} used", params.used.judge(value), say("network.used", interface=nic, used=value)
                )
            case "net_errors_per_second":
                said = say("network.errors", interface=nic, rate=value)
                yield Result(f"{nic} errors", params.errors.judge(value), said)
            case "net_drops_per_second":
                said = say("network.drops", interface=nic, rate=value)
                yield Result(f"{nic} drops", params.drops.judge(value), said)


OWN = {"link": Levels(), "used": Levels(), "drops": Levels()}  # computers of people, not of services

check = Check(
    name="network",
    title=Text("Network interfaces", "Mrežna sučelja"),
    group="performance",
    collect=collect,
    judge=judge,
    params=NetworkParams(),
    hold=300,
    watches={
        "net_link_up": "link",
        "net_used_percent": "used",
        "net_errors_per_second": "errors",
        "net_drops_per_second": "drops",
    },
    # People dock, undock and walk between cable and wireless: a link down says nothing there.
    defaults={"workstation": OWN, "laptop": OWN},
    charts=(
        "net_rx_bytes_per_second",
        "net_tx_bytes_per_second",
        "net_used_percent",
        "net_errors_per_second",
        "net_drops_per_second",
    ),
    texts={
        "network.up": Text("{interface} is connected", "{interface}: veza je uspostavljena"),
        "network.down": Text("{interface} has lost its link", "{interface}: veza je prekinuta"),
        "network.used": Text(
            "{interface} uses {used:pct} of its speed", "{interface}: iskorišteno {used:pct} brzine"
        ),
        "network.errors": Text(
            "{interface}: {rate} errors per second", "{interface}: pogrešaka u sekundi: {rate}"
        ),
        "network.drops": Text(
            "{interface}: {rate} dropped packets per second",
            "{interface}: odbačenih paketa u sekundi: {rate}",
        ),
    },
)
