"""Where an installation lives: its data directory, ports, keys and database, as its processes are told."""

import hashlib
import json
import os
import secrets
import ssl
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from predvid.core.errors import UserError

BUSY_SECONDS = 20
SQLITE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


@dataclass(frozen=True)
class Place:
    """One installation: `data` holds everything, unless `database_url` names a PostgreSQL.

    `address` is the one that people and agents use (`http://127.0.0.1:8700`), `local` the same gateway as
    this machine reaches it.
    """

    data: Path
    address: str = "http://127.0.0.1:8700"
    local: str = "http://127.0.0.1:8700"
    store_host: str = "127.0.0.1"
    store_port: int = 0
    store_token: str = ""
    database_url: str = ""
    extra_hosts: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Place":
        """Read PREDVID_DATA, _ADDRESS, _STORE_HOST, _STORE_PORT, _STORE_TOKEN, _DATABASE_URL, _HOSTS."""
        data = Path(env.get("PREDVID_DATA", "data")).absolute()
        return cls(
            data=data,
            address=env.get("PREDVID_ADDRESS", cls.address),
            local=env.get("PREDVID_LOCAL", env.get("PREDVID_ADDRESS", cls.local)),
            store_host=env.get("PREDVID_STORE_HOST", cls.store_host),
            store_port=int(env.get("PREDVID_STORE_PORT", "0")),
            store_token=env.get("PREDVID_STORE_TOKEN", ""),
            database_url=env.get("PREDVID_DATABASE_URL", ""),
            extra_hosts=tuple(host for host in env.get("PREDVID_HOSTS", "").split(",") if host),
        )

    def environment(self) -> dict[str, str]:
        """Return the variables from which `from_environment` makes this place again."""
        return {
            "PREDVID_DATA": str(self.data),
            "PREDVID_ADDRESS": self.address,
            "PREDVID_LOCAL": self.local,
            "PREDVID_STORE_HOST": self.store_host,
            "PREDVID_STORE_PORT": str(self.store_port),
            "PREDVID_STORE_TOKEN": self.store_token,
            "PREDVID_DATABASE_URL": self.database_url,
            "PREDVID_HOSTS": ",".join(self.extra_hosts),
            "DJANGO_SETTINGS_MODULE": "predvid.server.settings",
        }

    def describe(self) -> None:
        """Leave a description in `run/place.json` (readable by us only) for the other verbs."""
        path = self.data / "run" / "place.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(self.environment()))

    @classmethod
    def described(cls, data: Path) -> "Place | None":
        """Return the installation that `describe` left in `data`, None where there is none."""
        try:
            return cls.from_environment(json.loads((data / "run" / "place.json").read_text()))
        except (OSError, ValueError):
            return None

    @property
    def hosts(self) -> list[str]:
        """Return the host names under which the console answers."""
        host = urlsplit(self.address).hostname or "127.0.0.1"
        return list(dict.fromkeys((host, "127.0.0.1", "localhost", "[::1]", *self.extra_hosts)))

    @property
    def origins(self) -> list[str]:
        """Return the origins from which forms may be posted."""
        parts = urlsplit(self.address)
        port = f":{parts.port}" if parts.port else ""
        return [f"{parts.scheme}://{host}{port}" for host in self.hosts]

    @property
    def socket(self) -> Path:
        """Return the Unix socket between gateway and console (short: the system allows about 100 bytes)."""
        return self.data / "run" / "console.sock"

    def secret(self, name: str) -> str:
        """Return the secret kept in `keys/<name>` (hexadecimal), made on first use, for our eyes only."""
        path = self.data / "keys" / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _make_secret(path)
        if value := path.read_text().strip():
            return value
        raise UserError(f"{path} is empty; restore it from a backup or delete it.")

    def ca_pem(self) -> bytes | None:
        """Return the certificate (PEM) of the installation's own authority, None without TLS."""
        path = self.data / "tls" / "ca.pem"
        return path.read_bytes() if self.address.startswith("https://") and path.exists() else None

    def ca_fingerprint(self) -> str:
        """Return the SHA-256 of the authority's certificate (DER) in hexadecimal, `-` without one."""
        pem = self.ca_pem()
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.decode())).hexdigest() if pem else "-"

    def root_fingerprint(self) -> str:
        """Return the SHA-256 of the trust root in hexadecimal, empty while there is none."""
        path = self.data / "trust" / "root"
        return path.read_text().strip() if path.exists() else ""

    def database(self) -> dict[str, Any]:
        """Return Django's description of the database: SQLite in `data`, or the PostgreSQL named."""
        if not self.database_url:
            self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            return {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(self.data / "predvid.sqlite3"),
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "timeout": BUSY_SECONDS,
                    "transaction_mode": "IMMEDIATE",
                    "init_command": SQLITE,
                },
            }
        parts = urlsplit(self.database_url)
        if parts.scheme not in ("postgresql", "postgres"):
            raise UserError(f"PREDVID_DATABASE_URL must start with postgresql://, not {parts.scheme}://")
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": parts.port or "",
            "CONN_MAX_AGE": 300,
            "OPTIONS": {"options": "-c synchronous_commit=on"},
        }


def _make_secret(path: Path) -> None:
    """Write a new secret whole or not at all, whatever happens; the first of several writers wins."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")  # mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        os.unlink(name)
