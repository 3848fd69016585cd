"""The wire to the store: one pooled ClickHouse client, its failures sorted into retry later and never."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import clickhouse_connect
from clickhouse_connect.driver import httputil
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, Error
from urllib3.exceptions import HTTPError

T = TypeVar("T")
Parameters = Mapping[str, Any]
Row = Sequence[Any]

# Error numbers of ClickHouse that say "these rows" or "this statement"; all others may pass by waiting.
_CANNOT_PARSE = (
    6,
    25,
    26,
    27,
    32,
    33,
    38,
    41,
    69,
    70,
    72,
    117,
    128,
    130,
    131,
    321,
    349,
    376,
    407,
    432,
    441,
    457,
)
_BAD_STATEMENT = (8, 9, 10, 16, 20, 36, 42, 43, 46, 47, 50, 53, 62, 115, 190, 386, 456)
_REFUSING = frozenset((*_CANNOT_PARSE, *_BAD_STATEMENT))


class StoreUnavailable(Exception):
    """The store did not take or answer the request, and may do so later: nothing is lost by trying again."""


class StoreRefused(Exception):
    """The store will never take these rows or arguments; trying again is useless."""


class Link:
    """A ClickHouse client that threads may share: connections are kept alive in a pool, no server session."""

    def __init__(
        self, host: str, port: int, token: str, database: str, timeout: float, connections: int
    ) -> None:
        self._address: dict[str, Any] = {"host": host, "port": port, "username": "default", "password": token}
        self._database = database
        self._timeout = timeout
        self._pool = httputil.get_pool_manager(maxsize=connections, num_pools=2, block=False)
        self._guard = threading.Lock()
        self._client: Client | None = None

    def command(self, sql: str, parameters: Parameters | None = None, *, database: bool = True) -> None:
        """Run a statement that returns nothing. Raises StoreUnavailable, StoreRefused."""
        self._guarded(
            lambda client: client.command(sql, parameters=dict(parameters or {}), use_database=database)
        )

    def rows(self, sql: str, parameters: Parameters | None = None) -> Sequence[Row]:
        """Run a query and return its rows. Raises StoreUnavailable, StoreRefused."""
        return self._guarded(lambda client: client.query(sql, parameters=dict(parameters or {})).result_rows)

    def native(self, table: str, columns: Sequence[str], block: bytes) -> None:
        """Insert one packed Native block. Raises StoreUnavailable, StoreRefused."""
        self._guarded(lambda client: client.raw_insert(table, columns, block, fmt="Native"))

    def insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows of column -> JSON-like value. Raises StoreUnavailable, StoreRefused."""
        if rows:
            block = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
            self._guarded(lambda client: client.raw_insert(table, None, block, fmt="JSONEachRow"))

    def close(self) -> None:
        """Close the kept connections."""
        with self._guard:
            client, self._client = self._client, None
        if client is not None:
            client.close()
        self._pool.clear()

    def _open(self) -> Client:
        with self._guard:
            if self._client is None:
                self._client = clickhouse_connect.get_client(
                    **self._address,
                    pool_mgr=self._pool,
                    compress=False,  # loopback: compressing costs more than it saves
                    autogenerate_session_id=False,
                    connect_timeout=5,
                    send_receive_timeout=self._timeout,
                    settings={"async_insert": 0, "max_execution_time": max(1, int(self._timeout))},
                )
                self._client.database = self._database
            return self._client

    def _guarded(self, work: Callable[[Client], T]) -> T:
        try:
            return work(self._open())
        except Error as error:
            if error.code in _REFUSING:
                raise StoreRefused(str(error)) from error
            raise StoreUnavailable(str(error)) from error
        except (ClickHouseError, HTTPError, OSError) as error:
            raise StoreUnavailable(str(error)) from error
