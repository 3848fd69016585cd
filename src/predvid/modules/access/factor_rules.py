"""Pure decisions about second factors: which codes fit, where passkeys work, how long a proof lasts."""

import hmac
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pyotp

STEP = 30  # seconds (RFC 6238, section 4.1)
DRIFT = 1  # steps that a clock may be off, either way (section 5.2 recommends at most one)
DIGITS = 6
PROOF = timedelta(minutes=10)  # a proof of the person opens dangerous verbs for so long
PENDING = timedelta(minutes=5)  # between the password and the second factor
GRACE_DAYS = 7  # before staff must have a second factor, unless the owner says otherwise
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # of recovery codes: without I, O, 0 and 1
CODE_LENGTH = 16  # 80 bits
CODES = 10


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Return the time step whose code was given, None if none within the drift fits.

    All steps are compared whichever fits, so that the time taken tells nothing.
    """
    here = int(now.timestamp()) // STEP
    otp = pyotp.HOTP(secret, digits=DIGITS)
    steps = range(here - DRIFT, here + DRIFT + 1)
    fits = [step for step in steps if hmac.compare_digest(otp.at(step).encode(), code.encode())]
    return fits[-1] if fits else None


def plain_code(text: str) -> str:
    """Return a code as typed without blanks and hyphens, in capital letters."""
    return "".join(text.split()).replace("-", "").upper()


def is_app_code(code: str) -> bool:
    """Tell whether a plain code is one of an authenticator app, not a recovery code."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def grouped(text: str) -> str:
    """Return a secret or a code as people read and type it: in groups of four."""
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


@dataclass(frozen=True, slots=True)
class Party:
    """Under which name (relying party id) and origin passkeys work on this page."""

    id: str
    origin: str


def party(origin: str, address: str) -> Party | None:
    """Return the party for a page at `origin` of the installation at `address`; None where browsers refuse.

    Browsers make passkeys for names only, never for a bare address (WebAuthn, 5.1.2: the effective domain).
    The installation's own name counts; a local one is reached as localhost too.
    """
    here = (urlsplit(origin).hostname or "").lower()
    own = (urlsplit(address).hostname or "").lower()
    return Party(here, origin) if is_name(here) and here in (own, "localhost") else None


def place_for_passkeys(address: str) -> str | None:
    """Return the address at which passkeys work for an installation at `address`; None if there is none."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if is_name(host):
        return address
    if _loopback(host):
        return f"{parts.scheme}://localhost:{parts.port}" if parts.port else f"{parts.scheme}://localhost"
    return None


def is_name(host: str) -> bool:
    """Tell whether a host is a name, not an IP address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host)
    return False


def _loopback(host: str) -> bool:
    return not is_name(host) and bool(host) and ipaddress.ip_address(host).is_loopback


def counts_back(known: int, told: int) -> bool:
    """Tell whether a passkey's counter shows that there are two of it (WebAuthn, 7.2 step 22).

    One that always tells 0 keeps no counter.
    """
    return bool(known or told) and told <= known


def deadline(asked: datetime, days: int | None) -> datetime | None:
    """Return by when staff must have a second factor; None where nobody has to."""
    return None if days is None else asked + timedelta(days=days)


def fresh(proved: float | None, now: datetime) -> bool:
    """Tell whether a proof given at `proved` (seconds since 1970) still counts; none from the future does."""
    return proved is not None and 0 <= now.timestamp() - proved < PROOF.total_seconds()
