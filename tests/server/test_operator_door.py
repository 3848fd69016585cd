"""Who is an operator to the server: the one whose key of the newest key set signed this very request, now."""

import base64
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import msgspec
import pytest
from django.db import connection

from predvid.core.trust import Signer, digest
from predvid.modules.automation.actions import nonces
from predvid.modules.monitoring.delivery import Refused
from predvid.server.operator_door import OperatorDoor
from predvid.wire.authority import KeySet
from predvid.wire.operator import HEADERS, TIMELY, envelope
from signed_world import ANA, JAN, KEYS, NOW, STRANGER

pytestmark = pytest.mark.usefixtures("ground")
NONCES = (f"{n:032x}" for n in itertools.count())
PATH = "/trust/v1/waiting"


def headers(
    signer: Signer = ANA, body: bytes = b"", now: int = NOW, nonce: str = "", **other: str
) -> dict[str, str]:
    """Return the headers of a request as `signer` signs it; `other` replaces some."""
    nonce = nonce or next(NONCES)
    said = {"method": "GET", "path": PATH} | {k: v for k, v in other.items() if k in ("method", "path")}
    signature = signer.sign(envelope(said["method"], said["path"], now, nonce, digest(body)))
    values = (signer.public.hex(), str(now), nonce, base64.b64encode(signature).decode())
    given = dict(zip(HEADERS, values, strict=True))
    return given | {f"predvid-{k}": v for k, v in other.items() if f"predvid-{k}" in given}


def door(keyset: KeySet | None = KEYS) -> OperatorDoor:
    return OperatorDoor(lambda: keyset, nonces.first)


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def code(work: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        work()
    assert refused.value.status == 401
    return refused.value.code


def test_each_operator_is_known_by_their_own_key() -> None:
    one = door()
    assert one.check("GET", PATH, headers(), b"", NOW).name == "Ana"
    assert one.check("GET", PATH, headers(JAN), b"", NOW + TIMELY).name == "Jan"
    assert one.check("POST", PATH, headers(method="POST", body=b"x"), b"x", NOW).name == "Ana"


@pytest.mark.parametrize(
    "bad",
    [
        headers(STRANGER),
        headers() | {"predvid-operator": JAN.public.hex()},
        headers() | {"predvid-operator": ""},
        headers() | {"predvid-operator": ANA.public.hex().upper()},
        headers(method="POST"),
        headers(path="/trust/v1/keyset"),
        headers(body=b"other"),
        headers(time=str(NOW + 1)),
        headers(time="٣"),
        headers(time="-1"),
        headers(time=""),
        headers(time="9" * 16),
        headers(nonce="0" * 31),
        headers(nonce="G" * 32),
        headers() | {"predvid-nonce": "f" * 32},
        headers() | {"predvid-signature": "%%%"},
        headers() | {"predvid-signature": base64.b64encode(bytes(64)).decode()},
        {},
    ],
)
def test_everything_else_gets_one_and_the_same_answer(bad: dict[str, str]) -> None:
    assert code(lambda: door().check("GET", PATH, bad, b"", NOW)) == "signature"


def test_without_a_key_set_that_holds_nobody_is_an_operator() -> None:
    assert code(lambda: door(None).check("GET", PATH, headers(), b"", NOW)) == "signature"
    expired = msgspec.structs.replace(KEYS, expires=NOW)
    assert code(lambda: door(expired).check("GET", PATH, headers(), b"", NOW)) == "signature"


def test_a_request_is_good_once_and_for_minutes() -> None:
    one, again = door(), headers()
    one.check("GET", PATH, again, b"", NOW)
    assert code(lambda: one.check("GET", PATH, again, b"", NOW)) == "repeated"
    assert code(lambda: door().check("GET", PATH, again, b"", NOW)) == "repeated", "another gateway heard it"
    late = headers()
    assert code(lambda: one.check("GET", PATH, late, b"", NOW + TIMELY + 1)) == "clock"
    assert code(lambda: one.check("GET", PATH, late, b"", NOW - TIMELY - 1)) == "clock"
    assert one.check("GET", PATH, late, b"", NOW).name == "Ana", "a refused request used nothing up"


def test_a_request_is_remembered_for_as_long_as_it_could_be_heard() -> None:
    again, last = headers(now=NOW + TIMELY), NOW + 2 * TIMELY
    door().check("GET", PATH, again, b"", NOW)
    nonces.forget(at(last))
    assert code(lambda: door().check("GET", PATH, again, b"", last)) == "repeated"
    nonces.forget(at(last) + nonces.APART + timedelta(seconds=1))
    assert nonces.first(again["predvid-nonce"], at(last)), "it was kept for ever"
    assert code(lambda: door().check("GET", PATH, again, b"", last + 1)) == "clock"


def test_of_many_gateways_that_hear_a_request_at_once_one_takes_it() -> None:
    again, together = headers(), Barrier(4)

    def heard(_: int) -> str:
        together.wait(30)
        try:
            return door().check("GET", PATH, again, b"", NOW).name
        except Refused as refused:
            return refused.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(heard, range(4))) == ["Ana", "repeated", "repeated", "repeated"]
