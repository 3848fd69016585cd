"""One running installation for the tests that drive the wire and read its tables from this process.

Django was set up once (`console_fixture`); while a module uses `ground`, it looks at this one instead.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from installation import Installation, free_port
from looking import looking_at
from predvid.modules.monitoring.store import Store
from predvid.server.place import Place
from simulated import Link

if TYPE_CHECKING:  # a plugin like this one: pytest loads it itself
    from store_fixture import StoreProcess


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, store_process: "StoreProcess") -> Place:
    """The place of the installation, with its tables and store prepared."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    place = Place(
        tmp_path_factory.mktemp("ground"),
        address=address,
        local=address,
        store_port=store_process.port,
        store_token=store_process.token,
    )
    (place.data / "run").mkdir()
    with looking_at(place):
        import_module("predvid.server.setting_up").migrate()
        import_module("predvid.modules.monitoring.stores").store().prepare()
    return place


@pytest.fixture(scope="module")
def ground(place: Place) -> Iterator[Store]:
    """Models and verbs of this process mean the installation; gives its store."""
    with looking_at(place):
        yield import_module("predvid.modules.monitoring.stores").store()


@pytest.fixture(scope="session")
def running_gateway(place: Place) -> Iterator[Installation]:
    """The gateway process of the installation, which runs to the end of all tests."""
    one = Installation(place, int(place.address.rpartition(":")[2]))
    one.start("gateway")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def gateway(running_gateway: Installation, ground: Store) -> Installation:
    """A running gateway, with models and verbs of this process on its tables."""
    return running_gateway


@pytest.fixture
def link(gateway: Installation) -> Iterator[Link]:
    """A kept connection to the gateway."""
    link = Link(gateway.port)
    yield link
    link.close()
