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
from predvid.core.outgoing import opened
from predvid.server import command_line
from predvid.server.listening import EVERYWHERE, LOOPBACK

BUSY_SECONDS = 20
SQLITE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


@dataclass(frozen=True)
class Place:
    """One installation: `data` holds everything, unless `database_url` names a PostgreSQL.

    `address` is the one that people and agents use (`http://127.0.0.1:8700`), `local` the same gateway as
    this machine reaches it. `owner_url` names the role that owns the tables of the same PostgreSQL, for
    `migrate` alone: no other process is told, and nothing writes it down.
    """

    data: Path
    address: str = "http://127.0.0.1:8700"
    local: str = "http://127.0.0.1:8700"
    store_host: str = "127.0.0.1"
    store_port: int = 0
    store_token: str = ""
    database_url: str = ""
    owner_url: str = ""
    extra_hosts: tuple[str, ...] = ()
    secrets_file: str = ""
    fetch_ranges: tuple[str, ...] = ()  # private ranges that the server itself may call
    fetch_ports: tuple[int, ...] = ()  # and ports beyond the usual ones

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> "Place":
        """Read PREDVID_DATA, _ADDRESS, _STORE_HOST, _STORE_PORT, _STORE_TOKEN, _DATABASE_URL, _HOSTS,
        _SECRETS_KEY.

        PREDVID_FETCH_RANGES and _FETCH_PORTS too, and PREDVID_DATABASE_OWNER_URL, where `migrate` is told it.
        Raises UserError where the ranges or ports make no sense.
        """
        ranges, ports = _listed(env, "PREDVID_FETCH_RANGES"), _listed(env, "PREDVID_FETCH_PORTS")
        try:
            opened_ranges = tuple(str(opened(text)) for text in ranges)
            opened_ports = tuple(int(text) for text in ports)
        except ValueError as error:
            raise UserError(
                f"PREDVID_FETCH_RANGES or PREDVID_FETCH_PORTS is not understood: {error}."
            ) from None
        data = Path(env.get("PREDVID_DATA", "data")).absolute()
        return cls(
            data=data,
            address=env.get("PREDVID_ADDRESS", cls.address),
            local=env.get("PREDVID_LOCAL", env.get("PREDVID_ADDRESS", cls.local)),
            store_host=env.get("PREDVID_STORE_HOST", cls.store_host),
            store_port=int(env.get("PREDVID_STORE_PORT", "0")),
            store_token=env.get("PREDVID_STORE_TOKEN", ""),
            database_url=env.get("PREDVID_DATABASE_URL", ""),
            owner_url=env.get("PREDVID_DATABASE_OWNER_URL", ""),
            secrets_file=env.get("PREDVID_SECRETS_KEY", ""),
            extra_hosts=_listed(env, "PREDVID_HOSTS"),
            fetch_ranges=opened_ranges,
            fetch_ports=opened_ports,
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
            "PREDVID_SECRETS_KEY": self.secrets_file,
            "PREDVID_FETCH_RANGES": ",".join(self.fetch_ranges),
            "PREDVID_FETCH_PORTS": ",".join(map(str, self.fetch_ports)),
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

    @classmethod
    def looked_at(cls, data: Path) -> "Place | None":
        """Return the installation that a verb looks at: the units' own, or the one described in `data`."""
        if command_line.installed_by_units():
            return cls.from_environment(os.environ)
        return cls.described(data)

    def command(self, *words: str) -> str:
        """Return `predvid words...` for this installation, whole, to be pasted in a shell of this machine."""
        return command_line.pasted(self.data, *words)

    def start(self, *more: str) -> str:
        """Return the `predvid up` that starts this installation where it listened last, to be pasted.

        With `more` it is the one that listens as those options say.
        """
        port = urlsplit(self.local).port or command_line.USUAL_PORT
        words = ["up", *([] if port == command_line.USUAL_PORT else ["--port", str(port)])]
        return self.command(*words, *(more or self._listening()))

    def _listening(self) -> list[str]:
        """Return the options of `predvid up` that gave this address; none on loopback."""
        address, local = urlsplit(self.address), urlsplit(self.local).hostname or "127.0.0.1"
        if address.scheme != "https":
            return [] if local == "127.0.0.1" else ["--listen", local]
        everywhere = EVERYWHERE[0] if local == "127.0.0.1" else local
        return ["--listen", everywhere, "--name", address.hostname or local]

    @property
    def only_here(self) -> bool:
        """Tell whether no other machine can reach the address: it is a loopback one."""
        return (urlsplit(self.address).hostname or "127.0.0.1") in LOOPBACK

    def opening(self) -> str:
        """Return the command that starts this installation so that other machines reach it.

        Empty where `predvid up` does not start it: then its environment file says how it listens.
        """
        by_up = (self.data / "run" / "place.json").exists()
        return self.start("--listen", EVERYWHERE[0]) if by_up else ""

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

    @property
    def secrets_key(self) -> Path:
        """Return the file with the master key of the secrets: `keys/secrets.key`, or where it was put."""
        return Path(self.secrets_file).absolute() if self.secrets_file else self.data / "keys" / "secrets.key"

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

    def database(self, *, all_clients: bool = True) -> dict[str, Any]:
        """Return Django's description of the database: SQLite in `data`, or the PostgreSQL named.

        On PostgreSQL a connection sees the rows of all clients from its start, or (not `all_clients`, the
        console's) none until a transaction says whose (`access.tenancy`).
        """
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
        rows = " -c predvid.clients=*" if all_clients else ""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "CONN_MAX_AGE": 300,
            "OPTIONS": {"options": "-c synchronous_commit=on" + rows},
            **_connection("PREDVID_DATABASE_URL", self.database_url),
        }

    def owners_database(self) -> dict[str, Any]:
        """Return where and as whom the owner of the tables connects; as the application does if not told."""
        return _connection("PREDVID_DATABASE_OWNER_URL", self.owner_url or self.database_url)


def _connection(variable: str, url: str) -> dict[str, Any]:
    """Return the parts of a PostgreSQL URL as Django names them. Raises UserError for another database's."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise UserError(f"{variable} must start with postgresql://, not {parts.scheme}://")
    return {
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
    }


def _listed(env: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part for part in env.get(name, "").split(",") if part)


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
