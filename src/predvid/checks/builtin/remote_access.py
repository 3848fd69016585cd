"""Ways in from afar: SSH and RDP, how they are set and whether a public address offers them; other tools.

SSH: `readers.sshd`. RDP: fDenyTSConnections, UserAuthentication (NLA) and PortNumber of the registry, policy
before setting (learn.microsoft.com, Remote Desktop Services). What a firewall refuses is not known here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from predvid.checks.readers import plain, remote_tools, sshd
from predvid.checks.readers.addresses import exposed, public_addresses
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

MACHINE = "HKEY_LOCAL_MACHINE/"
SERVER = f"{MACHINE}SYSTEM/CurrentControlSet/Control/Terminal Server"
STATION = f"{SERVER}/WinStations/RDP-Tcp"
POLICY = f"{MACHINE}SOFTWARE/Policies/Microsoft/Windows NT/Terminal Services"
RDP_PORT = 3389


@dataclass(frozen=True)
class RemoteAccessParams:
    """Levels guard 1, `unexpected` counts tools; `expected` names tools that may be there (TeamViewer)."""

    ssh_root: Levels = Levels(1, None)
    ssh_public: Levels = Levels(1, None)
    ssh_public_root: Levels = Levels(None, 1)
    rdp_nla: Levels = Levels(1, None)
    rdp_public: Levels = Levels(None, 1)
    unexpected: Levels = Levels()
    expected: tuple[str, ...] = ()


WATCHES = {
    "remote_ssh_root_password": "ssh_root",
    "remote_ssh_public_password": "ssh_public",
    "remote_ssh_public_root": "ssh_public_root",
    "remote_rdp_without_nla": "rdp_nla",
    "remote_rdp_public": "rdp_public",
    "remote_tools_unexpected": "unexpected",
}


SSH = {metric: field for metric, field in WATCHES.items() if field.startswith("ssh")}
OTHERS = {metric: field for metric, field in WATCHES.items() if metric not in SSH}


def collect(source: Source, params: RemoteAccessParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield 1 for each weakness of a way in that is open, 0 where there is none; and the ways in as facts."""
    parts = [_ssh, _rdp] if source.platform == "windows" else [_ssh]
    yield from piecewise([*(partial(read, source) for read in parts), partial(_tools, source, params)])


def _ssh(source: Source) -> Iterator[Sample | Fact]:
    try:
        server = sshd.read(source)
    except NotHere:
        yield Fact("remote.ssh", {"on": False})
        return
    bound = _bound(source, server.ports)
    public = sorted({each for address in bound for each in exposed(address, public_addresses(source))})
    yield Sample("remote_ssh_root_password", float(bool(bound) and server.root_password))
    yield Sample("remote_ssh_public_password", float(bool(public) and server.password))
    yield Sample("remote_ssh_public_root", float(bool(public) and server.root_password))
    yield Fact(
        "remote.ssh",
        {
            "on": bool(bound),
            "ports": list(server.ports),
            "passwords": server.password,
            "root_password": server.root_password,
            "public": public,
        },
    )


def _bound(source: Source, ports: tuple[int, ...]) -> list[str]:
    """Return the addresses on which something listens at one of the ports."""
    rows = plain.records(source.table("listening"))
    return [
        plain.text(row.get("address"))
        for row in rows
        if row.get("protocol") == "tcp" and plain.whole(row.get("port")) in ports
    ]


def _rdp(source: Source) -> Iterator[Sample | Fact]:
    server, station, policy = (_values(source, key) for key in (SERVER, STATION, POLICY))
    denied = plain.whole(policy.get("fDenyTSConnections", server.get("fDenyTSConnections")))
    on = denied == 0
    nla = plain.whole(policy.get("UserAuthentication", station.get("UserAuthentication"))) == 1
    port = plain.whole(station.get("PortNumber")) or RDP_PORT
    public = public_addresses(source) if on else []
    yield Sample("remote_rdp_without_nla", float(on and not nla))
    yield Sample("remote_rdp_public", float(bool(public)))
    yield Fact("remote.rdp", {"on": on, "ports": [port], "nla": nla, "public": public})


def _values(source: Source, path: str) -> dict[str, Any]:
    try:
        values = plain.within(source.query("registry", path), "values")
    except NotHere:
        return {}
    return values if isinstance(values, dict) else {}


def _tools(source: Source, params: RemoteAccessParams) -> Iterator[Sample | Fact]:
    found = remote_tools.installed(source)
    expected = {name.strip().lower() for name in params.expected}
    yield Sample("remote_tools_unexpected", sum(name.lower() not in expected for name in found))
    yield Fact("remote.tools", [{"key": name} for name in found])


