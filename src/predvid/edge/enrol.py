"""Enrolment: the agent shows its token, the server shows that it is the one that the token names."""

import http.client
import platform
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import msgspec
from nacl.bindings import crypto_scalarmult_base

from predvid import __version__
from predvid.core.errors import UserError
from predvid.edge import durable, pin, proxy
from predvid.edge.clock import Clock
from predvid.edge.identity import (
    Keys,
    Membership,
    StateFolder,
    load_or_make_keys,
    locked,
    new_boot,
    next_generation,
    present,
    save_membership,
)
from predvid.edge.link import TIMEOUT, Link, LinkFailed, Sender, blind, reason, verifying
from predvid.wire.token import BadToken, Token, ca_fingerprint, parse, plan_fingerprint
from predvid.wire.v1 import PREFIX, Claim, Enrolled, Enrolment

MAX_CA = 64 << 10
_AGENT = re.compile(r"[A-Za-z0-9._-]{1,64}")  # it goes into the headers of every request


@dataclass(frozen=True)
class Request:
    """What a technician gives to enrol: `role` is device or probe, `proxy` may be empty or 'none'."""

    url: str
    token: str
    ca: Path | None = None
    proxy: str = ""
    name: str = ""
    role: str = "device"
    device_type: str = ""


def enrol(state: StateFolder, request: Request, claims: list[Claim]) -> Enrolled:
    """Enrol this machine; store what the server answered durably and return it. Raises UserError.

    Trying again after a lost answer is safe: the key is kept, and the server knows its key again.
    """
    server = proxy.server_address(request.url)
    try:
        token = parse(request.token)
    except BadToken as error:
        raise UserError(str(error)) from None
    if token.ca_fingerprint and not server.tls:
        raise UserError(f"this server speaks TLS only: give https://{server.netloc}; nothing was sent")
    way = proxy.choose(server, request.proxy)
    state.make()
    lock = locked(state)
    try:
        _refuse_if_enrolled(state)
        tls = _trust(state, request, token, server, way) if server.tls else None
        keys = load_or_make_keys(state)
        clock = Clock()
        sender = Sender("", new_boot(), next_generation(state), keys.signer(), clock.now, clock.elapsed)
        enrolled = _ask(Link(server, way, tls, sender), _enrolment(request, keys, claims), token)
        save_membership(
            state,
            Membership(
                enrolled.agent,
                request.url.strip().rstrip("/"),
                enrolled.plan_key,
                request.role,
                request.proxy,
                request.name,
                enrolled.client,
                enrolled.site,
            ),
        )
        if token.root_fingerprint:
            pin.write(state, bytes.fromhex(token.root_fingerprint), clock.now())
    except OSError as error:
        raise UserError(f"cannot write to {state.path}: {error.strerror}", status=1) from None
    finally:
        lock.release()
    return enrolled


def _refuse_if_enrolled(state: StateFolder) -> None:
    if present(state.membership):
        raise UserError(
            f"{state.path} is enrolled already (see 'predvid agent status'); to enrol anew, move it away"
        )


def _enrolment(request: Request, keys: Keys, claims: list[Claim]) -> Enrolment:
    system = platform.system().lower()
    return Enrolment(
        token=request.token.strip(),
        sign_key=keys.signer().public,
        seal_key=crypto_scalarmult_base(keys.seal),
        hostname=request.name or socket.gethostname(),
        platform={"darwin": "macos"}.get(system, system),
        version=__version__,
        claims=claims,
        os=f"{platform.system()} {platform.release()}",
        device_type=request.device_type,
    )


def _ask(link: Link, enrolment: Enrolment, token: Token) -> Enrolled:
    try:
        reply = link.post(f"{PREFIX}/enrol", msgspec.msgpack.encode(enrolment))
    except LinkFailed as error:
        raise UserError(f"cannot reach the server: {error}", status=1) from None
    finally:
        link.close()
    if reply.status != http.client.OK:
        refusal = reply.refusal()
        raise UserError(f"the server refused: {refusal.message} ({refusal.code})", status=1)
    try:
        enrolled = reply.decoded(Enrolled)
    except LinkFailed:
        raise UserError(
            "the answer does not come from a Predvid server: check the address", status=1
        ) from None
    if plan_fingerprint(enrolled.plan_key) != token.plan_fingerprint:
        raise UserError(
            "this is not the server that the token was made on (its key differs): check the address; "
            "if it is right, somebody may stand in between, so do not enrol",
            status=1,
        )
    if not _AGENT.fullmatch(enrolled.agent):
        raise UserError("the server gave this agent an id that cannot be used: update Predvid", status=1)
    return enrolled


def _trust(
    state: StateFolder, request: Request, token: Token, server: proxy.Address, way: proxy.Address | None
) -> ssl.SSLContext:
    """Return the verifying TLS context; the CA that the token names is fetched and checked first."""
    if request.ca is not None:
        try:
            pem = request.ca.read_bytes()
        except OSError as error:
            raise UserError(f"cannot read {request.ca}: {error.strerror}") from None
    elif token.ca_fingerprint:
        pem = _fetch_ca(server, way, token.ca_fingerprint)
    else:
        return verifying(None)
    durable.write(state.ca, pem, 0o644)
    try:
        return verifying(state.ca)
    except ssl.SSLError as error:
        state.ca.unlink()
        raise UserError(f"the CA certificate cannot be used ({error.reason}): give it in PEM form") from None


def _first_der(pem: bytes) -> bytes:
    text = pem.decode("ascii")
    begin, end = text.index("-----BEGIN CERTIFICATE-----"), text.index("-----END CERTIFICATE-----")
    return ssl.PEM_cert_to_DER_cert(text[begin:end] + "-----END CERTIFICATE-----\n")


def _fetch_ca(server: proxy.Address, way: proxy.Address | None, fingerprint: str) -> bytes:
    """Return, as PEM, the one certificate of the fingerprint; whatever else was sent is not kept."""
    where = way or server
    connection = http.client.HTTPSConnection(where.host, where.port, timeout=TIMEOUT, context=blind())
    if way is not None:
        login = {"Proxy-Authorization": way.authorization} if way.authorization else {}
        connection.set_tunnel(server.host, server.port, login)
    try:
        connection.request("GET", f"{PREFIX}/ca")
        response = connection.getresponse()
        pem = response.read(MAX_CA)
    except (OSError, http.client.HTTPException) as error:
        raise UserError(f"cannot reach the server: {reason(error, server)}", status=1) from None
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise UserError(f"the server shows no CA certificate (HTTP status {response.status})", status=1)
    try:
        der = _first_der(pem)
    except ValueError:
        raise UserError("the server sent no CA certificate in PEM form", status=1) from None
    if ca_fingerprint(der) != fingerprint:
        raise UserError(
            "the server's CA certificate is not the one that the token names: somebody may stand in between; "
            "behind a TLS-inspecting proxy give its certificate with --ca FILE",
            status=1,
        )
    return ssl.DER_cert_to_PEM_cert(der).encode()
