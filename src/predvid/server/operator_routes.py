"""The operators' way in: /trust/v1/... of the gateway; see `wire.operator`. Nothing here holds a key.

Whatever changes something is done by an action of automation that writes the audit in its own transaction:
where the audit cannot be written, nothing was taken.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from django.conf import settings

from predvid.core.authority import TEXTS, TaskRefused
from predvid.core.errors import UserError
from predvid.core.wording import word
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.rules import PLATFORM_ROLE, Viewer
from predvid.modules.automation.actions import authority, nonces
from predvid.modules.automation.queries import operators
from predvid.modules.automation.queries.authority import keyset
from predvid.modules.monitoring.delivery import Refused
from predvid.server import root_pickup
from predvid.server.operator_door import OperatorDoor
from predvid.wire.authority import Signed
from predvid.wire.operator import PREFIX, Answered, Done, Offered
from predvid.wire.signing import UNREADABLE

Route = Callable[[str, dict[str, str], bytes], Awaitable[bytes]]
InThread = Callable[..., Awaitable[Any]]
Message = TypeVar("Message")
_ENCODE = msgspec.msgpack.Encoder().encode


def routes(in_thread: InThread) -> dict[tuple[str, str], Route]:
    """Return the gateway's routes for operators; `in_thread` runs what uses the database."""
    door = OperatorDoor(keyset, nonces.first)
    deeds: dict[tuple[str, str], Callable[[Viewer, bytes, datetime], object]] = {
        ("GET", "keyset"): lambda viewer, body, now: operators.known(now),
        ("GET", "waiting"): lambda viewer, body, now: operators.asked(viewer, now),
        ("POST", "signed"): _signed,
        ("POST", "publications"): _publication,
        ("POST", "placements"): _placement,
        ("POST", "keyset"): _keyset,
    }

    def route(method: str, deed: Callable[[Viewer, bytes, datetime], object]) -> Route:
        def work(path: str, headers: dict[str, str], body: bytes) -> bytes:
            now = datetime.now(UTC)
            who = door.check(method, path, headers, body, int(now.timestamp() * 1000))
            return _ENCODE(_answer(deed, Viewer(who.name, PLATFORM_ROLE, None), body, now))

        async def answer(path: str, headers: dict[str, str], body: bytes) -> bytes:
            answered: bytes = await in_thread(work, path, headers, body)
            return answered

        return answer

    return {(method, f"{PREFIX}/{name}"): route(method, deed) for (method, name), deed in deeds.items()}


def _answer(
    deed: Callable[[Viewer, bytes, datetime], object], viewer: Viewer, body: bytes, now: datetime
) -> object:
    try:
        return deed(viewer, body, now)
    except TaskRefused as refused:
        raise Refused(422, refused.code, word(refused.said, "en", TEXTS)) from None
    except UserError as error:
        raise Refused(409, "not_now", str(error)) from None
    except NotVisible:
        raise Refused(404, "not_here", "There is no such request or agent.") from None


def _signed(viewer: Viewer, body: bytes, now: datetime) -> Done:
    answered = _decoded(body, Answered)
    try:
        id = UUID(answered.id)
    except ValueError:
        raise NotVisible from None
    request = authority.attach(viewer, id, answered.signed, now)
    return Done(answered.id, max(request.signatures_needed - len(request.signers), 0))


def _publication(viewer: Viewer, body: bytes, now: datetime) -> Done:
    return Done(authority.accept_publication(viewer, _decoded(body, Signed), now).key)


def _placement(viewer: Viewer, body: bytes, now: datetime) -> Done:
    return Done(str(authority.accept_placement(viewer, _decoded(body, Signed), now).agent_id))


def _keyset(viewer: Viewer, body: bytes, now: datetime) -> Done:
    return Done(str(root_pickup.accept(settings.PLACE.data, viewer, _decoded(body, Offered), now)))


def _decoded(body: bytes, kind: type[Message]) -> Message:
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except UNREADABLE:
        raise Refused(422, "undecodable", "The request does not decode.") from None
