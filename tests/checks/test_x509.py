"""The reader of certificates agrees with a real library on what that wrote, and refuses the rest."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from predvid.checks.readers.x509 import certificates, parse_der

KEY = ec.generate_private_key(ec.SECP256R1())
SECONDS = st.integers(-600_000_000, 13_000_000_000)  # 1950 to 2381
MOMENTS = SECONDS.map(lambda at: datetime.fromtimestamp(at, UTC))
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("C",)), min_size=1, max_size=60)
HOSTS = st.from_regex(r"[a-z]{1,20}\.example", fullmatch=True)


def made(subject: str, names: list[str], begins: datetime, ends: datetime) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Izdavač")]))
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(ends)
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(KEY, hashes.SHA256())


@settings(max_examples=40, deadline=None)
@given(WORDS, st.lists(HOSTS, max_size=4), MOMENTS, st.integers(1, 4000))
def test_it_reads_what_the_library_wrote(subject: str, names: list[str], begins: datetime, days: int) -> None:
    written = made(subject, names, begins, begins + timedelta(days=days))
    read = parse_der(written.public_bytes(serialization.Encoding.DER))
    assert (read.subject, read.issuer, read.names) == (subject, "Izdavač", tuple(names))
    assert read.begins == written.not_valid_before_utc.timestamp()
    assert read.ends == written.not_valid_after_utc.timestamp()


DER = made(
    "a", ["a.example"], datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
).public_bytes(serialization.Encoding.DER)


@given(st.integers(0, len(DER) - 1), st.binary(min_size=1, max_size=4))
def test_a_changed_byte_is_read_or_refused(at: int, put: bytes) -> None:
    try:
        parse_der(DER[:at] + put + DER[at + len(put) :])
    except ValueError:
        return


@pytest.mark.parametrize("end", range(0, len(DER) - 1, 7))
def test_a_torn_certificate_is_refused(end: int) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever is torn, it says so
        parse_der(DER[:end])


def test_garbage_between_markers_is_left_out() -> None:
    assert certificates("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----") == []
