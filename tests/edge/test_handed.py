"""A secret in the plan opens for its agent, check and plan alone; its check gets it, nobody else does."""

from dataclasses import replace
from queue import SimpleQueue
from typing import Any

import msgspec
import pytest
from nacl.public import PrivateKey

from predvid.checks.recording import RecordingSource
from predvid.checks.registry import checks
from predvid.checks.v1 import CannotRead, Check, Sample, Text
from predvid.core.sealed_box import NotForUs, open_box, seal_to
from predvid.edge.handed import Handing, SecretsRefused, nothing, opener
from predvid.edge.local_policy import Policy
from predvid.edge.plan import Allowed, Denied, rights
from predvid.edge.pool import Finished, Job, Pool
from predvid.edge.sources.local import local_source
from predvid.wire.secrets import KINDS, Handed, HandedSecret, SecretValue, SnmpCommunity, SnmpUser, SshKey
from predvid.wire.v1 import Plan, PlannedCheck

WORD = "canary-4711-community"
KEY = PrivateKey.generate()


def sealed(
    agent: str = "a1", check: str = "door", version: int = 7, key: PrivateKey = KEY, target: str = ""
) -> bytes:
    handed = Handed(agent, check, version, [HandedSecret(target, SnmpCommunity(WORD))])
    return seal_to(bytes(key.public_key), msgspec.msgpack.encode(handed))


def plan(box: bytes, check: str = "door", version: int = 7) -> tuple[Plan, PlannedCheck]:
    planned = PlannedCheck(check, 60, sealed=box)
    return Plan("a1", version, 0, [planned]), planned


def test_it_opens_for_its_agent_check_and_plan() -> None:
    unseal = opener("a1", bytes(KEY))
    assert unseal(*plan(sealed())) == (HandedSecret("", SnmpCommunity(WORD)),)
    assert unseal(*plan(b"")) == ()


@pytest.mark.parametrize(
    "box",
    [
        sealed(agent="a2"),
        sealed(check="other"),
        sealed(version=6),
        sealed(key=PrivateKey.generate()),
        sealed()[:-1],
        seal_to(bytes(KEY.public_key), b"\xc1"),
        seal_to(bytes(KEY.public_key), msgspec.msgpack.encode({"agent": "a1"})),
        b"x",
    ],
    ids=["agent", "check", "version", "key", "cut", "no message", "half a message", "one byte"],
)
def test_a_box_made_for_anything_else_is_refused(box: bytes) -> None:
    with pytest.raises(SecretsRefused):
        opener("a1", bytes(KEY))(*plan(box))


def test_a_box_of_one_check_does_not_serve_another() -> None:
    with pytest.raises(SecretsRefused):
        opener("a1", bytes(KEY))(*plan(sealed(), check="cpu"))


def test_another_agent_cannot_open_it_and_nobody_opens_without_a_key() -> None:
    with pytest.raises(SecretsRefused):
        opener("a1", bytes(PrivateKey.generate()))(*plan(sealed()))
    with pytest.raises(SecretsRefused):
        nothing(*plan(sealed()))
    with pytest.raises(NotForUs):
        open_box(bytes(PrivateKey.generate()), sealed())


def test_no_box_is_sealed_to_a_key_that_is_none() -> None:
    for key in (b"short", bytes(32)):
        with pytest.raises(ValueError, match="key"):
            seal_to(key, b"x")


def test_a_check_whose_secrets_do_not_open_does_not_run_and_the_others_do() -> None:
    two = [PlannedCheck("cpu", 60, sealed=sealed(check="memory")), PlannedCheck("memory", 60)]
    unseal = opener("a1", bytes(KEY))
    allowed, denied = rights(Plan("a1", 7, 0, two), Policy(), checks(), "linux", unseal=unseal)
    assert [one.check.name for one in allowed] == ["memory"]
    assert [(one.name, one.said.id) for one in denied] == [("cpu", "check.secrets_refused")]
    assert isinstance(denied[0], Denied)


