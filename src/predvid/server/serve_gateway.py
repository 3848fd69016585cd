"""The gateway part: uvicorn with the one ASGI application."""

import argparse

import uvicorn

from predvid.core.errors import UserError
from predvid.server.place import Place

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def run(place: Place, options: argparse.Namespace) -> None:
    """Serve the gateway until SIGTERM or SIGINT. Raises UserError off loopback without TLS."""
    if options.listen not in LOOPBACK and not (options.cert and options.key):
        raise UserError(
            "Outside loopback the gateway speaks TLS only: give --cert and --key, "
            "or start everything with predvid up --listen."
        )
    uvicorn.run(
        "predvid.server.asgi:application",
        host=options.listen,
        port=options.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=4096,
        proxy_headers=False,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=2,
        ssl_certfile=options.cert,
        ssl_keyfile=options.key,
    )
