"""The platform's own authority stays, its certificates are renewed, and the gateway shows the newest."""

import socket
import ssl
import stat
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509

from installation import Installation, free_port, installation
from predvid.server import certificates, listening
from predvid.server.certificates import RENEW_BEFORE
from predvid.server.place import Place
from predvid.server.serve_gateway import OwnCertificate
from up_process import wait

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NAMES = ("predvid.example", "192.0.2.7", "2001:db8::7")


def leaf(chain: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain.read_bytes())[0]


def test_a_chain_that_a_strict_client_accepts(tmp_path: Path) -> None:
    chain, key = certificates.ensure(tmp_path, NAMES, datetime.now(UTC))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    client = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    client.verify_flags |= ssl.VerifyFlags.VERIFY_X509_STRICT
    for name in NAMES:
        assert shaken(client, server, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        shaken(client, server, "other.example")


def shaken(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> bool:
    """Let a client and a server shake hands; raise what the client raises."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except (ssl.SSLError, OSError):
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=name):
            return True
    finally:
        ours.close()
        thread.join()


def test_keys_are_for_our_eyes_only(tmp_path: Path) -> None:
    certificates.ensure(tmp_path / "tls", NAMES, NOW)
    assert stat.S_IMODE((tmp_path / "tls").stat().st_mode) == 0o700
    for name in ("ca.key", "gateway.key"):
        assert stat.S_IMODE((tmp_path / "tls" / name).stat().st_mode) == 0o600


def test_nothing_changes_without_need(tmp_path: Path) -> None:
    chain, key = certificates.ensure(tmp_path, NAMES, NOW)
    before = chain.read_bytes(), key.read_bytes()
    certificates.ensure(tmp_path, NAMES[:1], NOW + timedelta(days=200))
    assert (chain.read_bytes(), key.read_bytes()) == before


@pytest.mark.parametrize("why", ["time", "name"])
def test_the_certificate_is_renewed_and_the_authority_stays(why: str, tmp_path: Path) -> None:
    chain, _ = certificates.ensure(tmp_path, NAMES, NOW)
    authority, before = (tmp_path / "ca.pem").read_bytes(), leaf(chain)
    late = before.not_valid_after_utc - RENEW_BEFORE + timedelta(hours=1) if why == "time" else NOW
    certificates.ensure(tmp_path, (*NAMES, "new.example") if why == "name" else NAMES, late)
    assert leaf(chain).serial_number != before.serial_number
    assert leaf(chain).not_valid_after_utc >= before.not_valid_after_utc
    assert (tmp_path / "ca.pem").read_bytes() == authority


def listens(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def test_a_gateway_of_a_real_server_makes_its_certificate(tmp_path: Path) -> None:
    port = free_port()
    place = Place(
        tmp_path, address=f"https://predvid.example:{port}", store_port=free_port(), store_token="t" * 32
    )
    (tmp_path / "run").mkdir()
    one = Installation(place, port)
    one.predvid("serve", "migrate")
    command = [
        sys.executable,
        "-m",
        "predvid",
        "serve",
        "gateway",
        "--listen",
        "127.0.0.2",
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, env=one.environment, stderr=subprocess.DEVNULL)
    try:
        wait(lambda: listens(("127.0.0.2", port)), "it listens")
        trusting = ssl.create_default_context(cafile=tmp_path / "tls" / "ca.pem")
        with (
            socket.create_connection(("127.0.0.2", port), 10) as link,
            trusting.wrap_socket(link, server_hostname="predvid.example") as tls,
        ):
            assert tls.version() in ("TLSv1.2", "TLSv1.3")
    finally:
        process.terminate()
        process.wait(20)


def test_new_connections_see_a_renewed_certificate(tmp_path: Path) -> None:
    own = OwnCertificate(tmp_path, ("localhost",))
    chain, key = certificates.ensure(tmp_path, own.names, NOW - timedelta(days=380))
    config = uvicorn.Config("none:none", ssl_certfile=chain, ssl_keyfile=key)
    config.ssl = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    config.ssl.load_cert_chain(chain, key)
    own.renew(config)
    client = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    assert shaken(client, config.ssl, "localhost")


@pytest.mark.parametrize(
    ("address", "options", "says"),
    [
        ("http://predvid.example:1", (), "PREDVID_ADDRESS must be https"),
        ("https://predvid.example:1", ("--cert", "/nowhere.pem"), "--cert and --key together"),
        ("https://predvid.example:1", ("--cert", "/nowhere.pem", "--key", "/nowhere.key"), "/nowhere.pem"),
    ],
)
def test_a_gateway_that_cannot_speak_tls_says_why(
    address: str, options: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    place = Place(tmp_path, address=address, store_port=1, store_token="t" * 32)
    done = Installation(place, 1).predvid(
        "serve", "gateway", "--listen", "127.0.0.2", "--port", "1", *options, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
    assert says in done.stderr


def test_parts_without_their_ground_say_so_in_a_line(tmp_path: Path) -> None:
    place = Place(
        tmp_path, store_port=free_port(), store_token="t" * 32, database_url="postgresql://127.0.0.1:1/x"
    )
    for part, says in (("migrate", "database cannot be used"), ("worker", "store at 127.0.0.1")):
        done = Installation(place, 1).predvid("serve", part, check=False)
        assert done.returncode == 1, done.stderr
        assert says in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr


def test_a_worker_gives_changed_checks_to_the_devices(tmp_path: Path) -> None:
    with installation(tmp_path / "data", "store", "worker") as one:
        noted = one.place.data / "run" / "checks"
        wait(lambda: noted.exists() and noted.read_text(), "the checks are noted")
        installed = noted.read_text()
        one.kill("worker")
        noted.write_text("an older list")
        one.start("worker")
        wait(lambda: noted.read_text() == installed, "they are noted again")


def test_names_of_a_certificate() -> None:
    names = listening.names("a.example", listening.EVERYWHERE[0], ("b.example",))
    assert names[:2] == ("a.example", "b.example")
    assert {"127.0.0.1", "localhost", socket.gethostname()} <= set(names)
    assert not set(listening.EVERYWHERE) & set(names)
    assert "." in listening.own_name() or listening.own_name() == socket.gethostname()


@pytest.mark.parametrize("damage", ["key", "chain", "authority", "empty"])
def test_what_does_not_belong_together_is_made_anew(tmp_path: Path, damage: str) -> None:
    """A power cut between two files, or a folder put together from two backups."""
    other = tmp_path / "other"
    certificates.ensure(other, NAMES, NOW)
    chain, key = certificates.ensure(tmp_path, NAMES, NOW)
    if damage == "key":
        key.write_bytes((other / "gateway.key").read_bytes())
    elif damage == "chain":
        chain.write_text("nonsense")
    elif damage == "authority":
        for name in ("ca.pem", "ca.key"):
            (tmp_path / name).write_bytes((other / name).read_bytes())
    else:
        key.write_bytes(b"")
    certificates.ensure(tmp_path, NAMES, NOW)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
    authority = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    leaf(chain).verify_directly_issued_by(authority)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".*"))
