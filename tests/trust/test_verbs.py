"""`predvid trust` without a server: what it shows is what it signs; what it refuses it says in one line."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from nacl.pwhash import argon2id

from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.core.trust import digest
from predvid.edge.release import wheel_name
from predvid.operator import ceremony, vault
from predvid.operator.folder import Folder, following_path
from predvid.operator.release_repository import NEEDED
from predvid.operator.release_verbs import release
from predvid.operator.verbs import trust
from predvid.wire import verifying
from predvid.wire.authority import ORDER_CONTEXT, PUBLICATION_CONTEXT, Placement, Publication, Signed
from predvid.wire.operator import Aimed, Answered, Asked, Offered, Waiting
from predvid.wire.signing import opened, signers_of
from signed_world import ORDER

Run = Callable[..., int]
REAL_COST = vault.COST
PASSPHRASE = "a passphrase for tests"
TEMPLATE = """
id = "hello"
version = 2
title = "Say hello"
rate = 3
days = 30
[script]
language = "sh"
file = "hello.sh"
[targets]
tags = ["till"]
platforms = ["linux"]
[[parameters]]
name = "days"
low = 1
high = 9
default = "3"
"""


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Lock keys at the least cost: these tests make many; one of them looks at the real cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vault, "COST", (argon2id.OPSLIMIT_MIN, argon2id.MEMLIMIT_MIN))
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an authority of one operator, Ana."""
    home = tmp_path_factory.mktemp("operator")
    (home / "pass").write_text(PASSPHRASE)
    ceremony.init(Folder(home / "trust"), "ana", PASSPHRASE, 1_764_000_000_000, 732)
    return home


@pytest.fixture
def run(home: Path) -> Run:
    """Return a function that runs a verb on that folder."""

    def run(*arguments: str, folder: str = "trust", lang: str = "en") -> int:
        where = ["--folder", str(home / folder), "--data", str(home / "none"), "--lang", lang]
        return trust([*arguments, *where, "--passphrase-file", str(home / "pass")])

    return run


def waiting(path: Path, *asked: Asked) -> Path:
    path.write_bytes(msgspec.msgpack.encode(Waiting(list(asked))))
    return path


def an_order(**change: Any) -> bytes:
    return ORDER_CONTEXT + msgspec.msgpack.encode(msgspec.structs.replace(ORDER, **change))


def answers(path: Path) -> list[Answered]:
    return msgspec.msgpack.decode(path.read_bytes(), type=list[Answered])


def test_init_makes_locked_keys_and_the_first_key_set(home: Path) -> None:
    folder = Folder(home / "trust")
    known, keys = folder.known(), folder.keys()
    assert known.operators
    assert [(one.name, one.key) for one in known.operators.operators] == [("ana", keys["ana"].public)]
    assert known.keyset
    found = verifying.keyset(known.keyset, digest(known.root), 0, 1_764_000_000_001)
    assert found.version == 1
    assert REAL_COST == (argon2id.OPSLIMIT_MODERATE, argon2id.MEMLIMIT_MODERATE)
    seed = vault.unlock(keys["ana"], PASSPHRASE)
    assert seed.public == keys["ana"].public
    for path in (folder.root, folder.operator("ana"), folder.path / "public"):
        assert path.stat().st_mode & 0o077 == 0
    with pytest.raises(UserError, match="does not open"):
        vault.unlock(keys["ana"], PASSPHRASE + "x")
    broken = msgspec.structs.replace(keys["ana"], box=keys["ana"].box[:-1] + b"\x00")
    with pytest.raises(UserError, match="does not open"):
        vault.unlock(broken, PASSPHRASE)
    for bad in ({"memory": 1 << 40}, {"operations": 99}, {"memory": 0}):
        with pytest.raises(UserError, match="damaged"):
            vault.unlock(msgspec.structs.replace(keys["ana"], **bad), PASSPHRASE)


