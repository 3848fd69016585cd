"""VPN: tunnels that must stand (WireGuard peers that keep alive, Windows connections that are wanted)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

NETS = "/sys/class/net"
MOST = 200
NEVER = 1e7  # seconds


@dataclass(frozen=True)
class VpnParams:
    """`silent`: seconds since a WireGuard peer that keeps alive was heard; `wanted`: names that must be up.

    A peer that is well makes a new handshake at most 180 seconds after the last (WireGuard paper, 6.1).
    """

    silent: Levels = Levels(300, 1800, margin=60)
    connected: Levels = Levels(None, 0, lower_is_worse=True)
    wanted: tuple[str, ...] = ()


def _has_wireguard(source: Source) -> bool:
    for name in source.listing(NETS)[:500]:
        try:
            if "DEVTYPE=wireguard" in source.text(f"{NETS}/{name}/uevent"):
                return True
        except CannotRead:
            continue
    return False


def applies(source: Source) -> bool:
    """Tell whether the device has a tunnel that can be watched."""
    if source.platform == "linux" and not _has_wireguard(source):
        raise NotHere(say("vpn.none"))
    return True


def _wireguard(source: Source) -> Iterator[tuple[str, float]]:
    """Yield each peer that keeps alive and the time of its last handshake, 0 for none yet (wg(8)).

    Two questions, for the one that tells all tells the private key too.
    """
    alive = {name for name, value in _pairs(source, "persistent-keepalive") if value not in ("off", "0")}
    for name, value in _pairs(source, "latest-handshakes"):
        if name in alive and value.isascii() and value.isdigit() and len(value) < 12:
            yield name, float(value)


def _pairs(source: Source, what: str) -> Iterator[tuple[str, str]]:
    """Yield interface with the start of the peer's public key, and the value."""
    for line in source.run("wg", "show", "all", what).splitlines()[:MOST]:
        parts = line.split("\t")
        if len(parts) == 3:
            yield f"{parts[0][:20]} {parts[1][:10]}", parts[2]


def collect(source: Source, params: VpnParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how long each peer has been silent, or which wanted connection is up."""
    if source.platform == "windows":
        yield from _windows(source, params)
        return
    peers = dict(_wireguard(source))
    for peer, handshake in peers.items():
        silent = max(0.0, source.now() - handshake) if handshake else NEVER
        yield Sample("vpn_silent_seconds", round(min(silent, NEVER)), {"peer": peer})
    if not peers:
        raise NotHere(say("vpn.no_keepalive"))


def _windows(source: Source, params: VpnParams) -> Iterator[Sample | Fact]:
    rows = source.query("powershell", "vpn")
    rows = rows if isinstance(rows, list) else [rows]
    found = {
        str(row.get("name"))[:80]: row for row in rows[:MOST] if isinstance(row, dict) and row.get("name")
    }
    if not found and not params.wanted:
        raise NotHere(say("vpn.none"))
    up = {name for name, row in found.items() if row.get("status") == "Connected"}
    yield Fact(
        "network.vpn",
        [{"key": name, "server": str(row.get("server") or "")[:120]} for name, row in found.items()],
    )
    for name in dict.fromkeys(params.wanted[:MOST]):
        yield Sample("vpn_connected", float(name in up), {"peer": name})


def judge(samples: list[Sample], params: VpnParams) -> Iterator[Result]:
    """Judge each tunnel."""
    for sample in samples:
        peer, value = sample.labels["peer"], sample.value
        if sample.metric == "vpn_connected":
            said = say("vpn.up" if value else "vpn.down", peer=peer)
            yield Result(peer, params.connected.judge(value), said)
        else:
            said = say("vpn.never" if value >= NEVER else "vpn.silent", peer=peer, silent=value)
            yield Result(peer, params.silent.judge(value), said)


check = Check(
    name="vpn",
    title=Text("VPN", "VPN"),
    group="services",
    collect=collect,
    judge=judge,
    params=VpnParams(),
    platforms=("linux", "windows"),
    applies=applies,
    interval=900,
    timeout=45,
    hold=1800,
    defaults={"laptop": {"silent": Levels(), "connected": Levels()}},
    watches={"vpn_silent_seconds": "silent", "vpn_connected": "connected"},
    texts={
        "metric.vpn_silent_seconds": Text("Silent for", "Bez glasa"),
        "metric.vpn_connected": Text("Connected", "Veza uspostavljena"),
        "vpn.none": Text(
            "This device has no VPN tunnel that can be watched",
            "Uređaj nema VPN tunela koji se može nadzirati",
        ),
        "vpn.no_keepalive": Text(
            "No WireGuard peer keeps alive: silence says nothing here",
            "Nijedan WireGuard sudionik ne održava vezu: tišina ovdje ne znači ništa",
        ),
        "vpn.up": Text("{peer} is connected", "{peer}: veza je uspostavljena"),
        "vpn.down": Text("{peer} is not connected", "{peer}: veza nije uspostavljena"),
        "vpn.silent": Text(
            "{peer}: last heard {silent:secs} ago", "{peer}: posljednji glas prije: {silent:secs}"
        ),
        "vpn.never": Text("{peer} was never heard", "{peer} se nikad nije javio"),
        "fact.network.vpn": Text("VPN connections", "VPN veze"),
        "part.server": Text("Server", "Poslužitelj"),
    },
)
