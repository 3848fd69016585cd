"""E-mail by SMTP: one server for the installation, over STARTTLS, TLS or plain, with or without sign-in.

The host is typed by an owner and may stand in a private network, as mail relays do; what is never anybody's
mail server (link-local, metadata services) is refused, and the address judged is the one connected to.
"""

import base64
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as pgettext

from predvid.core.outgoing import PRIVATE, NotAllowed, judge
from predvid.modules.notifying.failures import NotSent
from predvid.modules.notifying.kinds import Fetch, Kind
from predvid.modules.notifying.messages import Message

STEP = 10.0  # seconds for one answer of the server
WHOLE = 45.0  # seconds for all that is done over one connection


class EmailForm(forms.Form):
    """The mail server and who the mails are from."""

    host = forms.CharField(label=_("Mail server"), max_length=253)
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535, initial=587)
    security = forms.ChoiceField(
        label=_("Encryption"),
        choices=[
            ("starttls", _("STARTTLS (usually port 587)")),
            ("tls", _("TLS from the start (usually port 465)")),
            ("plain", _("none: only within your own network")),
        ],
    )
    username = forms.CharField(label=_("User name"), max_length=200, required=False)
    password = forms.CharField(
        label=_("Password"),
        max_length=500,
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Kept sealed and never shown again. Empty: the one that is kept stays."),
    )
    sender = forms.EmailField(label=_("Mails come from"))
    sender_name = forms.CharField(
        label=pgettext("sender", "Name of the sender"), max_length=80, initial="Predvid"
    )


@contextlib.contextmanager
def line(settings: Mapping[str, Any]) -> Iterator[smtplib.SMTP]:
    """A connection to the mail server, signed in where it is told to. Raises NotSent.

    Whatever happens on it, from the first packet on, ends after WHOLE seconds, however slowly the server
    drips its answers.
    """
    ended = threading.Event()
    made = _Pinned(str(settings["host"]), ended, tls=settings["security"] == "tls")
    timer = threading.Timer(WHOLE, _cut, (made, ended))
    timer.daemon = True
    try:
        addresses = _allowed(settings)
        timer.start()
        made.reach(addresses, int(settings["port"]))
        _greeted(made, settings)
        yield made
        with contextlib.suppress(OSError, smtplib.SMTPException):  # all that mattered was answered
            made.quit()
    except (OSError, smtplib.SMTPException, NotSent) as error:
        if ended.is_set():
            raise NotSent("too_slow", away=True) from None
        raise (error if isinstance(error, NotSent) else _why(error)) from None
    finally:
        timer.cancel()
        made.close()


def _allowed(settings: Mapping[str, Any]) -> list[str]:
    """Return the addresses of the mail server. Raises NotSent if one is never anybody's mail server."""
    host, port = str(settings["host"]), int(settings["port"])
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(row[4][0]) for row in found))
    try:
        return [str(judge(address, PRIVATE)) for address in addresses]
    except NotAllowed as error:
        raise NotSent("address", said=str(error), away=True) from None


class _Pinned(smtplib.SMTP):
    """Connects to one of the addresses given; certificates are verified against the name."""

    def __init__(self, host: str, ended: threading.Event, *, tls: bool) -> None:
        super().__init__(timeout=STEP, local_hostname="predvid")
        self._addresses: list[str] = []
        self._ended, self._tls = ended, tls
        self._host = host  # what starttls() verifies

    def reach(self, addresses: list[str], port: int) -> None:
        """Connect to the first of `addresses` that answers before the time is over."""
        self._addresses = addresses
        self.connect(self._host, port)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        failed: OSError = ConnectionRefusedError()
        for address in self._addresses:
            if self._ended.is_set():
                raise TimeoutError
            try:
                plain = socket.create_connection((address, port), timeout)
            except OSError as error:
                failed = error
                continue
            return (
                ssl.create_default_context().wrap_socket(plain, server_hostname=host) if self._tls else plain
            )
        raise failed


def _greeted(line: smtplib.SMTP, settings: Mapping[str, Any]) -> None:
    line.ehlo()
    if settings["security"] == "starttls":
        line.starttls(context=ssl.create_default_context())
        line.ehlo()
    if settings["username"]:
        _sign_in(line, settings["username"], settings["password"])


def _sign_in(line: smtplib.SMTP, user: str, password: str) -> None:
    """Sign in by PLAIN or LOGIN, in UTF-8 (RFC 4616): smtplib's own ways take ASCII alone."""
    offered = str(line.esmtp_features.get("auth", "")).upper().split()
    if "PLAIN" in offered:
        answer = line.docmd("AUTH", f"PLAIN {_packed(f'{chr(0)}{user}{chr(0)}{password}')}")
    elif "LOGIN" in offered:
        answer = line.docmd("AUTH", f"LOGIN {_packed(user)}")
        if answer[0] == 334:
            answer = line.docmd(_packed(password))
    else:
        raise NotSent("no_sign_in", away=True)
    if answer[0] not in (235, 503):  # 503: already signed in
        raise smtplib.SMTPAuthenticationError(*answer)


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _cut(line: smtplib.SMTP, ended: threading.Event) -> None:
    ended.set()
    if line.sock is not None:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(line.sock, socket.SHUT_RDWR)


def _why(error: Exception) -> NotSent:
    """Return why a mail did not go out; the server's own words, never what was sent to it."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return NotSent("sign_in", code=error.smtp_code, away=True)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return NotSent("recipient", code=code, said=_plain(text), final=code >= 500)
    if isinstance(error, smtplib.SMTPResponseException):
        return NotSent("answer", code=error.smtp_code, said=_plain(error.smtp_error))
    if isinstance(error, ssl.SSLError):
        return NotSent("tls", said=str(error.reason), away=True)
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return NotSent("too_slow", away=True)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return NotSent("cannot", said=str(error), away=True)
    return NotSent("unreachable", said=str(getattr(error, "strerror", None) or error), away=True)


def _plain(text: bytes | str) -> str:
    said = text.decode(errors="replace") if isinstance(text, bytes) else text
    return " ".join(said.split())


def post(line: smtplib.SMTP, settings: Mapping[str, Any], message: Message) -> None:
    """Hand one message to the server. Raises NotSent."""
    try:
        mail = written(settings, message)
    except ValueError:
        raise NotSent("no_mail", final=True) from None
    try:
        line.send_message(mail, settings["sender"], [message.to])
    except (OSError, smtplib.SMTPException) as error:
        raise _why(error) from None


def written(settings: Mapping[str, Any], message: Message) -> EmailMessage:
    """Return a message as a mail: plain text with its HTML, in one thread with what it continues."""
    mail = EmailMessage()
    user, _at, domain = str(settings["sender"]).rpartition("@")
    mail["From"] = Address(settings["sender_name"], user, domain)
    mail["To"] = message.to
    mail["Subject"] = " ".join(message.subject.split())
    mail["Message-ID"] = f"<{message.key}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers
    if message.answers:
        mail["In-Reply-To"] = mail["References"] = f"<{message.answers}@{domain}>"
    mail.set_content(message.text)
    if message.html:
        mail.add_alternative(message.html, subtype="html")
    return mail


def send(settings: Mapping[str, Any], message: Message, fetch: Fetch) -> None:
    """Send one message over a connection of its own. Raises NotSent."""
    with line(settings) as connected:
        post(connected, settings, message)


def told(settings: Mapping[str, Any]) -> str:
    """Return the server and the sender."""
    return f"{settings['host']}:{settings['port']} · {settings['sender']}"


KIND = Kind("email", _("E-mail"), EmailForm, ("password",), send, told, routed=False)
