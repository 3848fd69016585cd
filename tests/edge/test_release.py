"""Only what operators published under the pinned root is fetched, whatever a server puts in its place."""

import shutil
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from predvid.core.errors import UserError
from predvid.core.trust import Signer, digest, public_key
from predvid.edge.proxy import server_address
from predvid.edge.release import Fetcher, Releases, wheel_name
from predvid.edge.released import Release, ReleaseRefused
from predvid.operator.release_repository import NEEDED, KeySigner, Repository

ROOT, OPERATOR, STRANGER, NEXT = (bytes([number]) * 32 for number in (1, 2, 3, 4))
NOW = datetime.now(UTC)


class Quiet(SimpleHTTPRequestHandler):
    """Serves files without a word."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Published:
    """A list of releases, and an agent that looks at it over HTTP."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.served = folder / "www/agent/v1/releases"
        self.repository = Repository(self.served)
        self.repository.create(
            KeySigner(Signer(ROOT)), [public_key(OPERATOR)], KeySigner(Signer(OPERATOR)), NOW
        )
        handler = partial(Quiet, directory=str(folder / "www"))
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def wheel(self, version: str, content: str = "") -> Path:
        """Return the file of a wheel that looks like the agent's."""
        path = self.folder / wheel_name(version)
        with zipfile.ZipFile(path, "w") as wheel:
            for name in NEEDED:
                wheel.writestr(name, content or version)
        return path

    def publish(self, version: str) -> None:
        """Publish a wheel of `version` as the operator."""
        self.repository.publish(self.wheel(version), KeySigner(Signer(OPERATOR)), NOW)

    def fetch(self, version: str, counter: int = 0, root: bytes = ROOT) -> Release:
        """Look as an agent does that pins `root`."""
        fetcher = Fetcher(server_address(self.address), None, None)
        state = self.folder / "agent"
        return Releases(digest(public_key(root)), self.address, fetcher, state).fetch(version, counter)

    def refused(self, version: str, counter: int = 0, root: bytes = ROOT) -> str:
        """Return the code with which the agent refuses; nothing of the release may be on its disk then."""
        with pytest.raises(ReleaseRefused) as refused:
            self.fetch(version, counter, root)
        assert not list((self.folder / "agent" / "targets").glob(f"*{version}*"))
        return refused.value.code

    def copy(self, name: str) -> Path:
        """Keep the list as it is now under a name, for an attacker."""
        return Path(shutil.copytree(self.served, self.folder / name))

    def serve(self, other: Path, *names: str) -> None:
        """Let the server hand out files of another list, as a hijacked one would."""
        for name in names:
            shutil.copy(other / "metadata" / name, self.served / "metadata" / name)


@pytest.fixture
def published(tmp_path: Path) -> Iterator[Published]:
    """A list with releases 1.0 and 1.1."""
    one = Published(tmp_path)
    one.publish("1.0")
    one.publish("1.1")
    yield one
    one.http.shutdown()
    one.http.server_close()


def test_a_published_release_is_fetched_whole(published: Published) -> None:
    release = published.fetch("1.1", counter=1)
    assert (release.version, release.counter) == ("1.1", 3)
    assert release.wheel.read_bytes() == published.wheel("1.1").read_bytes()
    assert published.fetch("1.1", counter=1) == release, "a second time from the disk"


def test_what_is_not_newer_is_not_installed(published: Published) -> None:
    assert published.refused("1.0", counter=2) == "older"
    assert published.refused("1.1", counter=3) == "older"


@pytest.mark.parametrize("version", ["2.0", "", "../1.0", "1.0-py3-none-any.whl", "1" * 99])
def test_what_nobody_published_is_unknown(published: Published, version: str) -> None:
    with pytest.raises(ReleaseRefused) as refused:
        published.fetch(version)
    assert refused.value.code == "unknown"


@pytest.mark.parametrize("root", [OPERATOR, STRANGER])
def test_a_list_under_another_root_is_not_believed(published: Published, root: bytes) -> None:
    assert published.refused("1.1", root=root) == "untrusted"


def test_a_list_that_a_stranger_signs_is_not_believed(published: Published) -> None:
    published.repository.publish(published.wheel("6.6"), KeySigner(Signer(STRANGER)), NOW)
    assert published.refused("6.6") == "untrusted"


def test_a_stranger_with_a_list_of_their_own_is_not_believed(published: Published) -> None:
    published.fetch("1.0")
    shutil.rmtree(published.served)
    published.repository.create(
        KeySigner(Signer(STRANGER)), [public_key(STRANGER)], KeySigner(Signer(STRANGER)), NOW
    )
    published.repository.publish(published.wheel("6.6"), KeySigner(Signer(STRANGER)), NOW)
    assert published.refused("6.6") == "untrusted"


