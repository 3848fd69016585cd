"""The units of a new server, in the order in which they are documented to start."""

from pathlib import Path

from faults.fleet_load import opened
from installation import installation
from up_process import wait


def test_the_worker_makes_the_tables_of_a_new_store(tmp_path: Path) -> None:
    with installation(tmp_path / "data") as one:
        one.start("store")
        store = opened(one)
        assert not store.ping(), "the store has no database yet"
        one.start("worker")
        wait(lambda: store.ping() or one.running["worker"].poll() is not None, "the tables")
        store.close()
        assert one.running["worker"].poll() is None, one.log("worker")
