"""Where the server itself may call: which addresses, names and ports an outgoing request may go to.

What a person types or a device says must never make the server call its own machine, its network or a cloud's
metadata service. The tables follow IANA's registries of special-purpose addresses (RFC 6890).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

PORTS = frozenset({80, 443, 8080, 8443})
MAX_URL = 2048
_NAME = re.compile(
    r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*"
)
_NUMERIC = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")  # a resolver of C would take it for an IPv4 address


def _networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


# Only the operator's own configuration opens these, range by range.
PRIVATE = _networks(
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"),
    *("::1/128", "fc00::/7"),
)
# Nothing opens these: this network, link-local, metadata, documentation, benchmarks, multicast, reserved.
NEVER = _networks(
    *("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15"),
    *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("168.63.129.16/32", "100.100.100.200/32", "fd00:ec2::/32"),  # Azure, Alibaba, AWS
    *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # Teredo and others, documentation, 6to4
)
UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214: an IPv4 address in the last 32 bits


class NotAllowed(Exception):
    """A request that the server must not make: `code` is stable, the text says why."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Target:
    """An address that may be asked for: `host` is an ASCII name or an IP address without brackets."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """Return what decides whether another address is the same server."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """Return host and port as the header Host has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = {"http": 80, "https": 443}[self.scheme] == self.port
        return host if usual else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"


def target(url: str, ports: Iterable[int] = PORTS) -> Target:
    """Return what `url` asks for, read in one strict way. Raises NotAllowed.

    Codes: `url` (unreadable, control characters, a name that is none), `scheme`, `credentials`, `port`.
    """
    if len(url) > MAX_URL or "\\" in url or any(char <= " " or char == "\x7f" for char in url):
        raise NotAllowed(
            "url", "The address is too long or holds a blank, a backslash or a control character."
        )
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise NotAllowed("url", "The address cannot be read.") from None
    if parts.scheme not in ("http", "https"):
        raise NotAllowed("scheme", "Only http and https addresses are asked for.")
    if "@" in parts.netloc:
        raise NotAllowed("credentials", "An address must not hold a user name or a password.")
    port = {"http": 80, "https": 443}[parts.scheme] if port is None else port
    if port not in ports:
        raise NotAllowed("port", f"Port {port} is not among those that the server may call.")
    return Target(parts.scheme, _host(host, bracketed="[" in parts.netloc), port, _path(parts))


def _host(host: str, *, bracketed: bool) -> str:
    try:
        name = (
            host.encode("idna").decode().lower().removesuffix(".")
        )  # full-width digits and dots become plain
    except UnicodeError:
        name = ""
    if bracketed or ":" in name or _NUMERIC.fullmatch(name):
        try:
            if "%" in host:
                raise ValueError
            return str(IPv6Address(host) if bracketed else IPv4Address(name))
        except ValueError:
            raise NotAllowed("url", "An IP address must be written in its plain way.") from None
    if not _NAME.fullmatch(name):
        raise NotAllowed("url", "The address holds no name of a server.")
    return name


def _path(parts: SplitResult) -> str:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not path.startswith("/") or not path.isascii():
        raise NotAllowed("url", "The path of the address must be plain ASCII; write other characters as %XX.")
    return path


def opened(text: str) -> Network:
    """Return the range `text` that an operator opens. Raises ValueError unless it lies in one of PRIVATE."""
    network = ip_network(text)
    for private in PRIVATE:
        if network.version == private.version and network.subnet_of(private):  # type: ignore[arg-type]
            return network
    raise ValueError(f"{text} lies in no private range")


def judge(text: str, allowed: Iterable[Network] = ()) -> Address:
    """Return the IP address `text` if the server may connect to it. Raises NotAllowed with code `address`.

    `allowed` are ranges of PRIVATE that the operator opened. An IPv4 address within an IPv6 one is judged.
    """
    try:
        address: Address = ip_address(text)
    except ValueError:  # with a zone it is link-local
        raise NotAllowed("address", f"{text[:60]} is no address that the server may call.") from None
    inner = _embedded(address)
    if inner is not None:
        judge(str(inner), allowed)
        return address
    ranges = tuple(allowed)
    if _refused(address, ranges):
        raise NotAllowed("address", f"{address} is no address that the server may call.")
    return address


def _embedded(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv4-mapped or NAT64 address leads to."""
    if isinstance(address, IPv4Address) or address.scope_id is not None:
        return None
    return address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None)


def _refused(address: Address, allowed: tuple[Network, ...]) -> bool:
    if any(address in network for network in NEVER) or getattr(address, "scope_id", None) is not None:
        return True
    if any(address in network for network in PRIVATE):
        return not any(address in network for network in allowed)
    if isinstance(address, IPv4Address):
        return False
    return address not in UNICAST or (int(address) >> 32) & 0xFFFFFFFF in ISATAP