def judge(samples: list[Sample], params: RemoteAccessParams) -> Iterator[Result]:
    """Judge SSH as one item by its worst weakness, the others each by its level."""
    yield from verdicts("remote_access", OTHERS, TEXTS, samples, params)
    ssh = [(getattr(params, SSH[s.metric]).judge(s.value), s) for s in samples if s.metric in SSH]
    if not ssh:
        return
    state, worst = max(
        ssh, key=lambda judged: (judged[0], judged[1].value, list(SSH).index(judged[1].metric))
    )
    field = SSH[worst.metric] if worst.value else "ssh_root"
    yield Result("ssh", state, say(f"remote_access.{field}{'' if worst.value else '_ok'}"))


TEXTS = {
    "remote_access.ssh_root": Text(
        "SSH lets root in with a password: allow keys only",
        "SSH dopušta prijavu korisnika root lozinkom: dopustite samo ključeve",
    ),
    "remote_access.ssh_root_ok": Text(
        "SSH is closed, or does not expose logons by password",
        "SSH je zatvoren ili mu prijave lozinkom nisu izložene",
    ),
    "remote_access.ssh_public": Text(
        "SSH takes passwords on a public address: allow keys only, or hide it behind a VPN",
        "SSH na javnoj adresi prihvaća lozinke: dopustite samo ključeve ili ga sakrijte iza VPN-a",
    ),
    "remote_access.ssh_public_root": Text(
        "SSH lets root in with a password on a public address: close it now",
        "SSH na javnoj adresi dopušta prijavu korisnika root lozinkom: odmah to zatvorite",
    ),
    "remote_access.rdp_nla": Text(
        "Remote Desktop is on without Network Level Authentication",
        "Udaljena radna površina uključena je bez provjere na razini mreže (NLA)",
    ),
    "remote_access.rdp_nla_ok": Text(
        "Remote Desktop is off or asks for Network Level Authentication",
        "Udaljena radna površina je isključena ili traži provjeru na razini mreže (NLA)",
    ),
    "remote_access.rdp_public": Text(
        "Remote Desktop is on at a public address: hide it behind a VPN now",
        "Udaljena radna površina uključena je na javnoj adresi: odmah je sakrijte iza VPN-a",
    ),
    "remote_access.rdp_public_ok": Text(
        "Remote Desktop is not offered at a public address", "Udaljena radna površina nije na javnoj adresi"
    ),
    "remote_access.unexpected": Text(
        "{n:int} unexpected {n|program|programs} for remote control {n|is|are} installed",
        "{n|Instaliran je|Instalirana su|Instalirano je} {n:int} {n|neočekivan program|neočekivana "
        "programa|neočekivanih programa} za daljinsko upravljanje",
    ),
    "remote_access.unexpected_ok": Text(
        "No unexpected program for remote control is installed",
        "Nema neočekivanih programa za daljinsko upravljanje",
    ),
    "fact.remote.ssh": Text("SSH", "SSH"),
    "fact.remote.rdp": Text("Remote Desktop", "Udaljena radna površina"),
    "fact.remote.tools": Text("Programs for remote control", "Programi za daljinsko upravljanje"),
    "part.ports": Text("Ports", "Vrata"),
    "part.passwords": Text("Takes passwords", "Prihvaća lozinke"),
    "part.root_password": Text("Root with a password", "Root lozinkom"),
    "part.public": Text("Public addresses", "Javne adrese"),
    "part.nla": Text("Network Level Authentication", "Provjera na razini mreže"),
    "metric.remote_ssh_root_password": Text("SSH: root with a password", "SSH: root lozinkom"),
    "metric.remote_ssh_public_password": Text(
        "SSH: passwords on a public address", "SSH: lozinke na javnoj adresi"
    ),
    "metric.remote_ssh_public_root": Text(
        "SSH: root with a password on a public address", "SSH: root lozinkom na javnoj adresi"
    ),
    "metric.remote_rdp_without_nla": Text("Remote Desktop without NLA", "Udaljena radna površina bez NLA"),
    "metric.remote_rdp_public": Text(
        "Remote Desktop on a public address", "Udaljena radna površina na javnoj adresi"
    ),
    "metric.remote_tools_unexpected": Text(
        "Unexpected programs for remote control", "Neočekivani programi za daljinsko upravljanje"
    ),
}

check = Check(
    name="remote_access",
    title=Text("Ways in from afar", "Udaljeni pristup"),
    group="protection",
    collect=collect,
    judge=judge,
    params=RemoteAccessParams(),
    interval=6 * 3600,
    timeout=60,
    watches=WATCHES,
    texts=TEXTS,
)
