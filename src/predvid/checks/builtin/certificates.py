"""Certificates that services of this device present: how many days each is still valid."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from predvid.checks.readers.server_configs import certificate_files
from predvid.checks.readers.x509 import Certificate, certificates
from predvid.checks.v1 import CannotRead, Check, Fact, Levels, NotHere, Result, Sample, Source, Text, say

DAY = 86400
FORGOTTEN = 60  # days after its end nobody presents a certificate any more: it was left behind
SELF_MADE = "Remote Desktop"  # Windows renews that store's by itself


@dataclass(frozen=True)
class CertificatesParams:
    """A certificate is a concern where both say so; `paths` are further PEM files.

    `left` in days, `share` in percent of its lifetime. What renews itself does so when a third is left (of
    very short ones half), so that a quarter means that it failed: 21 of 90 days, 11 of 45, 1.7 of 6.7.
    """

    left: Levels = Levels(21, 7, margin=1)
    share: Levels = Levels(25, 10)
    paths: tuple[str, ...] = ()


def _linux(source: Source, params: CertificatesParams) -> Iterator[tuple[str, Certificate]]:
    """Yield place and certificate: the first of each file, which is the server's own (RFC 8446, 4.4.2)."""
    paths = list(dict.fromkeys([*params.paths[:100], *certificate_files(source)]))
    failed: CannotRead | None = None
    for path in paths:
        try:
            found = certificates(source.text(path))
        except NotHere:
            continue
        except CannotRead as error:
            failed = error
            continue
        if found:
            yield path, found[0]
        else:
            failed = CannotRead(say("certificates.unreadable", path=path))
    if failed is not None:
        raise failed


def _windows(source: Source) -> Iterator[tuple[str, Certificate]]:
    rows = source.query("powershell", "certificates")
    for row in rows[:200] if isinstance(rows, list) else [rows]:
        if not isinstance(row, dict) or row.get("store") == SELF_MADE:
            continue
        begins, ends = _moment(row.get("begins")), _moment(row.get("ends"))
        names = row.get("names")
        if begins is None or ends is None:
            continue
        called = tuple(str(name)[:120] for name in names[:50]) if isinstance(names, list) else ()
        subject, issuer, print_ = (
            str(row.get(part) or "")[:120] for part in ("subject", "issuer", "thumbprint")
        )
        place = f"{str(row.get('store'))[:40]} {print_[:8]}"
        yield place, Certificate(subject, issuer, print_[:40], begins, ends, called)


def _moment(value: object) -> float | None:
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def collect(source: Source, params: CertificatesParams, state: dict[str, Any]) -> Iterator[Sample | Fact]:
    """Yield the days that each certificate has left, and which they are."""
    found: dict[str, Certificate] = {}
    failed: CannotRead | None = None
    try:
        for place, one in _windows(source) if source.platform == "windows" else _linux(source, params):
            found.setdefault(place, one)
    except NotHere:
        raise
    except CannotRead as error:
        failed = error
    if not found:
        raise failed or NotHere(say("certificates.none"))
    for place, one in found.items():
        yield from _samples(place, one, one.ends - source.now())
    if failed is not None:
        raise failed
    yield Fact("security.certificates", [_row(place, one) for place, one in found.items()])


def _samples(place: str, one: Certificate, left: float) -> Iterator[Sample]:
    lifetime, labels = one.ends - one.begins, {"place": place, "name": one.subject or place}
    if left < -FORGOTTEN * DAY:
        return
    yield Sample("certificates_left_days", round(left / DAY, 2), labels)
    if lifetime > 0:
        yield Sample("certificates_left_percent", round(100 * max(0.0, left) / lifetime, 1), labels)


def _row(place: str, one: Certificate) -> dict[str, Any]:
    ends = datetime.fromtimestamp(one.ends, UTC).date().isoformat()
    return {
        "key": place,
        "subject": one.subject,
        "issuer": one.issuer,
        "ends": ends,
        "names": list(one.names[:20]),
    }


def judge(samples: list[Sample], params: CertificatesParams) -> Iterator[Result]:
    """Judge each certificate by its days and by the share of its lifetime: the milder of the two counts."""
    shares = {s.labels["place"]: s.value for s in samples if s.metric == "certificates_left_percent"}
    for sample in samples:
        if sample.metric != "certificates_left_days":
            continue
        place, name, days = sample.labels["place"], sample.labels["name"], sample.value
        state = params.left.judge(days)
        if days > 0 and place in shares:
            state = min(state, params.share.judge(shares[place]))
        said = "certificates.expired" if days <= 0 else "certificates.left"
        yield Result(place, state, say(said, name=name, days=abs(days) * DAY))


check = Check(
    name="certificates",
    title=Text("Certificates", "Certifikati"),
    group="protection",
    collect=collect,
    judge=judge,
    params=CertificatesParams(),
    platforms=("linux", "windows"),
    interval=6 * 3600,
    timeout=45,
    watches={"certificates_left_days": "left"},
    defaults={"workstation": {"left": Levels()}, "laptop": {"left": Levels()}},
    charts=("certificates_left_days",),
    texts={
        "metric.certificates_left_days": Text("Days left", "Preostalo dana"),
        "metric.certificates_left_percent": Text("Left of its lifetime", "Preostalo od trajanja"),
        "certificates.none": Text(
            "No service of this device is set to present a certificate",
            "Nijedna usluga ovog uređaja nije postavljena da pokazuje certifikat",
        ),
        "certificates.unreadable": Text("{path} holds no certificate", "U datoteci {path} nema certifikata"),
        "certificates.left": Text(
            "The certificate of {name} is valid for {days:secs} more",
            "Certifikat za {name} vrijedi još {days:secs}",
        ),
        "certificates.expired": Text(
            "The certificate of {name} expired {days:secs} ago",
            "Certifikat za {name} je istekao; proteklo vrijeme: {days:secs}",
        ),
        "fact.security.certificates": Text("Certificates of services", "Certifikati usluga"),
        "part.subject": Text("For", "Za"),
        "part.issuer": Text("Issued by", "Izdao"),
        "part.ends": Text("Valid until", "Vrijedi do"),
        "part.names": Text("Names", "Imena"),
    },
)
