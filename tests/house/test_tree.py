"""The tree as a whole keeps the rules of the house, and each rule catches what breaks it."""

import tomllib

from house import tree_rules as rules
from house.tree import PACKAGE, ROOT, Source, files, sources

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
IGNORES = PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
LOCKED = [
    *(ROOT / "requirements").glob("*.lock"),
    ROOT / PACKAGE / "edge" / "agent.lock",
]  # the agent's comes with it
LOCKS = {path.stem: path.read_text(encoding="utf-8") for path in LOCKED}
NOT_IN_AGENT = {"django", "chdb", "numpy", "rich", "httpx", "cryptography"}
HASH = "    --hash=sha256:" + "0" * 64


def _text(name: str) -> str:
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:  # a font, a picture, a recording in a foreign code page
        return ""


def _spelt_out(text: str) -> str:
    """Return what must not stand in any file, this one included."""
    for short, word in (("W", "work"), ("U", "url"), ("R", "root")):
        text = text.replace(short, word)
    return text


def test_the_package_was_found_at_all() -> None:
    assert len(sources("src")) > 20


def test_median_length() -> None:
    own = [
        s.text.count("\n") for s in sources("src") if not s.by_django and not s.path.endswith("__init__.py")
    ]
    assert not list(rules.median_length(own))
    assert list(rules.median_length([10, 121, 300]))


def test_no_empty_folder() -> None:
    assert not list(rules.no_empty_folder(name for name in files() if name.startswith(PACKAGE)))
    assert list(rules.no_empty_folder(["a/b.py", "a/c/__init__.py"])) == ["a/c"]


def test_no_machine_places() -> None:
    assert not [found for name in files() for found in rules.no_machine_places(name, _text(name))]
    for bad in ("cd /W/main", "--index-U https://x", "/R/.venv/bin/x"):
        assert list(rules.no_machine_places("a", _spelt_out(bad)))


def test_no_exception_gives_a_clock_to_a_pure_room() -> None:
    pure = [source for source in sources("src") if source.pure]
    assert not list(rules.pure_rooms_without_clock(IGNORES, pure))
    one = [Source("src/predvid/modules/monitoring/rules.py", "")]
    assert list(rules.pure_rooms_without_clock({"src/predvid/modules/**": ["TID251"]}, one))
    assert not list(rules.pure_rooms_without_clock({"src/predvid/modules/**/views.py": ["TID251"]}, one))


def test_locks_are_pinned_and_hashed() -> None:
    assert set(LOCKS) == {"agent", "server", "dev", "build", "mutants"}
    assert not [f"{name}: {line}" for name, lock in LOCKS.items() for line in rules.locked_lines(lock)]
    assert not list(rules.locked_lines(f"a-b==1.0 \\\n{HASH}\n"))
    for bad in (
        "a==1.0\n",
        "a>=1 \\\n" + HASH,
        _spelt_out("--index-U x\n"),
        "a==1.0 \\\n",
        "# from somewhere\n",
    ):
        assert list(rules.locked_lines(bad)), bad


def test_locks_cover_every_dependency() -> None:
    agent = rules.required(PROJECT["project"]["dependencies"])
    server = agent | rules.required(PROJECT["project"]["optional-dependencies"]["server"])
    groups = PROJECT["dependency-groups"]
    build = rules.required(groups["build"])
    dev = rules.required(want for want in groups["dev"] if isinstance(want, str))
    wanted = {"agent": agent, "server": server, "build": build, "dev": server | build | dev}
    mutants = rules.required(want for want in groups["mutants"] if isinstance(want, str))
    wanted["mutants"] = wanted["dev"] | mutants
    assert {name: wants - rules.pinned(LOCKS[name]) for name, wants in wanted.items()} == {
        n: set() for n in wanted
    }
    assert rules.required(["Psycopg[binary]>=3", "argon2_cffi>=25"]) == {"psycopg", "argon2-cffi"}


def test_locks_agree_on_every_version() -> None:
    pins = {name: set(line for line in lock.splitlines() if "==" in line) for name, lock in LOCKS.items()}
    assert pins["agent"] <= pins["server"] <= pins["dev"] <= pins["mutants"]
    assert pins["build"] <= pins["dev"]


def test_the_agent_installs_nothing_of_the_server() -> None:
    assert not rules.pinned(LOCKS["agent"]) & NOT_IN_AGENT
    assert rules.pinned(LOCKS["server"]) >= NOT_IN_AGENT