def test_the_source_gives_each_target_its_secrets_and_asks_the_device_all_else() -> None:
    user = SnmpUser("nadzor", "SHA-256", "long enough", "AES-128", "long enough too")
    held = (HandedSecret("", SnmpCommunity(WORD)), HandedSecret("10.0.0.7", user))
    source = Handing(local_source(), held)
    assert source.query("secret", "10.0.0.9") == [{"kind": "snmp_v2c", "community": WORD}]
    assert [one["kind"] for one in source.query("secret", "10.0.0.7")] == ["snmp_v2c", "snmp_v3"]
    assert source.platform == local_source().platform
    assert source.query("status", "/")["folder"] is True
    with pytest.raises(CannotRead) as none:
        Handing(local_source(), ()).query("secret", "")
    assert none.value.said.id == "check.no_secret"


def run(check: Check, secrets: tuple[HandedSecret, ...]) -> Finished:
    """Run a check once in the agent's own pool."""
    done: SimpleQueue[Finished] = SimpleQueue()
    pool = Pool(local_source(), done.put, lambda: 0, lambda: 0.0)
    pool.submit(Job(Allowed(check, None, 60.0, secrets=secrets), {}))
    finished = done.get(timeout=20)
    pool.stop()
    return finished


@pytest.mark.usefixtures("door")
def test_what_a_careless_check_tells_holds_no_secret() -> None:
    finished = run(checks()["door"], (HandedSecret("", SnmpCommunity(WORD)),))
    assert finished.run is not None
    assert finished.run.samples[0].labels == {"as": "door …"}
    assert finished.run.facts[0].value == {"login": ["with …"]}
    assert finished.run.events[0].actor == "…"
    assert finished.run.error is not None
    assert finished.run.error.id == "check.raised"
    assert str(finished.run.error.values["error"]).endswith("refused …")
    told = repr([finished.run, finished.job.allowed, finished.job])
    assert not [n for n in range(len(WORD) - 3) if WORD[n : n + 4] in told], (
        "not even a part, where it was cut"
    )


def test_an_error_that_quotes_a_line_of_a_key_tells_none_of_it() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nY2FuYXJ5LWxpbmU0NzEx\n-----END OPENSSH PRIVATE KEY-----\n"

    def collect(source: Any, params: Any, state: Any) -> Any:
        lines = source.query("secret", "")[0]["key"].splitlines()
        yield Sample("lines", float(len(lines)))
        raise ValueError(f"cannot read {lines[1]!r}")

    check = Check("x", Text("X", "X"), collect, secrets=("ssh_key",))
    finished = run(check, (HandedSecret("", SshKey("root", key)),))
    assert finished.run is not None
    assert finished.run.samples[0].value == 3.0
    assert "Y2FuYXJ5" not in repr(finished.run)


def test_a_check_without_a_bound_secret_says_so() -> None:
    def collect(source: Any, params: Any, state: Any) -> Any:
        yield Sample("n", float(len(source.query("secret", ""))))

    finished = run(Check("x", Text("X", "X"), collect, secrets=("ssh_key",)), ())
    assert finished.run is not None
    assert finished.run.error is not None
    assert finished.run.error.id == "check.no_secret"


def test_a_recording_never_holds_a_secret() -> None:
    recorder = RecordingSource(local_source())
    handing = Handing(recorder, (HandedSecret("", SnmpCommunity(WORD)),))
    assert handing.query("secret", "")[0]["community"] == WORD
    assert handing.query("status", "/")
    assert "query:status /" in repr(recorder.recording())
    assert WORD not in repr(recorder.recording())


def test_no_value_shows_itself() -> None:
    for kind in KINDS.values():
        words = {name: "" if name in ("auth", "privacy") else WORD for name in kind.__struct_fields__}
        value: SecretValue = kind(**words)
        assert WORD not in f"{value!r} {value} {HandedSecret('', value)!r} {list(value.__rich_repr__())}"
        again = msgspec.msgpack.decode(msgspec.msgpack.encode(value), type=SecretValue)
        assert again == value


def test_a_changed_secret_is_a_changed_check_and_the_same_is_none() -> None:
    one = Allowed(checks()["cpu"], None, 60.0, secrets=(HandedSecret("", SnmpCommunity(WORD)),))
    assert one == replace(one, secrets=(HandedSecret("", SnmpCommunity(WORD)),))
    assert one != replace(one, secrets=(HandedSecret("", SnmpCommunity("other")),))
