"""The gateway part: uvicorn with the one ASGI application."""

import argparse
import gc
import logging
import resource
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import urlsplit

import uvicorn

from predvid.core.errors import UserError
from predvid.server import certificates
from predvid.server.listening import LOOPBACK, names
from predvid.server.patience import PatientProtocol
from predvid.server.place import Place

log = logging.getLogger(__name__)
LOOK_SECONDS = 6 * 3600.0
COLLECT_AFTER = (50_000, 20, 20)  # see `gc.set_threshold`


@dataclass(frozen=True)
class OwnCertificate:
    """The certificate of the installation's own authority for all names in `names`."""

    folder: Path
    names: tuple[str, ...]

    def ensure(self) -> tuple[Path, Path]:
        """Return the paths of chain and key, made or renewed where needed."""
        return certificates.ensure(self.folder, self.names, datetime.now(UTC))

    def keep_fresh(self, config: uvicorn.Config, stop: threading.Event) -> None:
        """Renew it in time while the gateway runs. Ends with `stop`."""
        while not stop.wait(LOOK_SECONDS):
            try:
                self.renew(config)
            except (OSError, ValueError) as error:
                log.error("the certificate cannot be renewed: %s", error)

    def renew(self, config: uvicorn.Config) -> None:
        """Renew it where needed; new connections then see the new one. Raises OSError or ValueError."""
        chain, key = self.ensure()
        if config.ssl is not None:
            config.ssl.load_cert_chain(chain, key)


@runtime_checkable
class HoldsOpen(Protocol):
    """An application that holds answers open until it is told to let them go: `gateway.Gateway`."""

    def let_go(self) -> None:
        """End the answers that are held open."""


class Server(uvicorn.Server):
    """Lets go of the answers that the gateway holds open, before it waits for those that are under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end what is held open, and wait for the rest."""
        if isinstance(self.config.loaded_app, HoldsOpen):
            self.config.loaded_app.let_go()
        await super().shutdown(sockets)


def run(place: Place, options: argparse.Namespace) -> None:
    """Serve the gateway until SIGTERM or SIGINT. Raises UserError where it cannot speak TLS off loopback."""
    _many_connections()
    own = _own_certificate(place, options)
    chain, key = own.ensure() if own else (options.cert, options.key)
    config = uvicorn.Config(
        "predvid.server.asgi:application",
        host=options.listen,
        port=options.port,
        loop="uvloop",
        http=PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=4096,
        proxy_headers=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=2,
        ssl_certfile=chain,
        ssl_keyfile=key,
    )
    stop = threading.Event()
    if own:
        threading.Thread(target=own.keep_fresh, args=(config, stop), name="certificate", daemon=True).start()
    config.load()
    _collect_rarely()
    server = Server(config)
    server.run()
    stop.set()
    if not server.started:
        raise UserError(f"The gateway cannot listen on {options.listen}:{options.port}.", 1)


def _collect_rarely() -> None:
    """Let the collector of cycles look less often, and never at what is loaded for good.

    The streams, states and layouts that a gateway remembers are many and live long; at Python's own pace the
    collector walks them again and again, a quarter of all processor time of ingest (bench/README.md). Batches
    have no cycles: they are freed at once without it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def _many_connections() -> None:
    """Allow as many open connections as the system lets us; a shell's usual 1,024 are too few for a fleet."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _own_certificate(place: Place, options: argparse.Namespace) -> OwnCertificate | None:
    """Return the certificate to make and keep, None where one was given or none is needed."""
    if bool(options.cert) != bool(options.key):
        raise UserError("Give --cert and --key together, or neither.")
    for path in (options.cert, options.key):
        if path is not None and not path.is_file():
            raise UserError(f"{path} is not there, or not a file that this user may read.")
    folder = place.data / "tls"
    own = options.cert is None or options.cert.absolute() == folder / "gateway.pem"
    if not own or (options.cert is None and options.listen in LOOPBACK):
        return None
    address = urlsplit(place.address)
    if address.scheme != "https" or not address.hostname:
        raise UserError(
            "Outside loopback the gateway speaks TLS only, so PREDVID_ADDRESS must be https://NAME:PORT, "
            f"not {place.address}."
        )
    return OwnCertificate(folder, names(address.hostname, options.listen, place.extra_hosts))
