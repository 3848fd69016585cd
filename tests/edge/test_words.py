"""What a technician reads: the self-test in both languages, the status, the unit of the service."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from edge.conftest import Start
from edge.peer import Peer
from house.test_words import flaws
from predvid.checks.registry import checks
from predvid.core.errors import UserError
from predvid.core.model import say
from predvid.core.trust import fingerprint
from predvid.edge import log_words, selftest_words, service, verbs
from predvid.edge.identity import StateFolder, load_keys
from predvid.edge.proxy import choose, proxy_address, server_address
from predvid.edge.schedule import LIGHT
from predvid.edge.selftest import Findings, selftest
from predvid.edge.texts import TEXTS
from predvid.edge.verbs import agent

ROOT = Path(__file__).parents[2]


def test_every_sentence_is_whole_in_both_languages() -> None:
    assert not [flaw for said, text in TEXTS.items() for flaw in flaws(said, text)]


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let self-tests try the light checks alone: test_os_linux runs each of them, the heavy ones too."""
    installed = {name: check for name, check in checks().items() if check.interval <= LIGHT}
    monkeypatch.setattr(verbs, "checks", lambda: installed)


@pytest.mark.usefixtures("light")
def test_the_selftest_of_a_machine_not_enrolled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    none, found = tmp_path / "none", list[Findings]()

    def kept(*given: Any) -> Findings:
        found.append(selftest(*given))
        return found[-1]

    monkeypatch.setattr(verbs, "selftest", kept)  # tried once, worded in both languages
    assert agent(["selftest", "--lang", "hr", "--state", str(none)]) == 0
    croatian = capsys.readouterr().out
    english = "\n".join(selftest_words.lines(found[0], "host", "en"))
    for text, expected in ((croatian, "Procesor"), (english, "Processor")):
        assert expected in text
        assert "enroll URL" in text
        assert not re.search(r"\{\w+|Said\(|Traceback", text)
    assert not none.exists()


@pytest.mark.usefixtures("light")
def test_the_selftest_asks_the_server_only_where_no_agent_runs(
    peer: Peer, enrolled: StateFolder, start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    verb = ["selftest", "--json", "--state", str(enrolled.path)]
    agent(verb)
    alone = json.loads(capsys.readouterr().out)
    assert (alone["server"]["state"], alone["running"]) == ("well", False)
    assert {row["check"]: row["verdict"] for row in alone["checks"]}["memory"] == "ok"
    start(enrolled)
    peer.wait(lambda: peer.batches)
    starts = len(peer.agents["agent-1"].starts)
    agent(verb)
    beside = json.loads(capsys.readouterr().out)
    assert (beside["server"]["state"], beside["running"]) == ("well", True)
    assert len(peer.agents["agent-1"].starts) == starts
    assert agent(["status", "--json", "--state", str(enrolled.path)]) == 0
    status = json.loads(capsys.readouterr().out)
    agent(["status", "--state", str(enrolled.path)])
    assert f"key        {fingerprint(load_keys(enrolled).signer().public)}\n" in capsys.readouterr().out
    assert (status["agent"], status["running"], status["link"]["state"]) == ("agent-1", True, "well")


def unwrapped(text: str) -> str:
    """Return a text of a terminal without its line breaks, whatever the terminal's width."""
    return " ".join(text.split())


@pytest.mark.usefixtures("light")
def test_a_slow_clock_and_a_waiting_approval_are_said(
    peer: Peer, enrolled: StateFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    peer.ahead_ms = 7_200_000
    agent(["selftest", "--lang", "en", "--state", str(enrolled.path)])
    assert "behind the server's by" in unwrapped(capsys.readouterr().out)
    peer.agents["agent-1"].state = "pending"
    agent(["selftest", "--lang", "hr", "--state", str(enrolled.path)])
    assert "čeka se odobrenje u konzoli" in unwrapped(capsys.readouterr().out)


def test_the_packaged_unit_is_the_one_that_is_installed() -> None:
    packaged = (ROOT / "packaging" / "predvid-agent.service").read_text()
    start = ["/opt/predvid/bin/python", "-I", "/opt/predvid/launch.py"]
    assert packaged == service.unit(StateFolder(Path("/var/lib/predvid-agent")), start)
    spaced = service.unit(StateFolder(Path("/srv/my agent")), ["/opt/100%/python", "/opt/my tools/launch.py"])
    assert 'ExecStart=/opt/100%%/python "/opt/my tools/launch.py" --state "/srv/my agent"' in spaced


def test_bad_states_end_with_one_line(enrolled: StateFolder, tmp_path: Path) -> None:
    def run(state: Path) -> "subprocess.CompletedProcess[str]":
        command = (sys.executable, "-m", "predvid", "agent", "run", "--state", str(state))
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    enrolled.keys.chmod(0o640)
    for state in (tmp_path / "none", enrolled.path):
        done = run(state)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    enrolled.keys.chmod(0o600)
    (enrolled.path / "policy.toml").write_text("checks = 1")
    assert "'checks' must be a list" in run(enrolled.path).stderr
    assert stat.S_IMODE(os.stat(enrolled.membership).st_mode) == 0o600


def test_the_proxy_comes_from_the_option_then_the_environment() -> None:
    https, http = server_address("https://rmm.example"), server_address("http://10.0.0.5:8080")
    environment = {"HTTPS_PROXY": "http://p.example:8080", "NO_PROXY": "localhost, .corp.example,10.0.0.0/8"}
    assert choose(https, "", environment) == proxy_address("p.example:8080")
    assert choose(https, "none", environment) is None
    assert choose(https, "http://u:p%40ss@q.example", environment) == proxy_address(
        "http://u:p%40ss@q.example"
    )
    assert choose(server_address("https://rmm.corp.example"), "", environment) is None
    assert choose(server_address("https://notcorp.example"), "", environment) is not None
    assert choose(http, "", environment | {"http_proxy": "p"}) is None
    assert choose(https, "", {"https_proxy": "p", "no_proxy": "*"}) is None
    assert choose(server_address("http://127.0.0.1:8000"), "", {"http_proxy": "p"}) is None
    with pytest.raises(UserError, match="proxy"):
        proxy_address("socks5://p.example")
    assert "Basic" not in repr(proxy_address("http://u:p%40ss@q.example"))


@pytest.mark.parametrize(
    "url", ["https://predvid..example", f"https://{'x' * 64}.example", "https://h:99999"]
)
def test_an_address_that_no_one_can_have_is_refused_at_once(url: str) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        server_address(url)


def test_the_log_says_sentences() -> None:
    installed = checks()
    absent = say("check.not_here", check="ups")
    assert log_words.of_check("ups", absent, installed) == "The check ups does not apply to this device"
    unread = say("read.tool_missing", tool="smartctl")
    assert log_words.of_check("disk_health", unread, installed) == (
        "the check disk_health: The program smartctl is not installed"
    )
    assert log_words.of_check("ups", None, installed) == "the check ups works again"
    refused = say("check.not_installed", check="elsewhere")
    assert log_words.of_check("elsewhere", refused, {}) == "The check elsewhere is not installed here"


def test_help_keeps_the_names_of_things(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        agent(["run", "--help"])
    assert "Run in the foreground, until Ctrl-C or the signal SIGTERM." in unwrapped(capsys.readouterr().out)
