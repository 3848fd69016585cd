"""The enrolment token that a technician copies: a secret, and the fingerprints that tell the right server.

Text form: `pv1.SECRET.PLAN.CA[.ROOT]` with SECRET in base64url without padding, PLAN the first 16 bytes of
the SHA-256 of the server's plan key as 32 hexadecimal digits, and CA the SHA-256 of the DER form of the
platform's CA certificate as 64 hexadecimal digits, or `-` where the server has a public certificate or none.
ROOT, the SHA-256 of the trust root's public key as 64 hexadecimal digits, stands there once `predvid trust
init` made one: an agent that enrols with the token pins it at once.
`Enrolment.token` carries the whole text.
"""

import re
from dataclasses import dataclass

from predvid.core.trust import digest

_FORM = re.compile(r"pv1\.([A-Za-z0-9_-]{16,128})\.([0-9a-f]{32})\.([0-9a-f]{64}|-)(?:\.([0-9a-f]{64}))?")


class BadToken(ValueError):
    """The text is no enrolment token; the message says what to do and never repeats the secret."""


@dataclass(frozen=True, slots=True)
class Token:
    """A parsed token: `secret` as base64url text, fingerprints in hexadecimal, the last two may be empty."""

    secret: str
    plan_fingerprint: str
    ca_fingerprint: str = ""
    root_fingerprint: str = ""

    def __repr__(self) -> str:
        shown = (self.plan_fingerprint, self.ca_fingerprint, self.root_fingerprint)
        return f"Token(<secret>, {', '.join(map(repr, shown))})"


def plan_fingerprint(plan_key: bytes) -> str:
    """Return the fingerprint of a server's plan key (32 bytes) as tokens carry it: 32 hexadecimal digits."""
    return digest(plan_key)[:16].hex()


def ca_fingerprint(der: bytes) -> str:
    """Return the fingerprint of a CA certificate in DER form as tokens carry it: 64 hexadecimal digits."""
    return digest(der).hex()


def parse(text: str) -> Token:
    """Return the Token that `text` writes (surrounding blanks are forgiven); raise BadToken."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        raise BadToken("this is not a whole enrolment token: copy it again, from 'pv1.' to its end")
    secret, plan, ca, root = match.groups()
    return Token(secret, plan, "" if ca == "-" else ca, root or "")


def format_token(token: Token) -> str:
    """Return the text form of `token`; `parse` reads it back."""
    parts = ("pv1", token.secret, token.plan_fingerprint, token.ca_fingerprint or "-", token.root_fingerprint)
    return ".".join(part for part in parts if part)
