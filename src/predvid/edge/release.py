"""Finds the release that operators published: TUF metadata under the pinned root, then the wheel.

The server only carries files: root, targets, snapshot and timestamp are signed off it. What is older than
what was seen before, expired, mixed from two states or signed by other keys is refused by the TUF client
workflow (The Update Framework specification 1.0, section 5).
"""

import http.client
import re
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from securesystemslib.exceptions import StorageError
from tuf.api.exceptions import DownloadError, DownloadHTTPError, ExpiredMetadataError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from predvid.core.trust import digest
from predvid.edge.proxy import Address
from predvid.edge.released import Release, ReleaseRefused

PREFIX = "/agent/v1/releases"
TIMEOUT = 30.0  # seconds that one reading may take
CHUNK = 1 << 16
MAX_ROOTS = 64  # versions of root.json that are looked through for the pinned key
MAX_METADATA = 512_000
MAX_WHEEL = 64 << 20
VERSION = re.compile(r"[0-9][0-9A-Za-z.+]{0,31}")


def wheel_name(version: str) -> str:
    """Return the file name of the agent's wheel of a version (PyPA binary distribution format)."""
    return f"predvid-{version}-py3-none-any.whl"


class Fetcher(FetcherInterface):
    """Fetches files of one server, by its proxy, over TLS that is verified."""

    def __init__(self, server: Address, proxy: Address | None, tls: ssl.SSLContext | None) -> None:
        self._server, self._proxy, self._tls = server, proxy, tls

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = urlsplit(url).path
        connection, target, headers = self._open(path)
        try:
            connection.request("GET", target, headers=headers)
            with connection.getresponse() as response:
                if response.status != http.HTTPStatus.OK:
                    raise DownloadHTTPError(f"{path}: HTTP status {response.status}", response.status)
                while chunk := response.read(CHUNK):
                    yield chunk
        except (OSError, http.client.HTTPException) as error:
            raise DownloadError(f"{path}: {error or type(error).__name__}") from None
        finally:
            connection.close()

    def _open(self, path: str) -> tuple[http.client.HTTPConnection, str, dict[str, str]]:
        where, headers = self._proxy or self._server, {"User-Agent": "predvid-agent"}
        login = self._proxy.authorization if self._proxy else ""
        if not self._server.tls:
            target = f"http://{self._server.netloc}{path}" if self._proxy else path
            headers |= {"Host": self._server.netloc} | ({"Proxy-Authorization": login} if login else {})
            return http.client.HTTPConnection(where.host, where.port, timeout=TIMEOUT), target, headers
        secure = http.client.HTTPSConnection(where.host, where.port, timeout=TIMEOUT, context=self._tls)
        if self._proxy:
            tunnel = {"Proxy-Authorization": login} if login else {}
            secure.set_tunnel(self._server.host, self._server.port, tunnel)
        return secure, path, headers


class Releases:
    """The releases of one server, for an agent that believes `root`: the SHA-256 digest of a public key."""

    def __init__(self, root: bytes, address: str, fetcher: Fetcher, folder: Path) -> None:
        self._root, self._fetcher, self._folder = root, fetcher, folder
        self._base = f"{address.rstrip('/')}{PREFIX}"

    def fetch(self, version: str, counter: int) -> Release:
        """Return the release `version`, downloaded; its counter must be above `counter`.

        Raises ReleaseRefused: `unreachable`, `expired`, `untrusted` (signatures, versions that went back,
        parts that do not fit each other), `unknown` (no such version), `older`, `disk`.
        """
        try:
            return self._fetched(version, counter)
        except ExpiredMetadataError:
            said = (
                "the signed list of releases has expired; an operator refreshes it: predvid release refresh"
            )
            raise ReleaseRefused("expired", said) from None
        except DownloadHTTPError as error:
            raise ReleaseRefused("unreachable", f"the server offers no releases ({error})") from None
        except DownloadError as error:
            raise ReleaseRefused("unreachable", f"the releases cannot be fetched: {error}") from None
        except (RepositoryError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReleaseRefused("untrusted", f"the list of releases is not believed: {error}") from None
        except (OSError, StorageError) as error:
            raise ReleaseRefused("disk", f"the release cannot be kept: {error}") from None

    def _fetched(self, version: str, counter: int) -> Release:
        for name in ("metadata", "targets"):
            (self._folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        updater = Updater(
            str(self._folder / "metadata"),
            f"{self._base}/metadata/",
            str(self._folder / "targets"),
            f"{self._base}/targets/",
            self._fetcher,
            UpdaterConfig(root_max_length=MAX_METADATA, targets_max_length=MAX_METADATA),
            bootstrap=self._first_root(),
        )
        updater.refresh()
        target, found = self._wanted(updater, version)
        if found <= counter:
            said = f"release {version} ({found}) is not newer than what was installed here ({counter})"
            raise ReleaseRefused("older", said)
        path = updater.find_cached_target(target) or updater.download_target(target)
        return Release(version, found, Path(path))

    def _first_root(self) -> bytes:
        """Return the oldest root metadata whose only root key is the one that is believed, signed by it."""
        for number in range(1, MAX_ROOTS + 1):
            try:
                with self._fetcher.download_file(
                    f"{self._base}/metadata/{number}.root.json", MAX_METADATA
                ) as file:
                    data: bytes = file.read()
            except DownloadHTTPError:
                if number == 1:
                    raise
                break
            if self._is_pinned(data):
                return data
        raise ReleaseRefused("untrusted", "no list of releases here is signed by the pinned root")

    def _is_pinned(self, data: bytes) -> bool:
        metadata: Metadata[Root] = Metadata.from_bytes(data)
        root = metadata.signed
        if not isinstance(root, Root):
            return False
        role = root.roles[Root.type]
        keys = [bytes.fromhex(root.keys[id].keyval["public"]) for id in role.keyids]
        if len(keys) != 1 or digest(keys[0]) != self._root or role.threshold != 1:
            return False
        root.verify_delegate(Root.type, metadata.signed_bytes, metadata.signatures)
        return True

    @staticmethod
    def _wanted(updater: Updater, version: str) -> tuple[TargetFile, int]:
        if not VERSION.fullmatch(version):
            raise ReleaseRefused("unknown", "the plan names no possible version")
        target = updater.get_targetinfo(wheel_name(version))
        if target is None:
            raise ReleaseRefused("unknown", f"no operator has published a release {version}")
        custom: Any = target.custom
        counter = custom.get("counter") if isinstance(custom, dict) else None
        if type(counter) is not int or target.length > MAX_WHEEL:
            raise ReleaseRefused("untrusted", f"release {version} has no counter, or is too large")
        return target, counter
