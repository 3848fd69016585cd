"""Files of Windows' tools are read in every encoding that a console in Croatian, German or Russian writes."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.edge.check_verb import check
from predvid.edge.decoding import code_page, decoded

CROATIAN = "Računovodstvo, Skladište, Đakovački ured, Žig i šifra, Ćuk"
GERMAN = "Geräte-Manager, Müller Büro, Straße, Übersicht, Größe"
RUSSIAN = "Проводник, Бухгалтерия, Склад"
WRITTEN = [
    (CROATIAN, "cp852"), (CROATIAN, "cp1250"), (GERMAN, "cp850"), (GERMAN, "cp1252"),
    (RUSSIAN, "cp866"), (RUSSIAN, "cp1251"),
]  # fmt: skip
WRITTEN += [
    (text, page)
    for text in (CROATIAN, GERMAN, RUSSIAN)
    for page in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")
]


@pytest.mark.parametrize(("text", "page"), WRITTEN)
def test_the_letters_of_the_language_come_back(text: str, page: str) -> None:
    whole = f"Name={text}\r\nCreationClassName=Win32_Printer\r\n"
    assert decoded(whole.encode(page)) == whole


@pytest.mark.parametrize(("text", "page"), WRITTEN)
def test_a_localised_wmic_list_gives_the_same_facts_in_every_encoding(
    text: str, page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (  # names of properties are English everywhere, values are not
        "Caption=Microsoft Windows 11 Pro\r\r\nCSName=URED-7\r\r\n"
        "CreationClassName=Win32_OperatingSystem\r\r\n"
        f"BuildNumber=26100\r\r\nDescription={text}\r\r\n"
        "InstallDate=20240131093000.000000+060\r\r\n"
        f"RegisteredUser={text}\r\r\nVersion=10.0.26100\r\r\n"
    )
    file = tmp_path / "os.wmi"
    file.write_bytes(f"\r\r\n\r\r\n{rows}\r\r\n".encode(page))
    assert check(["run", "inventory", "--replay", str(file), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)["facts"]
    assert told["network.hostname"] == "URED-7"
    assert "26100" in json.dumps(told["os.release"])


@pytest.mark.parametrize("page", ["cp852", "cp1250", "utf-16"])
def test_a_store_listing_in_croatian_names_its_programs(
    page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "apps.txt"
    file.write_bytes("NAME: Bilješke i šifre\r\nPUBLISHER: Žuti d.o.o.\r\nVERSION: 1.2\r\n\r\n".encode(page))
    assert check(["run", "software", "--replay", str(file), "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)["facts"]["software.packages"]
    assert (row["key"], row["vendor"]) == ("Bilješke i šifre", "Žuti d.o.o.")


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_decoding_error(content: bytes) -> None:
    try:
        assert isinstance(decoded(content), str)
    except UnicodeDecodeError:
        assert b"\0" in content or content[:2] in (b"\xff\xfe", b"\xfe\xff")


def test_plain_ascii_needs_no_guess() -> None:
    assert decoded(b"Name=x") == "Name=x"
    assert code_page(b"Name=x") == "cp1252"
