"""Where an installation listens: addresses, the names its certificate needs, free ports."""

import socket
from contextlib import suppress

from predvid.core.errors import UserError
from predvid.server.speech import Speech

LOOPBACK = ("127.0.0.1", "::1", "localhost")
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, never bound without the user's --listen


def url(scheme: str, host: str, port: int) -> str:
    """Return `scheme://host:port`, an IPv6 address in brackets (RFC 3986)."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def own_name() -> str:
    """Return the full host name of this machine, or the address that others see where it has none."""
    name = socket.getfqdn()
    if "." in name and not name.startswith("localhost"):
        return name
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which way a packet would leave
        return str(probe.getsockname()[0])
    return socket.gethostname()


def names(host: str, listen: str, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the names and addresses of a certificate: `host` first, then all others of this machine."""
    mine = () if listen in EVERYWHERE else (listen,)
    return tuple(dict.fromkeys((host, *extra, *mine, socket.gethostname(), "localhost", "127.0.0.1")))


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def check_free(listen: str, port: int, tell: Speech, doctor: str) -> None:
    """Raise UserError where nothing can listen on `listen`:`port`, with the reason.

    `doctor` is the command that tells more of this port.
    """
    family = socket.AF_INET6 if ":" in listen else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((listen, port))
        except socket.gaierror:
            raise UserError(tell("refused.address", listen=listen)) from None
        except OSError as error:
            taken = tell("refused.taken", port=str(port), listen=listen, reason=error.strerror, doctor=doctor)
            raise UserError(taken, 1) from None
