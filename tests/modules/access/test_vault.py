"""The vault: fields are sealed with their tenant's key; where they do not open it says why in one line."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from console_fixture import World
from predvid.core.errors import UserError
from predvid.modules.access import envelope, vault
from predvid.modules.access.envelope import Field
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.models import Secret, TenantKey

PLACE = Field(envelope.PLATFORM_TENANT, "access_totp", "1", "seed")


@pytest.fixture(autouse=True)
def key(database: None, tmp_path: Path) -> Iterator[Path]:
    """The file of the master key, of this test alone."""
    before = settings.PLACE
    settings.PLACE = type(before)(before.data, secrets_file=str(tmp_path / "own" / "master"))
    yield settings.PLACE.secrets_key
    settings.PLACE = before


def secret(world: World, client: int = 0, plain: bytes = b"public") -> Secret:
    row = Secret(client=world.clients[client], kind="x", name="n", created_at=world.now, changed_at=world.now)
    vault.seal(row, "value", plain)
    row.save()
    return row


def test_the_first_sealing_makes_keys_for_our_eyes_only(key: Path) -> None:
    sealed = vault.encrypt(PLACE, b"seed")
    assert vault.decrypt(PLACE, sealed) == b"seed"
    assert os.stat(key).st_mode & 0o777 == 0o600
    assert [path.name for path in key.parent.iterdir()] == ["master"]
    assert vault.trouble() is None


def test_each_client_has_a_key_of_its_own(world: World) -> None:
    rows = [secret(world, client) for client in (0, 1)]
    assert [vault.unseal(row, "value") for row in rows] == [b"public"] * 2
    assert TenantKey.objects.count() == 2
    rows[0].value, rows[1].value = rows[1].value, rows[0].value
    for row in rows:
        row.save()
        with pytest.raises(envelope.Damaged, match=str(row.pk)):
            vault.unseal(row, "value")


def test_rows_of_one_client_cannot_be_swapped(world: World) -> None:
    row = secret(world)
    other = Secret(client=row.client, kind="x", name="m", created_at=world.now, changed_at=world.now)
    other.value = row.value
    other.save()
    with pytest.raises(envelope.Damaged, match=str(other.pk)):
        vault.unseal(other, "value")


def test_a_missing_open_damaged_or_foreign_key_file_is_said_in_one_line(key: Path) -> None:
    sealed = vault.encrypt(PLACE, b"seed")
    right = key.read_text()
    spoiled = {
        "missing": key.unlink,
        "not the key": lambda: key.write_text(envelope.written((envelope.new_master(),))),
        "damaged": lambda: key.write_text(right.replace(right[-9:-1], "00000000")),
        "by others": lambda: (key.write_text(right), key.chmod(0o640)),
    }
    for words, spoil in spoiled.items():
        key.touch(mode=0o600)
        spoil()
        for deed in (lambda: vault.decrypt(PLACE, sealed), lambda: vault.encrypt(PLACE, b"x")):
            with pytest.raises(KeyUnusable, match=words) as unusable:
                deed()
            assert len(str(unusable.value).splitlines()) == 1
        told = vault.trouble()
        assert told is not None
        assert words in str(told)
        assert not key.exists() or key.read_text() != "", "nothing makes another key by itself"
    key.chmod(0o600)
    assert vault.decrypt(PLACE, sealed) == b"seed"


def test_what_systemd_hands_over_may_show_the_right_of_its_access_list(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.encrypt(PLACE, b"seed")
    key.chmod(0o440)
    assert vault.trouble() is not None
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(key.parent))
    assert vault.trouble() is None
    key.chmod(0o444)
    assert vault.trouble() is not None


def test_a_key_that_cannot_be_made_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.PLACE = type(settings.PLACE)(settings.PLACE.data, secrets_file=str(tmp_path / "file" / "key"))
    with pytest.raises(UserError, match="cannot be written"):
        vault.encrypt(PLACE, b"x")


def test_every_sealed_column_is_found() -> None:
    assert (Secret, "value") in list(vault.sealed_columns())
