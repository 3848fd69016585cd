"""The benches count honestly: frames on the wire, values acknowledged, processes and CPU of a tree."""

import json
import subprocess
import sys
import time

import psutil
import pytest

from peers.active_server import active_server
from peers.process_tree import cpu_seconds, watch
from peers.trapper import Senders, exchange, frame, sender_frame

BURN = "import time\nwhile time.process_time() < 0.3: pass"
PARENT = f"import subprocess, sys, time; subprocess.run([sys.executable, '-c', {BURN!r}]); time.sleep(60)"


def test_a_batch_is_one_sender_request_with_every_value() -> None:
    packet = sender_frame((3, [(0, 1.5), (7, 90.0)]))
    assert packet[:5] == b"ZBXD\x01"
    assert int.from_bytes(packet[5:9], "little") == len(packet) - 13
    assert json.loads(packet[13:]) == {
        "request": "sender data",
        "data": [
            {"host": "device-3", "key": "metric.0", "value": "1.5"},
            {"host": "device-3", "key": "metric.7", "value": "90.0"},
        ],
    }


def test_an_agent_gets_its_items_and_its_values_are_counted() -> None:
    with active_server(["agent.ping", "no.such"], interval_s=60) as server:
        address = ("127.0.0.1", server.port)
        plan = json.loads(exchange(address, frame({"request": "active checks", "host": "device-0"})))
        assert [item["key"] for item in plan["data"]] == ["agent.ping", "no.such"]
        values = [{"itemid": 1, "value": "1"}, {"itemid": 2, "value": "Unknown metric", "state": 1}]
        exchange(address, frame({"request": "agent data", "data": values}))
        assert server.received == 2
        assert server.unsupported == {"no.such": "Unknown metric"}


def test_a_refused_connection_ends_the_load_with_its_error() -> None:
    with active_server([], interval_s=60) as server:
        closed = server.port
    with pytest.raises(ConnectionRefusedError):
        Senders(("127.0.0.1", closed), [b"x"], connections=2).run(seconds=5)


def test_cpu_and_children_of_a_tree_are_counted_even_when_a_child_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT]) as parent:
        try:
            figures = watch(parent.pid, seconds=2, name="burner")
            deadline = time.monotonic() + 30
            while cpu_seconds([parent.pid]) < 0.2 and time.monotonic() < deadline:
                time.sleep(0.05)
            assert cpu_seconds([parent.pid]) >= 0.2  # it burns 0.3, counted in ticks of 0.01
        finally:
            parent.kill()
    assert figures.processes_spawned == 1
    assert figures.rss_peak_mb >= figures.rss_mb > 1


def test_watching_a_process_that_ended_says_so() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    with pytest.raises(psutil.NoSuchProcess):
        watch(ended.pid, seconds=0.1, name="gone")


def test_an_observer_can_be_left_out() -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
        try:
            assert cpu_seconds([busy.pid], without=[busy.pid]) == 0.0
        finally:
            busy.kill()
