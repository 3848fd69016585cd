"""The one address: agents' door under /agent/v1, live changes under /live, everything else is the console's.

A raw ASGI application (measured fastest); one process may take any agent's batch.
"""

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.conf import settings
from django.db import Error as DatabaseFault

from predvid.checks.registry import checks
from predvid.core.trust import public_key
from predvid.modules.inventory.enrolment import TokenRefused, plan_seed
from predvid.modules.monitoring import device_actions, plans
from predvid.modules.monitoring.delivery import Refused
from predvid.modules.monitoring.store import Store
from predvid.modules.monitoring.stores import store
from predvid.server import operator_routes
from predvid.server.committer import Committer, mending
from predvid.server.door import Caller, Door
from predvid.server.downloads import Downloads
from predvid.server.group import Entry, Intake
from predvid.server.headers import guarded
from predvid.server.heartbeat import keep_beating
from predvid.server.leasing import Leasing
from predvid.server.limits import Limits
from predvid.server.live import Live
from predvid.server.patience import WHOLE
from predvid.server.place import Place
from predvid.server.proxy import ConsoleProxy, too_many
from predvid.server.refusals import RefusalLog
from predvid.server.release_files import ReleaseFiles
from predvid.server.weight import decode_weighed
from predvid.wire.v1 import MAX_BODY, PREFIX, Enrolled, Enrolment, Refusal

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AGAIN = "The server's database does not answer now; send it again."
LARGE = 1 << 16  # bytes from which decoding leaves the event loop
MAX_ENROLMENT = 1 << 14
BODY_SECONDS = 120.0  # 1 MiB over the slowest line that an agent may have
TIMELY = 600_000  # ms that the signature of a request to be held may be old
COUNTS = f"{PREFIX}/counts"
_ENCODE = msgspec.msgpack.Encoder().encode
_ENROLMENT = msgspec.msgpack.Decoder(Enrolment)
_TYPE = (b"content-type", b"application/msgpack")


