"""The same installation on SQLite and on PostgreSQL, for tests that hold on both.

On PostgreSQL the tables belong to one role and this process connects as another, as the console does: it
sees nobody's rows until a transaction says whose.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from looking import looking_at
from predvid.server.place import Place

if TYPE_CHECKING:  # plugins like this one: pytest loads them itself
    from postgres_fixture import PostgresServer
    from store_fixture import StoreProcess

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session", params=KINDS)
def either_place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    store_process: "StoreProcess",
    console_tables: None,
) -> Place:
    """An installation on this kind of database, with its tables, its wall and its store prepared."""
    urls = {"database_url": "", "owner_url": ""}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        server.create("walled")
        urls = {"database_url": server.url("walled", "predvid_app"), "owner_url": server.url("walled")}
    place = Place(
        tmp_path_factory.mktemp(request.param),
        store_port=store_process.port,
        store_token=store_process.token,
        **urls,
    )
    (place.data / "run").mkdir()
    with looking_at(place):
        import_module("predvid.server.setting_up").migrate()
        import_module("predvid.modules.monitoring.stores").store().prepare()
    return place


@pytest.fixture(scope="module")
def either(either_place: Place) -> Iterator[Place]:
    """Models and verbs of this process mean this installation, as its console sees it."""
    with looking_at(either_place, all_clients=False):
        yield either_place
