"""Enrolment: the right server only, over TLS with a private CA, through proxies, repeatable, private."""

import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from edge.authority import Authority
from edge.peer import Peer, serve
from edge.proxies import Proxy
from predvid.core.errors import UserError
from predvid.core.trust import public_key
from predvid.edge.agent import make_link
from predvid.edge.clock import Clock
from predvid.edge.enrol import Request, enrol
from predvid.edge.identity import (
    StateFolder,
    load_keys,
    load_membership,
    locked,
    next_generation,
    save_membership,
)
from predvid.edge.link import Link, LinkFailed, Sender
from predvid.wire.v1 import Claim, Enrolled, Refusal

Serve = Callable[..., Peer]


@pytest.fixture
def tls_peer(tmp_path: Path) -> Iterator[Serve]:
    """Return a function that starts a TLS peer of an authority; `shown` is the CA that it shows."""
    servers: list[ThreadingHTTPServer] = []

    def run(authority: Authority, *, shown: bytes | None = None, address: str = "127.0.0.1") -> Peer:
        peer = Peer(ca_pem=shown or authority.pem)
        servers.append(serve(peer, authority.context(address)))
        return peer

    yield run
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Return a running proxy that asks for a login."""
    proxy = Proxy("agent:s3cret").start()
    yield proxy
    proxy.listener.close()


def go(peer: Peer, state: StateFolder, token: str | None = None, **more: object) -> Enrolled:
    request = Request(peer.url, token or peer.token(), **{"proxy": "none", **more})  # type: ignore[arg-type]
    return enrol(state, request, [Claim("machine_id", "abc")])


def link(state: StateFolder) -> Link:
    """Return the link that a start of the agent would use."""
    clock, membership = Clock(), load_membership(state)
    sender = Sender(
        membership.agent,
        "ab" * 16,
        next_generation(state),
        load_keys(state).signer(),
        clock.now,
        clock.elapsed,
    )
    return make_link(state, membership, sender)


def test_enrolment_pins_the_server_and_keeps_its_key_private(peer: Peer, state: StateFolder) -> None:
    peer.new_state = "pending"
    answer = go(peer, state)
    assert answer.state == "pending"
    membership = load_membership(state)
    assert (membership.agent, membership.plan_key) == ("agent-1", public_key(peer.plan_seed))
    assert stat.S_IMODE(state.keys.stat().st_mode) == 0o600
    assert stat.S_IMODE(state.path.stat().st_mode) == 0o700
    assert peer.secret.encode() not in b"".join(p.read_bytes() for p in state.path.iterdir())


def test_a_lost_answer_is_asked_for_again_with_the_same_key(peer: Peer, state: StateFolder) -> None:
    go(peer, state)
    state.membership.unlink()  # as if the answer had been lost
    assert go(peer, state).agent == "agent-1"
    assert len(peer.agents) == 1


def test_refusals_reach_the_technician_in_one_sentence(peer: Peer, state: StateFolder) -> None:
    wrong = peer.token().replace(peer.secret, "A" * 32)
    with pytest.raises(UserError, match="the token is unknown"):
        go(peer, state, wrong)
    with pytest.raises(UserError, match="not a whole enrolment token") as shown:
        go(peer, state, peer.token()[:-3])
    assert peer.secret not in str(shown.value)
    with pytest.raises(UserError, match="not the server that the token was made on"):
        go(peer, state, peer.token(plan_key=bytes(32)))
    assert not state.membership.exists()
    go(peer, state)
    with pytest.raises(UserError, match="enrolled already"):
        go(peer, state)


def test_a_state_folder_in_use_is_left_alone(peer: Peer, state: StateFolder) -> None:
    state.make()
    lock = locked(state)
    with pytest.raises(UserError, match="another agent already runs"):
        go(peer, state)
    lock.release()


@pytest.mark.parametrize(
    "url", ["ftp://x", "https://", "https://x/path", "https://u@x", "https://x:99999", "x"]
)
def test_a_wrong_address_is_named(state: StateFolder, peer: Peer, url: str) -> None:
    with pytest.raises(UserError):
        enrol(state, Request(url, peer.token()), [])


def test_an_unreachable_server_is_one_sentence(state: StateFolder, peer: Peer) -> None:
    with pytest.raises(UserError, match="cannot reach the server"):
        enrol(state, Request("http://127.0.0.1:1", peer.token(), proxy="none"), [])


@pytest.mark.parametrize("pinned", [False, True])
def test_https_where_the_server_speaks_http_says_what_to_do(
    peer: Peer, state: StateFolder, tmp_path: Path, pinned: bool
) -> None:
    plain = peer.url
    token = Peer(ca_pem=Authority(tmp_path).pem if pinned else None).token()
    with pytest.raises(UserError) as refused:
        enrol(state, Request(plain.replace("http://", "https://"), token, proxy="none"), [])
    said = str(refused.value)
    assert f"does not speak TLS: on the server's own machine give {plain}, elsewhere" in said
    assert "--listen" in said
    assert "SSL" not in said


def test_a_key_that_others_can_read_is_refused(peer: Peer, state: StateFolder) -> None:
    go(peer, state)
    state.keys.chmod(0o644)
    with pytest.raises(UserError, match="can be read by others"):
        load_keys(state)


def test_tls_with_the_platforms_own_ca(tls_peer: Serve, state: StateFolder, tmp_path: Path) -> None:
    peer = tls_peer(Authority(tmp_path))
    go(peer, state)
    with closing(link(state)) as way:
        assert way.get("/agent/v1/status").status == 200


def test_a_ca_that_the_token_does_not_name_is_refused(
    tls_peer: Serve, state: StateFolder, tmp_path: Path
) -> None:
    honest, attacker = Authority(tmp_path), Authority(tmp_path, "Attacker")
    real = Peer(ca_pem=honest.pem)
    peer = tls_peer(attacker)
    with pytest.raises(UserError, match="not the one that the token names"):
        go(peer, state, real.token())
    assert not state.keys.exists() or not state.membership.exists()
    assert ("POST", "/agent/v1/enrol") not in peer.requests, "the secret went to a stranger"


def test_only_the_named_certificate_of_a_bundle_is_trusted(
    tls_peer: Serve, state: StateFolder, tmp_path: Path
) -> None:
    honest, attacker = Authority(tmp_path), Authority(tmp_path, "Attacker")
    peer = tls_peer(attacker, shown=honest.pem + attacker.pem)
    with pytest.raises(UserError, match="is not trusted"):
        go(
            peer,
            state,
            Peer(secret=peer.secret, ca_pem=honest.pem).token(plan_key=public_key(peer.plan_seed)),
        )
    assert ("POST", "/agent/v1/enrol") not in peer.requests, "the secret went to a stranger"


def test_the_certificates_name_is_checked(tls_peer: Serve, state: StateFolder, tmp_path: Path) -> None:
    peer = tls_peer(Authority(tmp_path), address="192.0.2.1")
    with pytest.raises(UserError, match="is not trusted"):
        go(peer, state)


def test_a_ca_file_takes_the_place_of_the_fetched_one(
    tls_peer: Serve, state: StateFolder, tmp_path: Path
) -> None:
    inspecting = Authority(tmp_path)
    peer = tls_peer(inspecting, shown=Authority(tmp_path, "Platform").pem)
    file = tmp_path / "inspecting.pem"
    file.write_bytes(inspecting.pem)
    go(peer, state, ca=file)
    file.write_text("no certificate")
    with pytest.raises(UserError, match="PEM"):
        go(peer, StateFolder(tmp_path / "other"), ca=file)


def test_https_through_a_proxy_with_a_login(
    tls_peer: Serve, state: StateFolder, tmp_path: Path, proxy: Proxy
) -> None:
    peer = tls_peer(Authority(tmp_path))
    go(peer, state, proxy=proxy.url)
    with closing(link(state)) as way:
        assert way.get("/agent/v1/status").status == 200
    assert {line.split()[0] for line in proxy.seen} == {"CONNECT"}
    assert not any(peer.secret in line for line in proxy.seen)


def test_http_through_a_proxy_is_in_absolute_form(peer: Peer, state: StateFolder, proxy: Proxy) -> None:
    go(peer, state, proxy=proxy.url)
    assert proxy.seen == [f"POST {peer.url}/agent/v1/enrol HTTP/1.1"]


def test_a_proxy_that_refuses_is_named(
    tls_peer: Serve, state: StateFolder, tmp_path: Path, proxy: Proxy
) -> None:
    peer = tls_peer(Authority(tmp_path))
    with pytest.raises(UserError, match="407"):
        go(peer, state, proxy=proxy.url.replace("s3cret", "wrong"))


def test_the_connection_is_kept_and_opened_again(peer: Peer, state: StateFolder) -> None:
    go(peer, state)
    with closing(link(state)) as way:
        assert way.get("/agent/v1/status").status == 200
        assert way._connection is not None
        first = way._connection.sock
        assert way.get("/agent/v1/status").status == 200
        assert way._connection.sock is first
        first.shutdown(socket.SHUT_RDWR)  # as when the server ends an idle connection
        assert way.get("/agent/v1/status").status == 200


def test_a_captive_portal_is_no_server(peer: Peer, state: StateFolder) -> None:
    go(peer, state)
    peer.script.append((200, b"<html>Please sign in</html>", {}))
    with closing(link(state)) as way:
        reply = way.post("/agent/v1/batch", b"x")
    assert reply.refusal() == Refusal("http_200", "the answer was HTTP status 200")


def test_a_server_that_is_gone_is_named(peer: Peer, state: StateFolder) -> None:
    go(peer, state)
    membership = msgspec.structs.replace(load_membership(state), server="http://127.0.0.1:1")
    save_membership(state, membership)
    with pytest.raises(LinkFailed, match="127\\.0\\.0\\.1:1"):
        link(state).get("/agent/v1/status")
