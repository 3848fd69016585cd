"""Local administrators: who may do everything on the device; each change is an event."""

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from typing import Any

from predvid.checks.readers import administrators
from predvid.checks.readers.verdicts import piecewise, verdicts
from predvid.checks.v1 import Check, Fact, Levels, Result, Sample, Source, Text

MOST = 300


@dataclass(frozen=True)
class LocalAdminsParams:
    r"""`expected` takes patterns of accounts (`FIRMA\Domain Admins`, `it-*`); empty: everybody is expected.

    `count` and `unexpected` count accounts, `unasked` those with sudo without a password; the others guard 1.
    """

    count: Levels = Levels()
    unexpected: Levels = Levels(1, None)
    everybody: Levels = Levels(None, 1)
    second_root: Levels = Levels(1, None)
    guest: Levels = Levels(1, None)
    built_in: Levels = Levels()
    unasked: Levels = Levels()
    expected: tuple[str, ...] = ()


WATCHES = {
    "local_admins_count": "count",
    "local_admins_unexpected": "unexpected",
    "local_admins_everybody": "everybody",
    "local_admins_second_root": "second_root",
    "local_admins_guest_enabled": "guest",
    "local_admins_built_in_enabled": "built_in",
    "local_admins_unasked": "unasked",
}


def collect(source: Source, params: LocalAdminsParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield how many administrators there are and which of them should not be, and all of them as a fact."""
    match source.platform:
        case "linux":
            yield from piecewise((partial(_linux, source, params), partial(_sudo, source)))
        case "windows":
            yield from _windows(source, params)
        case _:
            yield from _members(administrators.macos(source), params)


def _members(rows: list[dict[str, Any]], params: LocalAdminsParams) -> Iterator[Sample | Fact]:
    yield Sample("local_admins_count", len(rows))
    if params.expected:
        names = [str(row["key"]) for row in rows]
        patterns = [pattern.strip().lower() for pattern in params.expected]
        strange = [name for name in names if not any(fnmatch(name.lower(), each) for each in patterns)]
        yield Sample("local_admins_unexpected", len(strange))
    yield Fact("users.administrators", [{"key": row["key"], "why": row["why"]} for row in rows[:MOST]])


def _linux(source: Source, params: LocalAdminsParams) -> Iterator[Sample | Fact]:
    rows = administrators.linux(source)
    roots = [row["key"] for row in rows if "uid 0" in row["why"]]
    yield Sample("local_admins_second_root", float(len(roots) > 1))
    yield from _members([row for row in rows if row["key"] != "root"], params)


def _sudo(source: Source) -> Iterator[Sample | Fact]:
    names = administrators.unasked(source)
    yield Sample("local_admins_unasked", len(names))
    yield Fact("users.sudo_unasked", [{"key": name} for name in names[:MOST]])


def _windows(source: Source, params: LocalAdminsParams) -> Iterator[Sample | Fact]:
    rows, users = administrators.windows(source)
    yield from _members(rows, params)
    yield Sample("local_admins_everybody", float(bool(administrators.open_to_everybody(rows))))
    if users:
        guest = administrators.enabled(users, administrators.GUEST)
        built_in = administrators.enabled(users, administrators.BUILT_IN)
        yield Sample("local_admins_guest_enabled", float(guest))
        yield Sample("local_admins_built_in_enabled", float(built_in))


def judge(samples: list[Sample], params: LocalAdminsParams) -> Iterator[Result]:
    """Judge each metric by its level."""
    yield from verdicts("local_admins", WATCHES, TEXTS, samples, params)


TEXTS = {
    "local_admins.count": Text(
        "{n:int} {n|administrator|administrators}", "{n:int} {n|administrator|administratora|administratora}"
    ),
    "local_admins.unexpected": Text(
        "{n:int} {n|administrator that is|administrators that are} not on the list of expected ones",
        "{n:int} {n|administrator nije|administratora nisu|administratora nije} na popisu očekivanih",
    ),
    "local_admins.unexpected_ok": Text(
        "All administrators are expected ones", "Svi su administratori očekivani"
    ),
    "local_admins.everybody": Text(
        "A group of everybody (such as Domain Users) is in Administrators: anybody may do everything",
        "Među administratorima je skupina svih korisnika (npr. Domain Users): svatko smije sve",
    ),
    "local_admins.everybody_ok": Text(
        "No group of everybody is in Administrators", "Među administratorima nema skupine svih korisnika"
    ),
    "local_admins.second_root": Text(
        "There is a second account with all rights of root (uid 0)",
        "Postoji još jedan račun sa svim pravima korisnika root (uid 0)",
    ),
    "local_admins.second_root_ok": Text("Only root has uid 0", "Samo root ima uid 0"),
    "local_admins.guest": Text("The guest account is enabled", "Gostujući račun je omogućen"),
    "local_admins.guest_ok": Text("The guest account is disabled", "Gostujući račun je onemogućen"),
    "local_admins.built_in": Text(
        "The built-in account Administrator is enabled", "Ugrađeni račun Administrator je omogućen"
    ),
    "local_admins.built_in_ok": Text(
        "The built-in account Administrator is disabled", "Ugrađeni račun Administrator je onemogućen"
    ),
    "local_admins.unasked": Text(
        "sudo asks no password of {n:int} {n|account or group|accounts or groups}",
        "sudo ne traži lozinku; takvih računa ili skupina: {n:int}",
    ),
    "local_admins.unasked_ok": Text("sudo asks everybody for a password", "sudo od svih traži lozinku"),
    "fact.users.administrators": Text("Administrators", "Administratori"),
    "fact.users.sudo_unasked": Text("sudo without a password", "sudo bez lozinke"),
    "part.why": Text("By", "Po"),
    "metric.local_admins_count": Text("Administrators", "Administratori"),
    "metric.local_admins_unexpected": Text("Unexpected administrators", "Neočekivani administratori"),
    "metric.local_admins_everybody": Text("Everybody is an administrator", "Svatko je administrator"),
    "metric.local_admins_second_root": Text("Second account of root", "Drugi račun s pravima root"),
    "metric.local_admins_guest_enabled": Text("Guest account enabled", "Gostujući račun omogućen"),
    "metric.local_admins_built_in_enabled": Text(
        "Built-in Administrator enabled", "Ugrađeni Administrator omogućen"
    ),
    "metric.local_admins_unasked": Text("sudo without a password", "sudo bez lozinke"),
}

OWN = {"built_in": Levels(1, None)}  # there it is disabled from the factory on

check = Check(
    name="local_admins",
    title=Text("Local administrators", "Lokalni administratori"),
    group="protection",
    collect=collect,
    judge=judge,
    params=LocalAdminsParams(),
    interval=3600,
    timeout=60,
    watches=WATCHES,
    defaults={"workstation": OWN, "laptop": OWN},
    charts=("local_admins_count",),
    texts=TEXTS,
)
