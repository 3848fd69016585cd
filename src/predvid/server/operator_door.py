"""Knows an operator by the signature on each request: the key must stand in the newest KeySet."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from predvid.core.trust import digest, verify
from predvid.modules.monitoring.delivery import Refused
from predvid.wire.authority import KeySet, OperatorKey
from predvid.wire.operator import TIMELY, envelope

_KEY, _NONCE = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{32}")


class OperatorDoor:
    """Checks requests; `newest` returns the newest KeySet of the installation, None without one.

    `first` keeps a nonce until a moment and tells whether any gateway has met it before.
    """

    def __init__(self, newest: Callable[[], KeySet | None], first: Callable[[str, datetime], bool]) -> None:
        self._newest, self._first = newest, first

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
        if not self._first(nonce, datetime.fromtimestamp((now + 2 * TIMELY) / 1000, UTC)):
            raise Refused(401, "repeated", "This request came before.")
        return operator


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
