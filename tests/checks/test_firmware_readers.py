"""SMBIOS and EDID as bytes: any bytes end in facts or in nothing, and torn tables give what came before."""

import base64
import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.readers.edid import parse_edid
from predvid.checks.readers.machines import usable_uuid, virtual_kind
from predvid.checks.readers.smbios import parse_table, structures

RECORDING = json.loads(
    Path(__file__).with_name("inventory").joinpath("linux_firmware_tables.json").read_text(encoding="utf-8")
)["answers"]
TABLE = base64.b64decode(RECORDING["query:bytes /sys/firmware/dmi/tables/DMI"])
SCREEN = base64.b64decode(RECORDING["query:bytes /sys/class/drm/card0-DP-1/edid"])


@given(st.binary(max_size=300), st.integers(0, len(TABLE)), st.integers(0, len(TABLE)))
def test_any_bytes_in_a_table_are_read_without_an_error(noise: bytes, begin: int, end: int) -> None:
    json.dumps(parse_table(noise))
    json.dumps(parse_table(TABLE[:begin] + noise + TABLE[end:]))


@given(st.integers(0, len(TABLE)))
def test_a_torn_table_gives_the_structures_before_the_tear(cut: int) -> None:
    whole = list(structures(TABLE))
    torn = list(structures(TABLE[:cut]))
    assert torn == whole[: len(torn)]


@given(st.binary(max_size=200), st.integers(0, 127), st.integers(0, 255))
def test_any_edid_is_read_or_refused(noise: bytes, place: int, byte: int) -> None:
    parse_edid(noise)
    damaged = bytearray(SCREEN)
    damaged[place] = byte
    found = parse_edid(bytes(damaged))
    assert found is None or found["vendor"]


def test_a_virtual_machine_is_known_by_its_maker_and_a_real_one_is_none() -> None:
    assert virtual_kind("Microsoft Corporation", "Virtual Machine") == "hyper-v"
    assert virtual_kind("Microsoft Corporation", "Surface Pro 9") == ""
    assert virtual_kind("QEMU", "Standard PC (Q35 + ICH9, 2009)") == "kvm"
    assert virtual_kind("VMware, Inc.", "VMware7,1") == "vmware"
    assert virtual_kind("Dell Inc.", "PowerEdge T350") == ""


def test_an_identity_that_many_boards_share_is_none() -> None:
    assert usable_uuid("4C4C4544-0048-4A10-8034-B7C04F4B5433") == "4c4c4544-0048-4a10-8034-b7c04f4b5433"
    for shared in (
        "03000200-0400-0500-0006-000700080009",
        "0" * 8 + "-0000-0000-0000-" + "0" * 12,
        "not a uuid",
    ):
        assert usable_uuid(shared) == ""
