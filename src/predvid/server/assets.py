"""Addresses of the packaged static files: each carries a digest of its content, so it may be cached."""

import hashlib
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent / "static"


@cache
def address(path: str) -> str:
    """Return the address of the static file `path`; raise FileNotFoundError if it is not packaged."""
    digest = hashlib.blake2b(STATIC.joinpath(*path.split("/")).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{path}?v={digest}"
