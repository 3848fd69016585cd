"""The gateway as an ASGI application, for uvicorn."""

from predvid.server.loading import after_setup

application = after_setup("predvid.server.gateway").make()
