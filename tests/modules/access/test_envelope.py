"""What is sealed opens only where it was sealed, with the key it was sealed with, and only unchanged."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.modules.access import envelope
from predvid.modules.access.envelope import BadKeyFile, DataKey, Field, Master

TENANT = "0b1f3ad4-5e4f-4f5e-9d4e-7a1f0c3b2d11"
HERE = Field(TENANT, "access_secret", "7", "value")
TEXT = st.text(max_size=40)


@given(st.binary(max_size=2000), TEXT, TEXT, TEXT, TEXT)
def test_what_is_sealed_opens_again(plain: bytes, tenant: str, table: str, row: str, name: str) -> None:
    data, place = envelope.new_data_key(3), Field(tenant, table, row, name)
    sealed = envelope.seal(data, place, plain)
    assert envelope.unseal(data, place, sealed) == plain
    assert envelope.seal(data, place, plain) != sealed, "a nonce is never used twice"


@given(st.tuples(TEXT, TEXT, TEXT, TEXT), st.tuples(TEXT, TEXT, TEXT, TEXT))
def test_a_value_opens_nowhere_else(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    data, sealed_at, opened_at = envelope.new_data_key(1), Field(*one), Field(*other)
    sealed = envelope.seal(data, sealed_at, b"secret")
    if one != other:
        with pytest.raises(envelope.Damaged):
            envelope.unseal(data, opened_at, sealed)


@pytest.mark.parametrize(
    "moved",
    [
        replace(HERE, tenant="msp"),
        replace(HERE, table="access_person"),
        replace(HERE, row="8"),
        replace(HERE, name="other"),
        Field(TENANT, "access_secretvalue", "7", ""),
    ],
)
def test_swapped_rows_fields_and_tenants_fail(moved: Field) -> None:
    data = envelope.new_data_key(1)
    with pytest.raises(envelope.Damaged) as damaged:
        envelope.unseal(data, moved, envelope.seal(data, HERE, b"canary-4711"))
    assert str(moved) in str(damaged.value)
    assert "canary" not in str(damaged.value)


def test_each_flipped_bit_and_each_cut_of_a_value_is_detected() -> None:
    data = envelope.new_data_key(1)
    sealed = envelope.seal(data, HERE, b"public, private")
    changed = [flip(sealed, n, bit) for n in range(len(sealed)) for bit in range(8)]
    for blob in [*changed, *(sealed[:n] for n in range(len(sealed))), sealed + b"\x00"]:
        with pytest.raises(envelope.Damaged):
            envelope.unseal(data, HERE, blob)


def test_each_flipped_bit_of_a_wrapped_key_is_detected() -> None:
    master, data = envelope.new_master(), envelope.new_data_key(4)
    wrapped = envelope.wrap(master, TENANT, data)
    assert envelope.unwrap((envelope.new_master(), master), TENANT, 4, wrapped) == data
    for n in range(len(wrapped)):
        with pytest.raises((envelope.Damaged, envelope.UnknownMaster)):
            envelope.unwrap((master,), TENANT, 4, flip(wrapped, n, 0))
    for tenant, number in (("msp", 4), (TENANT, 5)):
        with pytest.raises(envelope.Damaged):
            envelope.unwrap((master,), tenant, number, wrapped)


def test_another_master_key_is_told_apart_from_damage() -> None:
    right, wrong = envelope.new_master(), envelope.new_master()
    wrapped = envelope.wrap(right, TENANT, envelope.new_data_key(1))
    with pytest.raises(envelope.UnknownMaster) as unknown:
        envelope.unwrap((wrong,), TENANT, 1, wrapped)
    assert str(unknown.value) == right.id


def test_another_data_key_opens_nothing() -> None:
    sealed = envelope.seal(envelope.new_data_key(1), HERE, b"x")
    for number in (1, 2):
        with pytest.raises(envelope.Damaged):
            envelope.unseal(envelope.new_data_key(number), HERE, sealed)


def test_a_key_file_is_read_as_it_was_written() -> None:
    masters = (envelope.new_master(), envelope.new_master())
    assert envelope.read(envelope.written(masters)) == masters


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text.splitlines()[0],
        lambda text: text.replace("key 1", "key 2"),
        lambda text: text[:-3],
        lambda text: text.replace(text.split()[-1], "0" * 64),
        lambda text: text + "junk\n",
    ],
)
def test_a_damaged_key_file_is_refused(spoil: Callable[[str], str]) -> None:
    with pytest.raises(BadKeyFile):
        envelope.read(spoil(envelope.written((envelope.new_master(),))))


def test_keys_show_themselves_nowhere() -> None:
    key = bytes(range(32))
    shown = f"{Master(key)!r} {DataKey(1, key)!r} {Master(key).id}"
    assert not [form for form in (key.hex(), repr(key)[2:-1], key.hex()[:8]) if form in shown]


def flip(blob: bytes, n: int, bit: int) -> bytes:
    return blob[:n] + bytes([blob[n] ^ (1 << bit)]) + blob[n + 1 :]
