"""The kernel's tables of sockets and processes: what the readers promise of real rows and of garbage."""

import os
import socket

from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.readers.proc_net import Bound, bound
from predvid.edge.sources.processes import linux_processes, processes
from predvid.edge.sources.sockets import linux_listening, listening

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
REST = "00000000:00000000 00:00000000 00000000     0        0 4321 1 0 100 0 0 10 0"


def test_addresses_of_both_families_and_the_end_of_the_listening_ones() -> None:
    lines = [
        HEAD,
        f"   0: 0100007F:1538 00000000:0000 0A {REST}",
        f"   1: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A {REST}",
        f"   2: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A {REST}",
        f"   3: 0100007F:1538 0100007F:9999 01 {REST}",
        f"   4: 00000000:0017 00000000:0000 0A {REST}",
    ]
    assert list(bound("tcp", lines)) == [
        Bound("tcp", "127.0.0.1", 5432, "4321"),
        Bound("tcp", "::1", 22, "4321"),
        Bound("tcp", "127.0.0.1", 80, "4321"),
    ]


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60) | st.just(f"0: zz:1 0:0 0A {REST}")))
def test_garbage_gives_no_sockets(lines: list[str]) -> None:
    assert list(bound("tcp", lines)) == []


def test_a_socket_that_listens_here_is_found_with_its_program() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for read in (linux_listening, listening):
            (row,) = [row for row in read() if row["port"] == port and row["protocol"] == "tcp"]
            assert row["address"] == "127.0.0.1"
            assert row["process"]
    assert port not in {row["port"] for row in linux_listening() if row["protocol"] == "tcp"}


def test_both_tables_of_processes_know_this_one_alike() -> None:
    mine, portable = (
        next(row for row in read() if row["pid"] == os.getpid()) for read in (linux_processes, processes)
    )
    assert mine["command"] == portable["command"]
    assert mine["name"] == portable["name"]
    assert abs(mine["memory"] - portable["memory"]) < 32 << 20
    assert not mine["zombie"]
