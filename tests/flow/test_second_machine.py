"""A second machine comes under monitoring over TLS with the platform's own authority, as the page tells."""

import contextlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.proxies import Proxy
from flow.browsing import Visitor
from flow.second_machine import Cable, cable
from up_process import Up, clean_environment, running, wait

PASSWORD = "dovoljno duga rečenica"
CLIENT = "Hotel Čvorak"


@dataclass
class Pair:
    """A server that listens off loopback, its owner in a browser, and the cable to the other machine."""

    up: Up
    owner: Visitor
    cable: Cable

    def remote(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a verb on the second machine."""
        return subprocess.run(
            [*self.cable.prefix, sys.executable, "-m", "predvid", *arguments],
            env=clean_environment(NO_PROXY="*"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def token(self) -> str:
        """Return a one-use token of the page that adds a device, whose devices wait for approval."""
        page = self.owner.page("/enrol/")
        site = re.search(rf'<option value="([0-9a-f-]{{36}})"[^>]*>{CLIENT}', page)
        assert site, page
        made = self.owner.send("/enrol/", "/enrol/", site=site.group(1), uses="1", hours="24")
        found = re.search(r"predvid agent enroll (\S+) --token (pv1\.\S+?)[\s<]", made)
        assert found, made
        assert found.group(1) == self.up.ready["url"].rstrip("/")
        return found.group(2)

    def status(self, state: Path) -> dict[str, object]:
        """Return how the agent of the second machine says it stands."""
        done = self.remote("agent", "status", "--json", "--state", str(state))
        link: dict[str, object] = json.loads(done.stdout)["link"]
        return link


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """`predvid up --listen ADDRESS`, whose owner has come by the one-time link."""
    with cable() as way, running(tmp_path_factory.mktemp("pair") / "data", "--listen", way.server) as up:
        owner = Visitor(up.ready["url"], up.data / "tls" / "ca.pem")
        link = up.ready["sign_in"].removeprefix(up.ready["url"].rstrip("/"))
        person = {"name": "Ana Anić", "email": "ana@example.com", "language": "en"}
        owner.send(link, link, password=PASSWORD, **person)
        # another client than this machine's: within one, the same hardware is the same device
        owner.send("/clients/", "/clients/add", name=CLIENT)
        yield Pair(up, owner, way)


@contextlib.contextmanager
def agent_running(pair: Pair, state: Path) -> Iterator[None]:
    """Run the second machine's agent for a while."""
    with (state.parent / "agent.log").open("ab") as log:
        process = subprocess.Popen(
            [*pair.cable.prefix, sys.executable, "-m", "predvid", "agent", "run", "--state", str(state)],
            env=clean_environment(NO_PROXY="*"),
            stdin=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def test_from_the_page_of_the_console_to_samples_on_the_page(pair: Pair, tmp_path: Path) -> None:
    state, url = tmp_path / "agent", pair.up.ready["url"].rstrip("/")
    done = pair.remote(
        "agent", "enroll", url, "--token", pair.token(), "--state", str(state), "--name", "DRUGO-01"
    )
    assert done.returncode == 0, done.stderr
    assert "waits for approval" in done.stdout
    with agent_running(pair, state):
        wait(lambda: pair.status(state)["state"] == "pending", "the agent hears that it is pending")
        assert pair.status(state)["delivered"] is None
        assert pair.up.status()["agents"] == {"approved": 1, "pending": 1}
        approve = re.search(r'action="(/agents/[0-9a-f-]{36}/approve)"', pair.owner.page("/enrol/"))
        assert approve
        pair.owner.send("/enrol/", approve.group(1))
        wait(lambda: pair.status(state)["delivered"], "its first batch is acknowledged")
        device = re.search(r'href="(/devices/[0-9a-f-]{36}/)"[^>]*>\s*DRUGO-01', pair.owner.page("/devices/"))
        assert device
        wait(lambda: "%" in pair.owner.page(device.group(1)), "its samples are on its page")
    assert "DRUGO-01" in pair.owner.page(device.group(1))


def refused(pair: Pair, state: Path, token: str, *more: str, url: str = "") -> str:
    """Return the one line with which the agent refuses to enrol; it must have kept nothing of the server."""
    url = url or pair.up.ready["url"].rstrip("/")
    done = pair.remote("agent", "enroll", url, "--token", token, "--state", str(state), *more)
    assert done.returncode, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    assert token.split(".")[1] not in done.stderr
    assert not (state / "agent.json").exists()
    return done.stderr


def test_another_authority_than_the_tokens_is_refused(pair: Pair, tmp_path: Path) -> None:
    head, _, ca = pair.token().rpartition(".")
    wrong = f"{head}.{'0' * 64 if ca != '0' * 64 else '1' * 64}"
    line = refused(pair, tmp_path / "agent", wrong)
    assert "CA certificate is not the one that the token names" in line


def test_another_plan_key_than_the_tokens_is_refused(pair: Pair, tmp_path: Path) -> None:
    start, secret, _, ca = pair.token().split(".")
    line = refused(pair, tmp_path / "agent", f"{start}.{secret}.{'0' * 32}.{ca}")
    assert "not the server that the token was made on" in line


def test_plain_http_is_refused_before_the_secret_leaves(pair: Pair, tmp_path: Path) -> None:
    url = pair.up.ready["url"].rstrip("/").replace("https://", "http://")
    assert "https://" in refused(pair, tmp_path / "agent", pair.token(), url=url)
    with socket.create_connection((pair.cable.server, pair.up.port), 10) as link:
        link.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not link.recv(4096).startswith(b"HTTP/1.1 200")
    assert pair.up.page() == 200


def test_a_token_is_good_once(pair: Pair, tmp_path: Path) -> None:
    token, url = pair.token(), pair.up.ready["url"].rstrip("/")
    first = pair.remote("agent", "enroll", url, "--token", token, "--state", str(tmp_path / "one"))
    assert first.returncode == 0, first.stderr
    assert "used, expired or unknown" in refused(pair, tmp_path / "two", token)


def test_through_an_http_proxy(pair: Pair, tmp_path: Path) -> None:
    listener = socket.create_server((pair.cable.server, 0))
    proxy = Proxy("agent:s3cret", listener=listener).start()
    address = f"{pair.cable.server}:{listener.getsockname()[1]}"
    url, token = pair.up.ready["url"].rstrip("/"), pair.token()
    try:
        line = refused(pair, tmp_path / "no", token, "--proxy", f"http://agent:wrong@{address}")
        assert "407" in line
        done = pair.remote(
            *("agent", "enroll", url, "--token", token, "--state", str(tmp_path / "agent")),
            *("--proxy", f"http://agent:s3cret@{address}"),
        )
    finally:
        listener.close()
    assert done.returncode == 0, done.stderr
    assert {line.split()[0] for line in proxy.seen} == {"CONNECT"}
    assert not [line for line in proxy.seen if token.split(".")[1] in line]


def test_the_second_machine_reaches_no_other_part(pair: Pair) -> None:
    listening = [
        link.laddr
        for process in pair.up.processes()
        for link in process.net_connections("inet")
        if link.status == "LISTEN" and link.laddr.ip != "127.0.0.1"
    ]
    assert {(address.ip, address.port) for address in listening} == {(pair.cable.server, pair.up.port)}
