"""The same installation on SQLite and on PostgreSQL, for tests that hold on both.

On PostgreSQL the tables belong to one role and this process connects as another, as the console does: it
sees nobody's rows until a transaction says whose.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from looking import looking_at
from predvid.server.place import Place

if TYPE_CHECKING:  # plugins like this one: pytest loads them itself
    from postgres_fixture import PostgresServer
    from store_fixture import StoreProcess


def _prepared(folder: Path, store: "StoreProcess", **urls: str) -> Place:
    """Return an installation with its tables, its wall and its store prepared."""
    place = Place(folder, store_port=store.port, store_token=store.token, **urls)
    (place.data / "run").mkdir()
    with looking_at(place):
        import_module("predvid.server.setting_up").migrate()
        import_module("predvid.modules.monitoring.stores").store().prepare()
    return place


@pytest.fixture(scope="session")
def plain_place(
    tmp_path_factory: pytest.TempPathFactory, store_process: "StoreProcess", console_tables: None
) -> Place:
    """An installation on SQLite."""
    return _prepared(tmp_path_factory.mktemp("plain"), store_process)


@pytest.fixture(scope="session")
def walled_place(
    tmp_path_factory: pytest.TempPathFactory,
    store_process: "StoreProcess",
    console_tables: None,
    postgres_server: "PostgresServer",
) -> Place:
    """An installation on PostgreSQL, whose tables another role owns than the one that it works under."""
    postgres_server.create("walled")
    app, owner = postgres_server.url("walled", "predvid_app"), postgres_server.url("walled")
    return _prepared(tmp_path_factory.mktemp("walled"), store_process, database_url=app, owner_url=owner)


@pytest.fixture(scope="module")
def walled(walled_place: Place) -> Iterator[Place]:
    """Models and verbs of this process mean the installation on PostgreSQL, as its console sees it."""
    with looking_at(walled_place, all_clients=False):
        yield walled_place


@pytest.fixture(scope="session", params=("plain_place", "walled_place"), ids=("sqlite", "postgresql"))
def either_place(request: pytest.FixtureRequest) -> Place:
    """An installation on this kind of database."""
    place: Place = request.getfixturevalue(request.param)
    return place


@pytest.fixture(scope="module")
def either(either_place: Place) -> Iterator[Place]:
    """Models and verbs of this process mean this installation, as its console sees it."""
    with looking_at(either_place, all_clients=False):
        yield either_place
