"""Rotation seals all anew and loses nothing; verification names what is damaged; recovery gives keys back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from console_fixture import World
from predvid.core.errors import UserError
from predvid.modules.access import envelope, key_file, recovery_file, rotation, secret_actions, vault
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.models import AuditEntry, Secret, TenantKey
from predvid.modules.access.recovery_file import RecoveryRefused
from predvid.modules.access.rules import PLATFORM
from predvid.wire.secrets import SnmpCommunity

WORDS = "a sentence that nobody guesses"


@pytest.fixture(autouse=True)
def key(database: None, tmp_path: Path) -> Iterator[Path]:
    """The file of the master key, of this test alone."""
    before = settings.PLACE
    settings.PLACE = type(before)(before.data, secrets_file=str(tmp_path / "master"))
    yield settings.PLACE.secrets_key
    settings.PLACE = before


@pytest.fixture
def kept(world: World) -> list[Secret]:
    """Three secrets of one client and one of another."""
    rows = []
    for n, client in enumerate([*[world.clients[0]] * 3, world.clients[1]]):
        word = SnmpCommunity(f"word {n}")
        rows.append(secret_actions.add(PLATFORM, client.pk, f"secret {n}", word, world.now))
    return rows


def opened() -> list[bytes]:
    return [vault.unseal(row, "value")[-6:] for row in Secret.objects.order_by("name")]


def test_rotation_seals_everything_anew_with_new_keys(world: World, kept: list[Secret], key: Path) -> None:
    old = {bytes(row.value) for row in Secret.objects.all()} | {
        bytes(row.wrapped) for row in TenantKey.objects.all()
    }
    before = envelope.read(key.read_text())
    done = rotation.rotate(world.now)
    assert (done.data_keys, done.values) == (2, 4)
    (after,) = envelope.read(key.read_text())
    assert after.id == done.key
    assert after not in before
    assert opened() == [f"word {n}".encode() for n in range(4)]
    assert not old & {bytes(row.value) for row in Secret.objects.all()}
    assert {row.number for row in TenantKey.objects.all()} == {2}
    entry = AuditEntry.objects.get(verb="secrets.rotated")
    assert json.loads(entry.after) == {"key": done.key, "count": 4}
    rotation.rotate(world.now)
    assert opened() == [f"word {n}".encode() for n in range(4)]


def test_rotation_before_the_first_secret_makes_the_key(world: World, key: Path) -> None:
    done = rotation.rotate(world.now)
    assert (done.data_keys, done.values) == (0, 0)
    assert [master.id for master in envelope.read(key.read_text())] == [done.key]


def test_a_rotation_that_stopped_half_way_is_finished_by_the_next(
    world: World, kept: list[Secret], key: Path
) -> None:
    (old,) = envelope.read(key.read_text())
    half = envelope.new_master()  # killed after the file was written, before anything was sealed anew
    key_file.write(key, (half, old))
    assert len(opened()) == 4
    secret_actions.add(PLATFORM, world.client("Third").pk, "new", SnmpCommunity("word 9"), world.now)
    assert len(opened()) == 5
    done = rotation.rotate(world.now)
    assert [master.id for master in envelope.read(key.read_text())] == [done.key]
    assert len(opened()) == 5


def test_nothing_is_rotated_while_something_does_not_open(
    world: World, kept: list[Secret], key: Path
) -> None:
    spoil(kept[1])
    before = list(Secret.objects.order_by("pk").values_list("value"))
    with pytest.raises(UserError, match=str(kept[1].pk)):
        rotation.rotate(world.now)
    assert list(Secret.objects.order_by("pk").values_list("value")) == before
    assert vault.unseal(kept[0], "value")
    assert vault.unseal(kept[3], "value")


def spoil(row: Secret, at: int = -1) -> None:
    blob = bytearray(Secret.objects.get(pk=row.pk).value)
    blob[at] ^= 1
    Secret.objects.filter(pk=row.pk).update(value=bytes(blob))


def test_each_flipped_byte_is_detected_and_the_row_named(kept: list[Secret]) -> None:
    assert rotation.verify() == (4, [])
    whole = bytes(Secret.objects.get(pk=kept[2].pk).value)
    for at in range(len(whole)):
        spoil(kept[2], at)
        count, flaws = rotation.verify()
        assert count == 4
        assert [(flaw.place.row, flaw.name, flaw.why) for flaw in flaws] == [
            (str(kept[2].pk), "secret 2", "damaged")
        ]
        Secret.objects.filter(pk=kept[2].pk).update(value=whole)
    assert rotation.verify() == (4, [])


def test_swapped_rows_are_both_named_and_one_tenants_key_spoils_only_that_tenant(kept: list[Secret]) -> None:
    one, two = (bytes(Secret.objects.get(pk=row.pk).value) for row in kept[:2])
    Secret.objects.filter(pk=kept[0].pk).update(value=two)
    Secret.objects.filter(pk=kept[1].pk).update(value=one)
    assert {flaw.name for flaw in rotation.verify()[1]} == {"secret 0", "secret 1"}
    Secret.objects.filter(pk=kept[0].pk).update(value=one)
    Secret.objects.filter(pk=kept[1].pk).update(value=two)
    mine = TenantKey.objects.get(client=kept[3].client)
    for at in range(len(bytes(mine.wrapped))):
        blob = bytearray(mine.wrapped)
        blob[at] ^= 1
        TenantKey.objects.filter(pk=mine.pk).update(wrapped=bytes(blob))
        told = [(flaw.name, flaw.why) for flaw in rotation.verify()[1]]
        assert told == [(kept[3].client.name, "data_key"), ("secret 3", "no_data_key")]
        assert vault.trouble() is None, "the other client's secrets open"


def test_a_wrong_master_key_is_one_clear_error(world: World, kept: list[Secret], key: Path) -> None:
    (right,) = envelope.read(key.read_text())
    key_file.write(key, (envelope.new_master(),))
    for deed in (rotation.verify, lambda: rotation.rotate(world.now), opened):
        with pytest.raises(KeyUnusable, match=right.id):
            deed()
    assert right.key.hex() not in key.read_text()
    key_file.write(key, (right,))
    assert len(opened()) == 4


def test_a_recovery_file_gives_the_keys_back_for_its_passphrase_alone() -> None:
    masters = (envelope.new_master(), envelope.new_master())
    text = recovery_file.wrap(masters, WORDS)
    assert recovery_file.unwrap(text, WORDS) == masters
    assert not [master for master in masters if master.key.hex() in text]
    for wrong in ("", WORDS + " "):
        with pytest.raises(RecoveryRefused, match="passphrase is wrong"):
            recovery_file.unwrap(text, wrong)
    with pytest.raises(RecoveryRefused, match="12"):
        recovery_file.wrap(masters, "too short")


@pytest.mark.parametrize(
    "change",
    [
        {"file": "other"},
        {"memory": 1 << 40},
        {"memory": "x"},
        {"operations": 0},
        {"salt": "AAAA"},
        {"salt": "?"},
        {"box": None},
    ],
)
def test_a_file_that_is_none_or_asks_too_much_is_refused(change: dict[str, object]) -> None:
    rows = {
        "file": recovery_file.TITLE,
        "operations": 1,
        "memory": 8192,
        "salt": "A" * 22 + "==",
        "box": "AAAA",
    }
    with pytest.raises(RecoveryRefused, match="wrong"):
        recovery_file.unwrap(json.dumps(rows), WORDS)
    for text in (json.dumps(rows | change), "[]", "{}", "", "\ud800"):
        with pytest.raises(RecoveryRefused, match="no recovery file"):
            recovery_file.unwrap(text, WORDS)
