"""The doctor's look at notifications: whether messages go out, and of whom nobody is told."""

import os
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import Error as DatabaseFault

from predvid.core.errors import UserError
from predvid.server.findings import Finding, said
from predvid.server.loading import after_setup
from predvid.server.place import Place

WHAT = "Notifications"
NAMED = 3  # clients named in one sentence


def notices(data: Path, now: datetime, language: str = "en") -> Finding:
    """Look how telling people stands in the installation in `data`; reasons are worded in `language`."""
    place = Place.looked_at(data)
    if place is None:
        return Finding(WHAT, "ok", said("notices.none"))
    os.environ.update(place.environment())
    rules = after_setup("predvid.modules.access.rules")
    viewer = replace(rules.PLATFORM, language=language)
    try:
        found = after_setup("predvid.modules.notifying.standing").standing(viewer, now)
    except (DatabaseFault, UserError) as error:
        seen = said("look.failed", error=str(error).strip().splitlines()[0])
        return Finding(WHAT, "warning", seen, said("look.do"))
    return judged(found)


def judged(found: Any) -> Finding:
    """Return what a `notifying.standing.Standing` means, the gravest of it."""
    if found.late or found.failed:
        seen = said("notices.stuck", late=found.late, failed=found.failed, why=found.why)
        return Finding(WHAT, "bad", seen, said("notices.stuck.do"))
    if not found.routes:
        return Finding(WHAT, "warning", said("notices.no_route"), said("notices.route.do"))
    if found.needs_mail:
        return Finding(WHAT, "warning", said("notices.no_mail"), said("notices.no_mail.do"))
    if found.untold:
        names = ", ".join(found.untold[:NAMED]) + (" …" if len(found.untold) > NAMED else "")
        seen = said("notices.untold", n=len(found.untold), names=names)
        return Finding(WHAT, "warning", seen, said("notices.route.do"))
    return Finding(WHAT, "ok", said("notices.good", n=found.routes))
