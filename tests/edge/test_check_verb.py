"""`predvid check`: stable JSON, tables in both languages, exit status, one clear line for bad input."""

import json
import re
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from predvid.core.errors import UserError
from predvid.edge.check_verb import check

RECORDINGS = Path(__file__).parents[1] / "checks"
SERVER = str(RECORDINGS / "disk_space/server.json")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """Return the JSON that the verb printed; nothing but JSON may be on standard output."""
    assert check([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_list_names_the_checks_their_parameters_and_what_they_apply_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    rows = {row["name"]: row for row in run(capsys, "list")}
    assert rows["cpu"]["params"]["used"]["warning"] == 90
    assert rows["uptime"]["platforms"] == ["linux", "windows", "macos"]
    assert rows["memory"]["applies"] is True
    assert (rows["memory"]["group"], rows["zfs"]["group"]) == ("performance", "storage")
    assert rows["licences"]["applies"] is (sys.platform == "win32")


def test_the_list_is_grouped_and_fits_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    rows = run(capsys, "list", "--lang", "hr")
    check(["list", "--lang", "hr"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    assert (
        lines.index("Pohrana") < lines.index("Zakrpe i nadogradnje") < lines.index("Popis opreme i programa")
    )
    assert {row["name"] for row in rows} <= {line.split()[0] for line in lines if line.startswith("  ")}


def test_a_replay_gives_the_public_fields(capsys: pytest.CaptureFixture[str]) -> None:
    data = run(capsys, "run", "disk_space", "--replay", SERVER, "--lang", "en")
    assert data["check"] == "disk_space"
    assert {"metric": "disk_free_bytes", "labels": {"mount": "/"}, "value": 1e9, "unit": "B"} in data[
        "samples"
    ]
    results = {result["item"]: result for result in data["results"]}
    assert results["/"] == {
        "item": "/", "state": "CRITICAL", "message": "97.4% of / used, 1 GB free", "reason": None,
    }  # fmt: skip
    assert results["/srv/data"]["state"] == "OK"
    assert results["/srv/data"]["reason"] == "The 400 GB that are free are ample for now"


def test_messages_follow_the_language(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "hr_HR.UTF-8")
    croatian = run(capsys, "run", "disk_space", "--replay", SERVER)["results"]
    assert croatian[0]["message"] == "Na / zauzeto 97,4 %, slobodno 1 GB"
    english = run(capsys, "run", "disk_space", "--replay", SERVER, "--lang", "en")["results"]
    assert english[0]["message"] == "97.4% of / used, 1 GB free"


def test_parameters_change_the_judgement(capsys: pytest.CaptureFixture[str]) -> None:
    data = run(capsys, "run", "disk_space", "--replay", SERVER, "--param", "skip=/mnt/nas,/",
               "--param", "free.warning=500e9")  # fmt: skip
    states = {result["item"]: result["state"] for result in data["results"]}
    assert "/" not in states
    assert states["/srv/data"] == "WARNING"


def test_the_exit_status_follows_fail_on(capsys: pytest.CaptureFixture[str]) -> None:
    busy = str(RECORDINGS / "patches/security_pending.json")
    assert check(["run", "patches", "--replay", busy]) == 0
    assert check(["run", "patches", "--replay", busy, "--fail-on", "warning"]) == 1
    assert check(["run", "patches", "--replay", busy, "--fail-on", "critical"]) == 0
    failed = str(RECORDINGS / "memory/unreadable.json")
    assert check(["run", "memory", "--replay", failed, "--fail-on", "warning"]) == 1
    assert "No permission" in capsys.readouterr().err


def test_people_get_tables(capsys: pytest.CaptureFixture[str]) -> None:
    check(["run", "disk_space", "--replay", SERVER, "--lang", "hr"])
    out = capsys.readouterr().out
    assert re.search(r"^STAVKA +STANJE +PORUKA$", out, re.MULTILINE)
    assert re.search(r"^/ +KRITIČNO +Na / zauzeto 97,4 %, slobodno 1 GB$", out, re.MULTILINE)
    check(["list", "--lang", "en"])
    assert re.search(r"^  CHECK +WHAT +EVERY +SYSTEMS +HERE$", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("name", ["cpu", "memory", "disk_space", "network", "uptime"])
def test_live_on_this_machine_rates_included(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    data = run(capsys, "run", name, "--lang", "en")
    assert data["error"] is None
    assert data["samples"]
    assert data["results"]


def combined_pem() -> tuple[str, str]:
    """Return a key and a certificate in one text, as many a proxy wants them, and the key's own part."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web.example")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(7).not_valid_before(start).not_valid_after(start + timedelta(days=365))
    plain = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    secret = key.private_bytes(*plain).decode()
    return secret + made.sign(key, SHA256()).public_bytes(Encoding.PEM).decode(), secret.splitlines()[1]


def test_a_recorded_certificate_leaves_its_private_key_on_the_device(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, secret = combined_pem()
    (tmp_path / "web.pem").write_text(whole)
    kept = tmp_path / "kept.json"
    asked = ("run", "certificates", "--param", f"paths={tmp_path}/web.pem")
    live = run(capsys, *asked, "--record", str(kept))
    assert secret in whole
    assert secret not in kept.read_text()
    assert "PRIVATE KEY" in kept.read_text()
    again = run(capsys, *asked, "--replay", str(kept))
    assert again["results"] == live["results"]
    assert again["results"][0]["item"] == f"{tmp_path}/web.pem"


def test_a_live_run_can_be_recorded_and_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = tmp_path / "cpu.json"
    live = run(capsys, "run", "cpu", "--record", str(kept))
    assert run(capsys, "run", "cpu", "--replay", str(kept)) == live


BAD = [
    (["run", "nope"], "no check 'nope'"),
    (["run", "cpu", "--param", "usd=1"], "cpu.usd: no such parameter"),
    (["run", "cpu", "--param", "used.warning=high"], "cpu.used.warning"),
    (["run", "cpu", "--param", "used.warn=1"], "cpu.used.warn"),
    (["run", "cpu", "--param", "per_core=perhaps"], "cpu.per_core"),
    (["run", "cpu", "--param", "used"], "FIELD=VALUE"),
    (["run", "inventory", "--param", "a=1"], "no parameters"),
    (["run", "cpu", "--replay", "/no/such/file"], "/no/such/file: No such file"),
    (["run", "cpu", "--replay", "/"], "/: Is a directory"),
    (["run", "cpu", "--replay", "a", "--record", "b"], "exclude"),
    (["run", "memory", "--record", "/no/such/folder/x.json"], "/no/such/folder/x.json"),
    (["run", "cpu", "--fail-on", "ok"], "--fail-on"),
    (["run"], "name"),
    ([], "list|run|scaffold"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_usage_is_one_clear_line(arguments: list[str], words: str) -> None:
    with pytest.raises(UserError) as refused:
        check(arguments)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.status == 2


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[]", b'{"platform": "linux", "answers": 3}'])
def test_a_broken_recording_is_refused_with_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"broken\.json"):
        check(["run", "cpu", "--replay", str(path)])


def test_a_recording_of_another_check_gives_its_reason_not_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = run(capsys, "run", "cpu", "--replay", SERVER, "--lang", "en")
    assert data["samples"] == []
    assert "cpu_times" in data["error"]


def test_text_from_a_device_cannot_drive_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recording = json.loads(Path(SERVER).read_text(encoding="utf-8"))
    recording["answers"]["table:filesystems"][0]["mount"] = "/\x1b[31m\nevil"
    path = tmp_path / "evil.json"
    path.write_text(json.dumps(recording), encoding="utf-8")
    check(["run", "disk_space", "--replay", str(path)])
    assert "\x1b" not in capsys.readouterr().out
