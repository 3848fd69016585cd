"""The supervisor keeps what once ran running, keeps logs short, and lets every part end well."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from predvid.core.errors import UserError
from predvid.server import supervisor as module
from predvid.server.place import Place
from predvid.server.supervisor import MAX_FAST_DEATHS, MAX_WAIT, Part, Supervisor
from up_process import wait

ASKED = "import signal, sys; signal.signal(signal.SIGTERM, {}); print(flush=True); signal.pause()"
WILLING, DEAF = ASKED.format("lambda *_: sys.exit(0)"), f"{ASKED.format('signal.SIG_IGN')}; signal.pause()"


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(Place(tmp_path))


def test_what_dies_later_is_tried_again_for_ever(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAIT", 0.0)
    part = Part("store", ["no-such-verb"])
    supervisor.start(part)
    watching = threading.Thread(target=supervisor.watch)
    watching.start()
    wait(lambda: part.fast_deaths > MAX_FAST_DEATHS, "it has died often")
    assert watching.is_alive()
    assert not supervisor.failed
    supervisor.stop.set()
    watching.join()
    supervisor.end()


def test_what_dies_at_the_start_of_all_ends_it(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WAIT", 0.0)
    supervisor.start(Part("store", ["no-such-verb"]))
    with pytest.raises(UserError, match="The store does not stay up") as said:
        supervisor.wait(lambda: False, 60, "never")
    assert "no-such-verb" in str(said.value)
    supervisor.end()


def test_pauses_grow_to_a_bound_however_long_it_lasts() -> None:
    pauses = [module._pause(Part("store", [], fast_deaths=deaths)) for deaths in (0, 3, 8, 100_000)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == MAX_WAIT


def test_a_part_that_cannot_even_be_started_is_due_again(supervisor: Supervisor) -> None:
    part = Part("store", [])
    (supervisor.place.data / "log").touch()  # in the way of its log, as a full disk would be
    supervisor._again(part)
    assert part.process is None
    assert part.due > 0


def test_a_long_log_is_put_aside_while_its_part_goes_on_writing(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_LOG", 100)
    with supervisor._log("gateway") as log:
        log.write(b"old" * 100)
        log.flush()
        supervisor.trim_logs()
        log.write(b"new")
    path = supervisor.log_path("gateway")
    assert path.read_bytes() == b"new"
    assert path.with_suffix(".log.1").read_bytes() == b"old" * 100


def test_a_stuck_part_leaves_the_others_time_to_end_well(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PART_SECONDS", 1.0)
    processes = []
    for name, code in (("store", WILLING), ("agent", DEAF)):
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdout is not None
        process.stdout.readline()
        supervisor.parts.append(Part(name, [], process))
        processes.append(process)
    supervisor.end()
    assert [process.returncode for process in processes] == [0, -signal.SIGKILL]
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()
