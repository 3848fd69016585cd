"""The installation's own certificate authority and the gateway's certificate (X.509, RFC 5280)."""

import fcntl
import ipaddress
import os
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
LEAF_DAYS = 397
RENEW_BEFORE = timedelta(days=60)


def ensure(folder: Path, names: Sequence[str], now: datetime) -> tuple[Path, Path]:
    """Return the paths of the gateway's certificate chain and key for `names`, making or renewing them.

    The authority is made once and stays: agents pin its certificate. Keys are readable by the owner only.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a") as lock:  # several gateways of one host share the folder
        fcntl.flock(lock, fcntl.LOCK_EX)
        ca_path, ca_key_path = folder / "ca.pem", folder / "ca.key"
        if not ca_path.exists():
            _make_authority(ca_path, ca_key_path, now)
        chain, key = folder / "gateway.pem", folder / "gateway.key"
        if not _still_good(folder, names, now):
            _make_leaf(folder, names, now)
    return chain, key


def _still_good(folder: Path, names: Sequence[str], now: datetime) -> bool:
    """Tell whether chain and key can be read, belong together and to the authority, and last long enough."""
    try:
        leaf = x509.load_pem_x509_certificates((folder / "gateway.pem").read_bytes())[0]
        key = serialization.load_pem_private_key((folder / "gateway.key").read_bytes(), None)
        leaf.verify_directly_issued_by(x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes()))
        alternatives = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (FileNotFoundError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    have = {str(name.value) for name in alternatives}
    lasts = leaf.not_valid_after_utc - now > RENEW_BEFORE
    return key.public_key() == leaf.public_key() and set(names) <= have and lasts


def _make_authority(path: Path, key_path: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Predvid installation")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=CA_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_path, key)
    _write(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _make_leaf(folder: Path, names: Sequence[str], now: datetime) -> None:
    ca_pem = (folder / "ca.pem").read_bytes()
    authority = x509.load_pem_x509_certificate(ca_pem)
    ca_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("ca.key is not an elliptic-curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=LEAF_DAYS))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    _write_key(folder / "gateway.key", key)
    _write(folder / "gateway.pem", leaf.public_bytes(serialization.Encoding.PEM) + ca_pem, 0o644)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    plain = serialization.NoEncryption()
    _write(
        path, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain), 0o600
    )


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file whole or not at all: half a certificate would keep the gateway from starting."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
