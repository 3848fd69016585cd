"""A recording holds no secret of a known form, and replays as the whole one would."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.expectation import RECORDINGS, name_of, summary
from predvid.checks import registry
from predvid.checks.recording import RecordedSource, RecordingSource, load, replay
from predvid.checks.redaction import REMOVED, redacted
from predvid.core.policy import with_values

SECRET = "Kos7-Tajna9x"
BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7\nVJTUt9Us8cKjMzEfYyjiWA4R"
TEXTS = {
    "PKCS 8": f"-----BEGIN PRIVATE KEY-----\n{BODY}\n-----END PRIVATE KEY-----",
    "PKCS 1": f"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4\n\n{BODY}\n-----END RSA PRIVATE KEY-----",
    "OpenSSH": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----",
    "PGP": f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{BODY}\n-----END PGP PRIVATE KEY BLOCK-----",
    "cut off": f"-----BEGIN EC PRIVATE KEY-----\n{BODY}",
    "PuTTY": f"Encryption: none\nPrivate-Lines: 2\n{BODY}\nPrivate-MAC: 00",
    "OpenVPN": f"-----BEGIN OpenVPN Static key V1-----\n{BODY}\n-----END OpenVPN Static key V1-----",
    "my.cnf": f"[client]\nuser = root\npassword = {SECRET}\n",
    "quoted": f'db_password: "{SECRET} with blanks {SECRET}"\n',
    "shell": f"export API_TOKEN='{SECRET}' PATH=/bin",
    "JSON": f'{{"user": "ana", "client_secret": "{SECRET}"}}',
    "fstab": f"//nas/share /mnt cifs username=ana,password={SECRET},uid=0 0 0",
    "WireGuard": f"[Interface]\nPrivateKey = {SECRET}=\nPresharedKey={SECRET}=\n",
    "environment": f"Environment=MYSQL_ROOT_PASSWORD={SECRET}",
    "option": f"/srv/backup.sh --password {SECRET} --to nas",
    "option with =": f"/srv/backup.sh --auth-token={SECRET} --to nas",
    "mysqldump": f"mysqldump -u root -p{SECRET} --all-databases",
    "sshpass": f"sshpass -p {SECRET} ssh nas",
    "curl": f"curl -s -u ana:{SECRET} https://nas.example/",
    "header": f"curl -H 'Authorization: Bearer {SECRET}' https://nas.example/",
    "address": f"rsync://ana:{SECRET}@nas.example/share",
    "snmpget": f"snmpget -v2c -c {SECRET} switch sysName.0",
    "snmpget v3": f"snmpget -v3 -u ana -l authPriv -A {SECRET} -X {SECRET} switch sysName.0",
    "rocommunity": f"rocommunity {SECRET} 192.0.2.0/24",
    "com2sec": f"com2sec local default {SECRET}",
    "trapsink": f"trap2sink 192.0.2.9 {SECRET}",
    "createUser": f'createUser ana SHA "{SECRET}" AES "{SECRET}"',
    "redis": f"requirepass {SECRET}",
    "SQL": f"CREATE USER ana IDENTIFIED BY '{SECRET}'",
    "hash": "root:$6$rounds=5000$usesomesillystri$D4IrlXatmP7rx3P3InaxBeoomnAihCKRVQUr:19000:0",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "product key": "Key: VK7JG-NPHTM-C97JM-9MPGT-3V66T",
}  # fmt: skip
TELLING = (SECRET, "MIIEvQIB", "VJTUt9Us", "D4IrlXat", "dozjgNry", "NPHTM")
HARMLESS = [
    "PasswordAuthentication no",
    "passwordauthentication=yes",
    "marko ALL=(ALL) NOPASSWD:ALL",
    "root:x:0:0:root:/root:/bin/bash",
    "text:/etc/passwd",
    "auth sufficient pam_unix.so nullok",
    '"passed": true, "smart_status": 1',
    "TokensLeft: 3, secret: none",
    "password_expires = 90",
    "MinimumPasswordLength: 8",
    "passwd:         files systemd sss",
    "https://nas.example:8443/share",
    "usermod -p",
    "-----BEGIN CERTIFICATE-----\nMIIBPjCB5aADAgECAgFNMAoGCCqGSM49BAMCMB8x\n-----END CERTIFICATE-----",
]


@pytest.mark.parametrize("name", TEXTS)
def test_a_secret_in_a_text_is_taken_out_wherever_it_stands(name: str) -> None:
    whole = {"answers": [f"before\n{TEXTS[name]}", {"deep": TEXTS[name]}]}
    kept = json.dumps(redacted(whole))
    assert not [word for word in TELLING if word in kept], kept
    assert REMOVED in kept
    assert "before" in kept


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize(
    "value",
    [
        {"DefaultPassword": SECRET, "DefaultUserName": "ana"},
        {"Env": [f"POSTGRES_PASSWORD={SECRET}", "PATH=/bin"]},
        {"cmdline": ["backup", "--password", SECRET, "--to", "nas"]},
        {"community": SECRET},
        {"DigitalProductId": "a4000000" + SECRET},
    ],
)
def test_a_secret_under_a_name_is_taken_out(value: Any) -> None:
    assert SECRET not in json.dumps(redacted(value))


@pytest.mark.parametrize("text", ["password=1234", "--pin-token 77", 'pwd: "007"', "mysql -p12 shop"])
def test_a_short_number_may_be_a_password_too(text: str) -> None:
    assert REMOVED in redacted(text)
    assert REMOVED in redacted({"Password": "1234"}).values()


def test_a_flag_about_passwords_stays() -> None:
    flags = {
        "PasswordRequired": True,
        "password_expires": "never",
        "LimitBlankPasswordUse": 1,
        "Password": "",
    }
    assert redacted(flags) == flags


@pytest.mark.parametrize("path", RECORDINGS, ids=name_of)
def test_a_recording_without_secrets_replays_as_before(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    check = registry.checks()[path.parent.name]
    params = with_values(check.name, check.params, data.get("params", {}))
    scrubbed = {**data, "answers": redacted(data.get("answers", {}))}
    if "steps" in data:
        scrubbed["steps"] = redacted(data["steps"])
    assert summary(replay(check, load(json.dumps(scrubbed)), params)) == data["expected"]


def test_the_check_sees_what_the_recording_does_not_keep() -> None:
    detail = {"what": "x", "detail": f"https://ana:{SECRET}@nas"}
    answers = {
        "text:/etc/app.conf": f"password = {SECRET}",
        "query:http unix:/x /": {"error": {"id": "read.unexpected", "values": detail}},
    }
    live = RecordedSource(load(json.dumps({"platform": "linux", "answers": answers})))
    recorder = RecordingSource(live)
    assert SECRET in recorder.text("/etc/app.conf")
    with pytest.raises(Exception, match=r"read\.unexpected|nas"):
        recorder.query("http", "unix:/x /")
    assert SECRET not in json.dumps(recorder.recording())


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=12), inner, max_size=4))


LEAVES = st.one_of(st.text(max_size=60), st.integers(), st.none(), st.booleans())


@given(st.recursive(LEAVES, nested, max_leaves=20))
def test_the_shape_of_any_answer_stays(value: Any) -> None:
    def shape(one: Any) -> Any:
        if isinstance(one, dict):
            return {name: shape(held) for name, held in one.items()}
        return [shape(held) for held in one] if isinstance(one, list) else type(one)

    assert shape(redacted(value)) == shape(value)


PIECES = ["a", "a.", "passwor", "password-", "-----BEGIN RSA PRIVATE KEY", "mysql -", "a://b", "$6$"]


@pytest.mark.parametrize("piece", PIECES)
def test_a_huge_text_takes_no_time_worth_telling(piece: str) -> None:
    began = time.process_time()
    redacted(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 5
