"""The one PowerShell: asked from many threads, killed when it hangs, rested, ended when idle."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from predvid.checks.errors import CannotRead, NotHere
from predvid.edge.sources import powershell_host
from predvid.edge.sources.powershell_host import PowerShellHost, TwoLanes

STAND_IN = Path(__file__).with_name("powershell_stand_in.py")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def host(manner: str, **options: Any) -> PowerShellHost:
    return PowerShellHost([sys.executable, str(STAND_IN), manner], **options)


def reason(asked: PowerShellHost, argument: str = "Win32_Service") -> CannotRead:
    with pytest.raises(CannotRead) as caught:
        asked.wmi(argument)
    return caught.value


def test_many_threads_get_each_its_own_answer_from_one_process() -> None:
    asked = host("well")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: asked.wmi(f"Win32_C{n} Name"), range(40)))
    asked.close()
    assert [answer["words"][2] for answer in answers] == [f"Win32_C{n}" for n in range(40)]
    assert len({answer["pid"] for answer in answers}) == 1
    assert answers[0]["text"] == "č" * 10


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("Win32_Service", ["wmi", "root/cimv2", "Win32_Service", "", ""]),
        ("root/wmi:MSStorage_X A,B", ["wmi", "root/wmi", "MSStorage_X", "A,B", ""]),
        ("C A WHERE LocalAccount=TRUE", ["wmi", "root/cimv2", "C", "A", "LocalAccount=TRUE"]),
        ("C WHERE A IS NOT NULL AND B=3", ["wmi", "root/cimv2", "C", "", "A IS NOT NULL AND B=3"]),
    ],
)
def test_a_query_reaches_the_process_in_its_parts(argument: str, words: list[str]) -> None:
    asked = host("well")
    assert asked.wmi(argument)["words"] == words
    asked.close()


@pytest.mark.parametrize(
    "argument",
    [
        "",
        "A;B",
        "A B\tC",
        "A\nB",
        "A WHERE B='x'",
        "A WHERE 1=1",
        "root/x;y:A",
        "A B WHERE",
        "A " + "b" * 99999 + "!",
    ],
)
def test_what_is_no_query_never_reaches_the_process(argument: str) -> None:
    assert reason(PowerShellHost(["/nowhere/powershell"]), argument).said.id == "read.unexpected"


@pytest.mark.parametrize(
    "argument", ["../x", "nothing", "host/host", "events ;x", "events a\tb", "events $(x)", "events  "]
)
def test_only_packaged_scripts_with_plain_arguments_run(argument: str) -> None:
    with pytest.raises(CannotRead) as caught:
        PowerShellHost(["/nowhere/powershell"]).script(argument)
    assert caught.value.said.id in ("read.unexpected", "read.not_supported")


def test_a_script_is_given_by_its_path_and_may_ask_for_more_time(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(powershell_host, "SCRIPTS", tmp_path)
    (tmp_path / "slow.ps1").write_text("# What it does\n# timeout: 1\n")
    asked = host("hangs", timeout=3600)
    with pytest.raises(CannotRead) as caught:
        asked.script("slow System 41,1074")
    assert caught.value.said.values == {"what": "PowerShell slow", "seconds": 1.0}
    well = host("well")
    assert well.script("slow System 41,1074")["words"] == [
        "script",
        str(tmp_path / "slow.ps1"),
        "System",
        "41,1074",
    ]
    well.close()


def test_a_script_that_may_take_minutes_holds_up_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(powershell_host, "SCRIPTS", tmp_path)
    (tmp_path / "slow.ps1").write_text("# timeout: 240\n")
    (tmp_path / "quick.ps1").write_text("# timeout: 60\n")
    quick, slow = host("well"), host("well")
    lanes = TwoLanes(quick, slow)
    pid = quick.wmi("Win32_Service")["pid"]
    assert lanes.script("quick x")["pid"] == pid
    assert lanes.script("slow x")["pid"] != pid
    with pytest.raises(NotHere):
        lanes.script("../slow")
    quick.close()
    slow.close()


@pytest.mark.parametrize(
    ("manner", "said", "part"),
    [
        ("hangs", "read.timed_out", "WMI Win32_Service"),
        ("dies", "read.unexpected", "the last words: čšž"),
        ("forbidden", "read.unexpected", "scripts are forbidden here"),
        ("garbage", "read.unexpected", "no JSON"),
        ("nested", "read.unexpected", "no JSON"),
        ("other", "read.unexpected", "another question"),
        ("floods", "read.too_large", "WMI Win32_Service"),
    ],
)
def test_a_bad_process_is_killed_and_the_next_question_gets_a_new_one(
    manner: str, said: str, part: str
) -> None:
    asked = host(manner, timeout=1 if manner == "hangs" else 20)
    error = reason(asked)
    assert error.said.id == said
    assert part in str(error.said.values)
    if manner != "forbidden":
        assert asked.wmi("Win32_Fine")["words"][2] == "Win32_Fine"
    asked.close()


def test_failures_in_a_row_bring_growing_rests_and_an_answer_ends_them() -> None:
    clock = Clock()
    asked = host("dies", clock=clock)
    rests = []
    for _ in range(9):
        assert reason(asked).said.id == "read.unexpected"
        resting = reason(asked) if rests else None
        if resting is None:  # the first failure costs no rest
            rests.append(0)
            continue
        assert resting.said.id == "read.resting"
        rests.append(int(str(resting.said.values["seconds"])))
        clock.now += rests[-1]
    assert rests == [0, 10, 20, 40, 80, 160, 320, 600, 600]
    assert asked.wmi("Win32_Fine")
    assert reason(asked).said.id == "read.unexpected"
    assert asked.wmi("Win32_Fine"), "the failures before were forgotten"
    asked.close()


def test_an_error_of_the_question_kills_nothing_and_says_what_it_means() -> None:
    asked = host("missing")
    with pytest.raises(NotHere):
        asked.wmi("Win32_NoSuch")
    process = asked._child
    with pytest.raises(NotHere):
        asked.script("events System all 60")
    assert process is not None
    assert asked._child is process
    asked.close()
    denied, failed = host("denied"), host("failed")
    assert reason(denied).said.id == "read.permission_denied"
    assert reason(failed).said.values["detail"] == "zašto"
    denied.close()
    failed.close()


def test_a_missing_powershell_is_told() -> None:
    assert reason(PowerShellHost(["/nowhere/powershell"])).said.id == "read.tool_missing"


def test_an_idle_process_ends_and_the_next_question_starts_another() -> None:
    asked = host("well", idle=0.2)
    first = asked.wmi("Win32_Service")["pid"]
    child = asked._child
    assert child is not None
    child.process.wait(20)
    assert asked.wmi("Win32_Service")["pid"] != first
    asked.close()


def test_the_process_ends_by_itself_when_its_input_is_closed() -> None:
    asked = host("well")
    asked.wmi("Win32_Service")
    child = asked._child
    assert child is not None
    assert child.process.stdin is not None
    child.process.stdin.close()
    assert child.process.wait(20) == 0
    asked.close()
