"""The doctor's look at the key of the secrets: it is there, ours alone, and the one that they have."""

import os
from pathlib import Path

from predvid.core.errors import UserError
from predvid.server.findings import Finding, said
from predvid.server.loading import after_setup
from predvid.server.place import Place

WHAT = "Secrets"


def secrets(data: Path, language: str = "en") -> Finding:
    """Look whether the secrets of the installation in `data` open; what is wrong is said in `language`."""
    place = Place.looked_at(data)
    if place is None:
        return Finding(WHAT, "ok", said("secrets.none"))
    os.environ.update(place.environment())
    keeping = after_setup("predvid.server.secrets_keeping")
    try:
        trouble, path = keeping.looked_at()
    except UserError as error:
        return Finding(WHAT, "warning", said("look.failed", error=str(error)), said("look.do"))
    if trouble is not None:
        words = keeping.worded(trouble, language)
        return Finding(WHAT, "bad", said("secrets.bad", said=words), said("secrets.do"))
    return Finding(WHAT, "ok", said("secrets.good", path=path) if path else said("secrets.none"))