def test_keys_never_lie_in_a_data_directory(home: Path, tmp_path: Path) -> None:
    (tmp_path / "data" / "run").mkdir(parents=True)
    (tmp_path / "data" / "run" / "place.json").write_text("{}")
    for folder, data in ((tmp_path / "data" / "trust", home), (home / "x", home), (home, home)):
        with pytest.raises(UserError, match="lies in the data directory"):
            trust(
                [
                    "init",
                    "--folder",
                    str(folder),
                    "--data",
                    str(data),
                    "--passphrase-file",
                    str(home / "pass"),
                ]
            )


def test_a_second_init_and_a_short_passphrase_are_refused(run: Run, home: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="already"):
        run("init")
    for days in ("0", "733"):
        with pytest.raises(UserError, match="--days must be 1 to 732"):
            run("init", "--days", days, folder=f"other-{days}")
        with pytest.raises(UserError, match="--days must be 1 to 732"):
            run("rotate", "--days", days)
    assert not (home / "other-0").exists()
    (tmp_path / "short").write_text("short")
    short = ["--passphrase-file", str(tmp_path / "short"), "--lang", "hr"]
    with pytest.raises(UserError, match="najmanje 10 znakova"):
        trust(["init", "--folder", str(tmp_path / "t"), "--data", str(home / "none"), *short])
    assert not (tmp_path / "t").exists()


def test_a_template_is_shown_and_signed_as_it_stands(
    run: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "hello.toml").write_text(TEMPLATE)
    (tmp_path / "hello.sh").write_text("echo one\n\x1b[2Kecho two\n")
    out = tmp_path / "signed"
    assert run("publish", str(tmp_path / "hello.toml"), "--yes", "--out", str(out)) == 0
    shown = capsys.readouterr().out
    for part in (
        "Say hello",
        "version 2",
        "tags till; platforms linux",
        "1 .. 9 [3]",
        "echo one",
        "\\x1b[2Kecho two",
    ):
        assert part in shown
    assert run("publish", str(tmp_path / "hello.toml"), "--yes", "--out", str(out), lang="hr") == 0
    assert "oznake till; platforme linux" in capsys.readouterr().out
    signed = msgspec.msgpack.decode(out.read_bytes(), type=Signed)
    known = Folder(home / "trust").known().operators
    assert known
    assert signers_of(signed, [known.operators[0].key])
    published = opened(signed, PUBLICATION_CONTEXT, Publication)
    assert (published.rate, published.content.body) == (3, "echo one\n\x1b[2Kecho two\n")
    assert run("verify", str(out)) == 0
    assert "Signed by: ana" in capsys.readouterr().out
    out.write_bytes(out.read_bytes().replace(b"echo one", b"echo six"))
    assert run("verify", str(out)) == 1
    assert "Not signed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('language = "sh"', 'language = "perl"', "perl|language"),
        ('file = "hello.sh"', 'file = "hello.sh"\nbody = "x"', "either"),
        ('file = "hello.sh"', 'file = "none.sh"', "cannot read"),
        ('tags = ["till"]', "", "names nothing"),
        ("days = 30", "days = 9999", "'days'"),
        ("rate = 3", "rate = 0", "'rate'"),
        ('id = "hello"', 'id = "he llo"', "unreadable"),
        ('title = "Say hello"', 'title = ""', "'title'"),
        ('title = "Say hello"', 'title = "Say hello"\ncolour = "red"', "colour"),
        ('name = "days"', 'name = "the days"', "parameter"),
        ("version = 2", "version = two", "Invalid value|invalid"),
    ],
)
def test_a_template_that_agents_would_refuse_is_refused_here(
    run: Run, tmp_path: Path, before: str, after: str, why: str
) -> None:
    (tmp_path / "hello.toml").write_text(TEMPLATE.replace(before, after))
    (tmp_path / "hello.sh").write_text("exit 0\n")
    with pytest.raises(UserError, match=why) as refused:
        run("publish", str(tmp_path / "hello.toml"), "--yes", "--out", str(tmp_path / "x"))
    assert "\n" not in str(refused.value)


