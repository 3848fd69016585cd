"""A real mail server on loopback, with STARTTLS and sign-in, that keeps what it is given."""

import email
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, WORD = "predvid", "lozinka poštara"


@dataclass
class Mailbox:
    """The mails that the server took, and how it behaves: what it answers to RCPT and DATA."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    rcpt: str = "250 OK"
    data: str = "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - likewise
        if self.data.startswith("250"):
            message = email.message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(message, EmailMessage)
            self.mails.append(message)
        return self.data

    @property
    def settings(self) -> dict[str, Any]:
        """Return the settings of a channel that leads here."""
        return {
            "host": "localhost",
            "port": self.port,
            "security": "starttls",
            "username": USER,
            "password": WORD,
            "sender": "predvid@example.com",
            "sender_name": "Predvid Čvor",
        }


class OnAnyPort(Controller):
    """aiosmtpd's own, on a port that the system chooses."""

    def _trigger_server(self) -> None:
        assert self.server
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def _signed_in(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    known = LoginPassword(USER.encode(), WORD.encode())
    return AuthResult(success=data == known, handled=False)


def _certificate(folder: Path) -> Path:
    """Write a key and a certificate for `localhost` into one file and return it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "smtp.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def mailbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A mail server that wants STARTTLS and a sign-in; the system trusts its certificate."""
    pem = _certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    box = Mailbox()
    controller = OnAnyPort(
        box, hostname="127.0.0.1", port=0, tls_context=context, require_starttls=True,
        auth_required=True, authenticator=_signed_in, server_hostname="localhost",
    )  # fmt: skip
    controller.start()
    box.port = controller.port
    yield box
    controller.stop()
