"""The console part: Django behind granian on a Unix socket that only this user reaches."""

import argparse

from granian import Granian
from granian.constants import Interfaces

from predvid.server.place import Place

THREADS = 4
RESPAWN_SECONDS = 3.0


def run(place: Place, options: argparse.Namespace) -> None:
    """Serve the console until SIGTERM or SIGINT."""
    place.socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.socket.unlink(missing_ok=True)
    Granian(
        "predvid.server.wsgi:application",
        uds=place.socket,
        uds_permissions=0o600,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_SECONDS,
        log_enabled=False,
        websockets=False,
    ).serve()
