"""Knows an operator by the signature on each request: the key must stand in the newest KeySet."""

import base64
import binascii
import re
import threading
from collections.abc import Callable, Mapping

from predvid.core.trust import digest, verify
from predvid.modules.monitoring.delivery import Refused
from predvid.wire.authority import KeySet, OperatorKey
from predvid.wire.operator import TIMELY, envelope

_KEY, _NONCE = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{32}")
MOST_NONCES = 100_000


class OperatorDoor:
    """Checks requests; `newest` returns the newest KeySet of the installation, None without one."""

    def __init__(self, newest: Callable[[], KeySet | None]) -> None:
        self._newest = newest
        self._seen: dict[str, int] = {}  # nonce -> when it may be forgotten (ms)
        self._mutex = threading.Lock()

    def check(self, method: str, path: str, headers: Mapping[str, str], body: bytes, now: int) -> OperatorKey:
        """Return the operator who signed this request at about `now` (ms). Raises Refused (401)."""
        keyset = self._newest()
        operator = _operator(keyset, headers.get("predvid-operator", ""), now) if keyset else None
        time, nonce = headers.get("predvid-time", ""), headers.get("predvid-nonce", "")
        if operator is None or not time.isascii() or not time.isdigit() or len(time) > 15:
            raise _refused()
        if not _NONCE.fullmatch(nonce):
            raise _refused()
        message = envelope(method, path, int(time), nonce, digest(body))
        if not verify(operator.key, message, _signature(headers)):
            raise _refused()
        if abs(int(time) - now) > TIMELY:
            raise Refused(
                401, "clock", "The operator's clock and the server's are more than 5 minutes apart."
            )
        self._once(nonce, now)
        return operator

    def _once(self, nonce: str, now: int) -> None:
        """Refuse a request that came before; those too old to be timely are forgotten."""
        with self._mutex:
            if len(self._seen) > MOST_NONCES:
                self._seen = {old: until for old, until in self._seen.items() if until > now}
            if nonce in self._seen or len(self._seen) > MOST_NONCES:
                raise Refused(401, "repeated", "This request came before.")
            self._seen[nonce] = now + 2 * TIMELY


def _refused() -> Refused:
    said = "No operator of the newest key set here signed the request. One made just now is here in seconds."
    return Refused(401, "signature", said)


def _operator(keyset: KeySet, key: str, now: int) -> OperatorKey | None:
    if not _KEY.fullmatch(key) or keyset.expires <= now:
        return None
    return next((one for one in keyset.operators if one.key.hex() == key), None)


def _signature(headers: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(headers.get("predvid-signature", ""), validate=True)
    except (binascii.Error, ValueError):
        return b""