def test_an_older_list_is_not_taken_for_the_newest(published: Published) -> None:
    old = published.copy("old")
    published.publish("1.2")
    published.fetch("1.2")
    published.serve(old, "timestamp.json")
    with pytest.raises(ReleaseRefused) as refused:
        published.fetch("1.1")
    assert refused.value.code == "untrusted"


def test_a_list_that_stands_still_is_believed_for_a_while_only(published: Published) -> None:
    published.repository.refresh(KeySigner(Signer(OPERATOR)), NOW - timedelta(days=34))
    assert published.fetch("1.1").version == "1.1"
    published.repository.refresh(KeySigner(Signer(OPERATOR)), NOW - timedelta(days=36))
    with pytest.raises(ReleaseRefused) as refused:
        published.fetch("1.0")
    assert refused.value.code == "expired"


def test_parts_of_two_lists_do_not_go_together(published: Published) -> None:
    old = published.copy("old")
    published.publish("1.2")
    newest = max(
        (published.served / "metadata").glob("*.snapshot.json"), key=lambda path: path.stat().st_mtime
    )
    before = max((old / "metadata").glob("*.snapshot.json"), key=lambda path: path.stat().st_mtime)
    shutil.copy(before, newest)
    assert published.refused("1.2") == "untrusted"


def test_targets_of_another_list_do_not_go_with_a_snapshot(published: Published) -> None:
    old = published.copy("old")
    published.publish("1.2")
    shutil.copy(old / "metadata/3.targets.json", published.served / "metadata/4.targets.json")
    assert published.refused("1.2") == "untrusted"


def test_a_wheel_with_one_changed_byte_is_not_kept(published: Published) -> None:
    path = next((published.served / "targets").glob("*predvid-1.1*"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert published.refused("1.1") in ("untrusted", "unreachable")


def test_a_new_root_signed_by_the_old_one_is_followed(published: Published) -> None:
    published.fetch("1.0")
    keys = [public_key(OPERATOR)]
    published.repository.rotate(
        KeySigner(Signer(ROOT)), KeySigner(Signer(NEXT)), keys, KeySigner(Signer(OPERATOR)), NOW
    )
    published.publish("1.2")
    assert published.fetch("1.2").version == "1.2", "who pins the old root follows"
    assert published.fetch("1.2", root=NEXT).version == "1.2", "who pins the new one begins with it"
    with pytest.raises(ReleaseRefused, match="pinned root"):
        published.fetch("1.2", root=STRANGER)


def test_a_new_root_that_the_old_one_did_not_sign_is_not_followed(published: Published) -> None:
    keys = [public_key(OPERATOR)]
    signer = KeySigner(Signer(STRANGER))
    published.repository.rotate(signer, signer, keys, KeySigner(Signer(OPERATOR)), NOW)
    assert published.refused("1.1") == "untrusted"


def test_an_operator_who_was_removed_signs_for_nobody(published: Published) -> None:
    published.repository.rotate(
        KeySigner(Signer(ROOT)), KeySigner(Signer(ROOT)), [public_key(NEXT)], KeySigner(Signer(NEXT)), NOW
    )
    assert published.fetch("1.1").version == "1.1"
    published.repository.publish(published.wheel("1.2"), KeySigner(Signer(OPERATOR)), NOW)
    assert published.refused("1.2") == "untrusted"


def test_a_withdrawn_release_is_unknown(published: Published) -> None:
    published.repository.withdraw("1.1", KeySigner(Signer(OPERATOR)), NOW)
    assert published.refused("1.1") == "unknown"
    assert [one.version for one in published.repository.releases()] == ["1.0"]


def test_a_server_without_releases_is_out_of_reach(published: Published) -> None:
    shutil.rmtree(published.served)
    assert published.refused("1.1") == "unreachable"
    published.http.shutdown()
    published.http.server_close()
    assert published.refused("1.1") == "unreachable"


@pytest.mark.parametrize("name", ["timestamp.json", "1.root.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"signed": 7, "signatures": []}', b"\xff" * 99])
def test_a_damaged_list_is_refused_in_one_sentence(published: Published, name: str, content: bytes) -> None:
    (published.served / "metadata" / name).write_bytes(content)
    assert published.refused("1.1") in ("untrusted", "unreachable")


def test_one_version_is_published_once_and_only_wheels_of_the_agent_are(published: Published) -> None:
    with pytest.raises(UserError, match="published already"):
        published.publish("1.1")
    other = published.folder / "other-1.0-py3-none-any.whl"
    shutil.copy(published.wheel("1.2"), other)
    with pytest.raises(UserError, match="no wheel of Predvid"):
        published.repository.publish(other, KeySigner(Signer(OPERATOR)), NOW)
    hollow = published.folder / wheel_name("1.3")
    with zipfile.ZipFile(hollow, "w") as wheel:
        wheel.writestr("predvid/__init__.py", "")
    with pytest.raises(UserError, match="lacks"):
        published.repository.publish(hollow, KeySigner(Signer(OPERATOR)), NOW)