class Gateway:
    """The ASGI application of one gateway process."""

    def __init__(self, place: Place, store: Store) -> None:
        self.place = place
        self.door = Door()
        self.intake = Intake(store, checks())
        self.committer = Committer(self.intake.take)
        self.limits = Limits()
        self.refusals = RefusalLog()
        self.live = Live()
        self.leasing = Leasing()
        self.console = ConsoleProxy(place)
        self.downloads = Downloads(place.data)
        self.releases = ReleaseFiles(place.data)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="door")
        self._tasks: list[asyncio.Task[None]] = []
        self._routes = {
            ("POST", f"{PREFIX}/batch"): self._batch,
            ("POST", f"{PREFIX}/enrol"): self._enrol,
            ("GET", f"{PREFIX}/plan"): self._plan,
            ("GET", f"{PREFIX}/push"): self._push,
            ("GET", f"{PREFIX}/status"): self._status,
            ("GET", f"{PREFIX}/ca"): self._ca,
            ("GET", COUNTS): self._counts,
            **operator_routes.routes(self._in_thread),
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI 3)."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, guarded(send, tls=self.place.address.startswith("https:")))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.releases.asked(scope["path"]):
            await self.releases(scope, send)
        elif self.downloads.asked(scope["path"]):
            await self.downloads(scope, send)
        elif scope["path"].startswith(("/agent/", "/trust/v1/")):
            await self._agent(scope, receive, send)
        elif await self._let_in(scope, send):
            await (self.live if scope["path"] == "/live" else self.console)(scope, receive, send)

    async def _let_in(self, scope: Scope, send: Send) -> bool:
        """Tell whether a person's or program's request goes on; one too many is answered here (429)."""
        try:
            self.limits.person(scope)
        except Refused as refused:
            self.refusals.note(refused, "", scope.get("client"))
            await too_many(scope, send, refused)
            return False
        return True

    def let_go(self) -> None:
        """End the answers that are held open, so that nobody who waits keeps the gateway from ending."""
        self.leasing.let_go()
        self.live.let_go()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._tasks = [
                    asyncio.create_task(self.committer.run()),
                    asyncio.create_task(self.live.run()),
                    asyncio.create_task(self.leasing.run()),
                    asyncio.create_task(keep_beating(self.intake.store, self.committer.well)),
                ]
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in self._tasks:
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                await self.console.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _agent(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            route = self._routes.get((scope["method"], scope["path"]))
            if route is None:
                raise Refused(
                    404,
                    "no_such_path",
                    "There is no such agent path; the agent may be newer than the server.",
                )
            self.limits.agent_path(scope)
            body = await _body(scope, receive, headers)
            content: Any = await route(scope["path"], headers, body)
            status, kind = 200, _TYPE
            if isinstance(content, Caller):
                await self.leasing.hold(content.agent.agent, content.boot, receive, send)
                return
            if isinstance(content, tuple):
                content, kind = content
        except (Refused, DatabaseFault) as error:
            refused = error if isinstance(error, Refused) else Refused(503, "database", AGAIN)
            self.refusals.note(refused, headers.get("predvid-agent", "")[:36], scope.get("client"))
            status, kind = refused.status, _TYPE
            retry = refused.retry if status in (429, 503) else None
            content = _ENCODE(Refusal(refused.code, refused.message, retry))
        extra = [(b"retry-after", str(refused.retry).encode())] if status in (429, 503) else []
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [kind, (b"content-length", str(len(content)).encode()), *extra],
            }
        )
        await send({"type": "http.response.body", "body": content})

    async def _in_thread(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, mending, work, *arguments)

    async def _caller(self, path: str, headers: dict[str, str], body: bytes, *, read: bool = True) -> Caller:
        if not read and (known := self.door.cached(headers)) is not None:
            caller = self.door.check(path, headers, body, known)
        else:
            caller = await self._in_thread(self.door.check, path, headers, body)
        self.limits.agent(caller.agent.agent, caller.agent.client, len(body))
        return caller

    async def _batch(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        caller = await self._caller(path, headers, body, read=False)
        encoding = headers.get("content-encoding", "")
        large = len(body) > LARGE or (encoding and len(body) > LARGE // 16)
        weighed = self._in_thread(decode_weighed, body, encoding) if large else None
        batch, weight = await weighed if weighed else decode_weighed(body, encoding)
        entry = Entry(caller, batch, weight)
        try:
            ack = await self.committer.submit(entry)
            return _ENCODE(await self.leasing.with_leases(caller.agent.agent, caller.boot, ack))
        finally:
            if entry.lock:
                await self._in_thread(self.door.lock, caller.agent.agent, entry.lock)
            elif isinstance(entry.outcome, Refused):  # how the agent stands may have changed: read it again
                self.door.forget(caller.agent.agent)

    async def _plan(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        caller = await self._caller(path, headers, body)
        return _ENCODE(await self._in_thread(_signed_plan, caller))

    async def _push(self, path: str, headers: dict[str, str], body: bytes) -> Caller:
        """Return who asks: whoever may be heard has the answer held, see `Leasing.hold`."""
        caller = await self._caller(path, headers, body)
        if abs(caller.time_ms - int(datetime.now(UTC).timestamp() * 1000)) > TIMELY:
            raise Refused(503, "stale", "The request was signed too long ago; ask for the time first.")
        return caller

    async def _status(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        await self._caller(path, headers, body)
        return _ENCODE({"now": int(datetime.now(UTC).timestamp() * 1000), "state": "approved"})

    async def _enrol(self, path: str, headers: dict[str, str], body: bytes) -> bytes:
        if len(body) > MAX_ENROLMENT or headers.get("content-encoding", "identity") != "identity":
            raise Refused(413, "too_large", f"An enrolment has at most {MAX_ENROLMENT} plain bytes.")
        try:
            request = _ENROLMENT.decode(body)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise Refused(422, "undecodable", f"The enrolment does not decode: {error}") from None
        _own_signature(request, path, headers, body)
        return _ENCODE(await self._in_thread(_enrol, request))

    async def _ca(self, path: str, headers: dict[str, str], body: bytes) -> tuple[bytes, tuple[bytes, bytes]]:
        pem = self.place.ca_pem()
        if pem is None:
            raise Refused(
                404, "no_ca", "This server has no certificate authority of its own; it listens on loopback."
            )
        return pem, (b"content-type", b"application/x-pem-file")

    async def _counts(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[bytes, tuple[bytes, bytes]]:
        """Tell the installation's own verbs, which know the store's token, what was taken and refused."""
        if not hmac.compare_digest(
            headers.get("predvid-token", "").encode(), self.place.store_token.encode()
        ):
            raise Refused(403, "token", "These figures are for the installation's own verbs.")
        counts = {**asdict(self.intake.counts), "refused": dict(self.refusals.counts)}
        return msgspec.json.encode(counts), (b"content-type", b"application/json")


async def _body(scope: Scope, receive: Receive, headers: dict[str, str]) -> bytes:
    """Return the body of a request; a time-out is costly, so only what is still to come gets one."""
    if scope.get(WHOLE):
        return await _read(receive, headers)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read(receive, headers)
    except TimeoutError:
        raise Refused(408, "too_slow", f"The body did not come within {BODY_SECONDS:.0f} s.") from None


async def _read(receive: Receive, headers: dict[str, str]) -> bytes:
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > MAX_BODY:
        raise Refused(413, "too_large", f"The body is over {MAX_BODY} bytes; send smaller batches.")
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "cut_short", "The request ended before its body did.")
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > MAX_BODY:
            raise Refused(413, "too_large", f"The body is over {MAX_BODY} bytes; send smaller batches.")
        if not message.get("more_body"):
            return b"".join(chunks)


def _signed_plan(caller: Caller) -> Any:
    plan = plans.plan_for(caller.agent.agent, dict(checks()), datetime.now(UTC))
    return plans.signed(plan, plan_seed())


def _own_signature(request: Enrolment, path: str, headers: dict[str, str], body: bytes) -> None:
    """Refuse an enrolment that is not signed by the key it brings (proof of possession)."""
    if len(request.seal_key) != 32 or not Door.self_signed(request.sign_key, path, headers, body):
        raise Refused(401, "signature", "The enrolment is not signed by the key that it brings.")


def _enrol(request: Enrolment) -> Enrolled:
    now = datetime.now(UTC)
    secret = request.token.split(".")[1] if request.token.count(".") in (3, 4) else request.token
    try:
        agent = device_actions.enrol(secret, request, now)
    except TokenRefused:
        raise Refused(
            403,
            "token",
            "The token is not valid: used, expired or unknown. Make a new one in the "
            "console under 'Enrol a device'.",
        ) from None
    state: Any = agent.state
    site = str(agent.device.site_id)
    return Enrolled(
        str(agent.pk), state, public_key(plan_seed()), int(now.timestamp() * 1000), str(agent.client_id), site
    )


def make() -> Gateway:
    """Return the gateway of the installation that the environment names."""
    return Gateway(settings.PLACE, store())
