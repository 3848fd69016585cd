"""Tags of devices, which groups and templates ask for."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.utils import timezone
from msgspec import Meta

from predvid.modules.access.rules import Viewer
from predvid.modules.api.parts import NO_NUL
from predvid.modules.api.route import route
from predvid.modules.monitoring import group_actions

Tag = Annotated[str, Meta(min_length=1, max_length=60, pattern=NO_NUL)]


class Tags(msgspec.Struct, forbid_unknown_fields=True):
    """All tags of a device; those that are not here are taken off."""

    tags: list[Tag]


@route("POST", "devices/{device_id}/tags", "device.tag")
def set_tags(viewer: Viewer, device_id: UUID, body: Tags) -> Tags:
    """Let a device have exactly these tags; they come back as they are kept."""
    return Tags(group_actions.tag(viewer, device_id, body.tags, timezone.now()))