def test_only_what_is_confirmed_is_signed(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = an_order(id="one"), an_order(id="two", title="Čišćenje")
    aimed = [Aimed("agent-1", "Till 4", "Bakery")]
    file = waiting(tmp_path / "w", Asked("r1", one, aimed=aimed, by="Eva"), Asked("r2", two, aimed=aimed))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\nda\n"))
    assert run("sign", "--file", str(file), lang="hr") == 0
    shown = capsys.readouterr().out
    assert "Till 4 / Bakery  agent-1  (prvi put u potpisu)" in shown
    (answer,) = answers(tmp_path / "w.signed")
    assert (answer.id, answer.signed.body) == ("r2", two)
    assert run("sign", "--file", str(file), "--json", "--confirm", digest(one).hex()) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["signed"] for row in told["requests"]] == [True, False]
    assert told["requests"][0]["message"]["title"] == "Clean"
    assert run("sign", "--file", str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["signed"] == 0


def test_a_name_that_changed_since_the_last_signature_is_pointed_out(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = ["agent-7", "agent-8"]
    for name, note in (("Server", "first time"), ("Printer", "CAREFUL: shown as Server / Bakery before")):
        aimed = [Aimed("agent-7", name, "Bakery"), Aimed("agent-9", "Bait", "")]
        file = waiting(tmp_path / "w", Asked("r", an_order(agents=agents), aimed=aimed))
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        run("sign", "--file", str(file))
        shown = capsys.readouterr().out
        assert note in shown
        assert "agent-8  (the server gives no name)" in shown
        assert "Bait" not in shown


def test_a_server_gets_no_signature_under_anything_else(
    run: Run, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Key sets, placements, junk: nothing but an order, or a start of what an operator published."""
    keyset = Folder(home / "trust").known().keyset
    assert keyset
    place = Placement("a", "c", "s", 1, 1)
    bodies = [
        keyset.body,
        b"predvid placement v1\x00" + msgspec.msgpack.encode(place),
        PUBLICATION_CONTEXT + b"\x80",
        ORDER_CONTEXT + b"\xc1",
        b"",
    ]
    file = waiting(tmp_path / "w", *(Asked(f"r{n}", body) for n, body in enumerate(bodies)))
    confirm = [word for body in bodies for word in ("--confirm", digest(body).hex())]
    assert run("sign", "--file", str(file), "--json", *confirm) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["signed"], [row["signed"] for row in told["requests"]]) == (0, [False] * len(bodies))
    assert not (tmp_path / "w.signed").exists()


def test_operators_come_go_and_are_revoked_by_the_roots_next_key_set(run: Run, home: Path) -> None:
    folder = Folder(home / "trust")
    assert run("operator", "add", "jan", "--classes", "1") == 0
    assert run("revoke", "hello") == 0
    known = folder.known().operators
    assert known
    assert [(one.name, one.classes) for one in known.operators] == [("ana", (1, 2)), ("jan", (1,))]
    assert (known.version, known.revoked) == (3, ["hello"])
    with pytest.raises(UserError, match="give --as"):
        run("sign", "--file", str(waiting(home / "w", Asked("r", an_order()))))
    assert run("operator", "remove", "jan") == 0
    for bad, why in (("nobody", "no operator"), ("ana", "the last operator")):
        with pytest.raises(UserError, match=why):
            run("operator", "remove", bad)
    with pytest.raises(UserError, match="another operator's"):
        run("operator", "add", "eva", "--key", folder.keys()["ana"].public.hex())
    with pytest.raises(UserError, match="64 digits"):
        run("operator", "add", "eva", "--key", "abc")
    with pytest.raises(UserError, match="cannot be an operator's name"):
        run("operator", "add", "../eva")


def test_a_rotation_cut_short_after_it_was_decided_is_finished_later(run: Run, home: Path) -> None:
    folder = Folder(home / "trust")
    before = folder.known()
    assert run("rotate") == 0
    known = folder.known()
    change = verifying.root_change(known.roots[-1], digest(before.root), before.serial)
    assert change.new == known.root
    ana = folder.operator("ana")
    fresh = ana.read_bytes()
    following_path(ana).write_bytes(fresh)  # as if the machine had stopped before the last renaming
    vault.store(ana, vault.make("ana", PASSPHRASE))
    folder.settle()
    assert ana.read_bytes() == fresh
    following_path(ana).write_bytes(msgspec.json.encode(vault.make("ana", PASSPHRASE)))
    folder.settle()
    assert ana.read_bytes() == fresh, "a key that the key set does not name is not put in place"


def test_nothing_works_without_an_authority_and_says_so(home: Path, tmp_path: Path) -> None:
    for verb in (["status"], ["sign"], ["rotate"], ["revoke", "x"]):
        with pytest.raises(UserError, match=r"trust init"):
            trust([*verb, "--folder", str(tmp_path / "t"), "--data", str(home), "--lang", "en"])
    with pytest.raises(UserError, match="no installation"):
        trust(["offer", str(home / "trust" / "public"), "--folder", str(tmp_path / "t"), "--data", str(home)])


def test_nobody_but_the_owner_of_the_machine_is_reached_unencrypted(run: Run, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="https"):
        run("sign", "--server", "http://192.0.2.1:8700")
    with pytest.raises(UserError, match="no address"):
        run("sign", "--server", "ftp://x")


def test_refusals_have_words(run: Run, tmp_path: Path) -> None:
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xc1")
    with pytest.raises(UserError, match="holds nothing"):
        run("verify", str(junk))
    junk.write_bytes(msgspec.msgpack.encode(Signed(b"?", [])))
    with pytest.raises(UserError, match="not signed by anyone"):
        run("verify", str(junk))
    with pytest.raises(TaskRefused):
        verifying.check_id("a b")


@pytest.fixture
def servers(tmp_path: Path) -> Path:
    """Return a data directory of the server's user: another one, where these tests are root's."""
    data = tmp_path / "data"
    (data / "run").mkdir(parents=True)
    os.chown(data, 12345 if os.geteuid() == 0 else os.geteuid(), -1)
    for part in (tmp_path, *tmp_path.parents[:-2]):
        part.chmod(0o755)
    return data


def test_what_root_leaves_for_the_server_belongs_to_the_servers_user(
    run: Run, home: Path, tmp_path: Path, servers: Path
) -> None:
    data, uid = servers, servers.stat().st_uid
    offer = ["offer", str(home / "trust" / "public"), "--folder", str(tmp_path / "t"), "--data", str(data)]
    assert trust(offer) == 0
    (left,) = (data / "trust").iterdir()
    assert {path.stat().st_uid for path in (left, left.parent)} == {uid}
    assert left.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["trust", "releases"])
def test_a_link_that_a_server_set_leads_root_nowhere(
    home: Path, tmp_path: Path, servers: Path, name: str
) -> None:
    victim = tmp_path / "victim"
    victim.mkdir(mode=0o700 if os.geteuid() == 0 else 0o500)
    before = victim.stat()
    (servers / name).symlink_to(victim)
    wheel = tmp_path / wheel_name("1.0")
    with zipfile.ZipFile(wheel, "w") as file:
        for needed in NEEDED:
            file.writestr(needed, "1.0")
    where = ["--folder", str(home / "trust"), "--data", str(servers), "--passphrase-file", str(home / "pass")]
    deeds = {
        "trust": lambda: trust(["offer", str(home / "trust" / "public"), *where]),
        "releases": lambda: release(["publish", str(wheel), *where]),
    }
    with pytest.raises(UserError, match=r"cannot (write|copy)"):
        deeds[name]()
    assert (list(victim.iterdir()), victim.stat().st_uid) == ([], before.st_uid)


def test_a_server_that_does_not_answer_finds_it_later(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    (data / "run").mkdir(parents=True)
    dead = "http://127.0.0.1:1"
    place = {"PREDVID_DATA": str(data), "PREDVID_ADDRESS": dead, "PREDVID_LOCAL": dead}
    (data / "run" / "place.json").write_text(json.dumps(place))
    where = ["--folder", str(home / "trust"), "--data", str(data), "--passphrase-file", str(home / "pass")]
    assert trust(["revoke", "some-order", *where, "--json"]) == 0
    told = capsys.readouterr()
    assert "cannot reach http://127.0.0.1:1" in told.err
    assert json.loads(told.out)["left"] is True
    (left,) = (data / "trust").iterdir()
    offered = msgspec.msgpack.decode(left.read_bytes(), type=Offered)
    assert offered.keyset == Folder(home / "trust").known().keyset
