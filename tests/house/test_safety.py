"""Classes of holes that the code does not have: every file keeps each rule, each rule catches its breach."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from house import safety_rules as rules
from house.file_rules import Rule
from house.tree import PACKAGE, ROOT, Source, files, sources

SERVER = "src/predvid/server/bad.py"
VIEW = "src/predvid/modules/access/views.py"
TEMPLATES = [name for name in files() if name.startswith(PACKAGE) and name.endswith(".html")]
SCANNED = ["src", "bench", "docs", "hatch_build.py"]
BANDIT = [str(Path(sys.executable).parent / "bandit"), "--quiet", "--configfile", "pyproject.toml"]

# What bandit finds and we accept: (test, file), why. What pyproject.toml skips has its reason there.
ACCEPTED = {
    ("B104", "src/predvid/checks/readers"): "compares what a device listens on, never binds",
    ("B104", "src/predvid/server/listening.py"): "compares, never binds",
    ("B108", "src/predvid/checks/builtin/mounts.py"): "names mount points that are not judged",
    ("B308", "src/predvid/server/templatetags/predvid.py"): "constants of ours and parts already escaped",
    ("B703", "src/predvid/server/templatetags/predvid.py"): "the same, found a second time",
    ("B311", "src/predvid/edge/backoff.py"): "spreads agents over time; nothing depends on it being secret",
    ("B311", "src/predvid/edge/listener.py"): "spreads agents over time",
    ("B311", "src/predvid/edge/updating.py"): "spreads agents over time",
    ("B606", "src/predvid/edge/launch.py"): "starts the current version of the agent, without a shell",
    ("B104", "src/predvid/checks/builtin/reachability.py"): "compares an address, never binds",
    ("B311", "bench"): "benches make up numbers",
    ("B311", "docs"): "so do the pictures of the documents",
    ("B314", "src/predvid/checks/readers/powercfg.py"): "a text that declares entities was refused before",
    ("B405", "src/predvid/checks/readers/powercfg.py"): "the same",
    ("B608", "src/predvid/edge/outbox_file.py"): "identifiers are constants of ours",
    ("B608", "src/predvid/edge/outbox_salvage.py"): "identifiers are constants of ours",
}

RULES: list[tuple[Rule, list[tuple[str, str]]]] = [
    (
        rules.no_unsafe_calls,
        [
            (SERVER, "tempfile.mktemp()\n"),
            (SERVER, "ssl._create_unverified_context()\n"),
            (SERVER, "subprocess.getoutput('ls')\n"),
            (SERVER, "hashlib.md5(b'')\n"),
            (SERVER, "hashlib.new('sha1', b'')\n"),
            (SERVER, "yaml.full_load(text)\n"),
        ],
    ),
    (
        rules.verified_tls,
        [
            (SERVER, "httpx.get(url, verify=False)\n"),
            (SERVER, "context.check_hostname = False\n"),
            (SERVER, "context.verify_mode = ssl.CERT_NONE\n"),
        ],
    ),
    (rules.no_unescaped_text, [(VIEW, "mark_safe(name)\n"), (VIEW, "safestring.SafeString(name)\n")]),
    (
        rules.sql_in_store_files,
        [
            (VIEW, "Device.objects.raw('SELECT 1')\n"),
            (VIEW, "Device.objects.extra(where=[q])\n"),
            (VIEW, "RawSQL(q, [])\n"),
            (VIEW, "connection.cursor().execute(q)\n"),
        ],
    ),
    (
        rules.one_way_out,
        [
            (VIEW, "import httpx\n"),
            (VIEW, "from urllib.request import urlopen\n"),
            (SERVER, "socket.create_connection(('a', 1))\n"),
            (SERVER, "import smtplib\n"),
        ],
    ),
    (rules.one_writer_of_sheets, [(VIEW, "import csv\n"), (SERVER, "from openpyxl import Workbook\n")]),
]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.__name__) for rule, _ in RULES])
def test_every_file_keeps_the_rule(rule: Rule) -> None:
    broken = [f"{source.path}: {found}" for source in sources("src") for found in rule(source)]
    assert not broken, f"{rule.__doc__}\n" + "\n".join(broken)


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        pytest.param(r, path, text, id=f"{r.__name__}-{n}")
        for r, bad in RULES
        for n, (path, text) in enumerate(bad)
    ],
)
def test_the_rule_catches_what_breaks_it(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(path, text)))


def test_the_rules_let_good_code_pass() -> None:
    good = "import json\n\nhashlib.sha1(b'', usedforsecurity=False)\nhttpx.get(url, verify=context)\n"
    assert not [
        found for rule, _ in RULES if rule is not rules.one_way_out for found in rule(Source(VIEW, good))
    ]


def test_every_listed_exception_is_still_one() -> None:
    found = {source.path.removeprefix(f"{PACKAGE}/"): source for source in sources("src")}
    for path, words in rules.LISTED.items():
        assert path in found, path
        for what, why in words.items():
            assert what in found[path].text.replace("from http import client", "http.client"), (path, what)
            assert len(why) > 5


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_escapes_and_brings_nothing_inline(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not list(rules.escaped_template(text))
    assert not list(rules.nothing_inline(text))


def test_a_template_that_does_not_is_caught() -> None:
    for bad in ("{{ name|safe }}", "{{ rows | safeseq }}", "{% autoescape off %}"):
        assert list(rules.escaped_template(bad))
    for bad in (
        "<script>go()</script>",
        "<p onclick=go()>",
        '<a style="x">',
        "<style>",
        '<a href="javascript:x">',
    ):
        assert list(rules.nothing_inline(bad))
    assert not list(rules.nothing_inline('<script src="a.js" nonce="{{ nonce }}" defer></script>'))


def _scan(*paths: str, cwd: Path = ROOT) -> set[tuple[str, str]]:
    done = subprocess.run([*BANDIT, "-f", "json", "-r", *paths], cwd=cwd, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert not found["errors"], found["errors"]
    return {(each["test_id"], each["filename"].removeprefix("./")) for each in found["results"]}


def test_bandit_finds_nothing_that_is_not_explained() -> None:
    found = _scan(*SCANNED)
    excused = {(test, path) for test, path in found for t, p in ACCEPTED if test == t and path.startswith(p)}
    assert found == excused
    gone = [each for each in ACCEPTED if not any(t == each[0] and p.startswith(each[1]) for t, p in found)]
    assert not gone, "nothing to accept any more"


def test_bandit_catches_what_it_is_run_for(tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text("import pickle\npickle.loads(b'')\nexec('1')\n")
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert {test for test, _ in _scan("bad.py", cwd=tmp_path)} >= {"B301", "B102"}


def test_every_test_of_bandit_that_is_skipped_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for skipped in tomllib.loads(text)["tool"]["bandit"]["skips"]:
        (line,) = (line for line in text.splitlines() if f'"{skipped}"' in line)
        assert len(line.partition("#")[2]) > 10, line
