"""Which HTTP proxy leads to the server, if any: from the command line, else from the environment."""

import base64
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from predvid.core.errors import UserError

THIS_MACHINE = "localhost,127.0.0.0/8,::1"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server or proxy listens; `authorization` is a proxy's `Basic ...` header or empty."""

    host: str
    port: int
    tls: bool = False
    authorization: str = field(default="", repr=False)

    @property
    def netloc(self) -> str:
        """Return `host:port` as URLs write it; an ordinary port is left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


def server_address(url: str) -> Address:
    """Return the address of a server's `http(s)://host[:port]`; raise UserError naming what is wrong."""
    parts = _split(url, "server")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"'{url}' is no server address: give https://HOST[:PORT]")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise UserError(f"'{url}' has more than a server address: give https://HOST[:PORT] alone")
    tls = parts.scheme == "https"
    return Address(parts.hostname, parts.port or (443 if tls else 80), tls)


def proxy_address(url: str) -> Address:
    """Return the address of a proxy, `[http://][user:password@]host[:port]`; raise UserError."""
    parts = _split(url if "://" in url else f"http://{url}", "proxy")
    if parts.scheme != "http" or not parts.hostname:
        raise UserError("the proxy must be given as http://[USER:PASSWORD@]HOST[:PORT]")
    authorization = ""
    if parts.username:
        login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = "Basic " + base64.b64encode(login.encode()).decode()
    return Address(parts.hostname, parts.port or 3128, authorization=authorization)


def _split(url: str, what: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port  # a port out of range is found only when asked for
        (parts.hostname or "").encode("idna")  # as connecting will do
    except ValueError as error:
        raise UserError(f"the {what} address cannot be read: {error}") from None
    return parts


def choose(server: Address, given: str, environment: Mapping[str, str] | None = None) -> Address | None:
    """Return the proxy for `server`: `given` ('none' forces a direct way), else HTTPS_PROXY or HTTP_PROXY.

    NO_PROXY (comma-separated hosts, domain endings, addresses, networks, or *) turns the environment's off;
    this machine itself is never behind a proxy.
    """
    if given:
        return None if given == "none" else proxy_address(given)
    environment = os.environ if environment is None else environment
    name = "https_proxy" if server.tls else "http_proxy"
    found = environment.get(name) or environment.get(name.upper()) or ""
    if not found or _bypassed(server.host, environment.get("no_proxy") or environment.get("NO_PROXY") or ""):
        return None
    return proxy_address(found)


def _bypassed(host: str, exceptions: str) -> bool:
    entries = [entry.strip().lower() for entry in f"{THIS_MACHINE},{exceptions}".split(",")]
    return any(_matches(host.lower(), entry) for entry in entries if entry)


def _matches(host: str, entry: str) -> bool:
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        entry = entry.lstrip("*").lstrip(".")
        return host == entry or host.endswith("." + entry)
