"""What applications write down for themselves: odd files in, rows out; secrets stay on the device."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.readers import cups, hyperv, iis, mysql, postgresql, sql_server, web_status, windows_tasks
from predvid.checks.readers.crontabs import BadLine, CronJob, jobs, masked
from predvid.checks.readers.timers import timers
from predvid.checks.readers.windows_services import services

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "read",
    [
        cups.printers,
        cups.waiting_jobs,
        web_status.nginx,
        web_status.apache,
        postgresql.parse,
        mysql.pairs,
        mysql.replicas,
        lambda text: list(timers(text)),
    ],
)
@given(text=st.text(max_size=400))
def test_any_text_is_read_or_passed_over(read: Callable[[str], Any], text: str) -> None:
    read(text)


@pytest.mark.parametrize(
    "read",
    [
        services,
        lambda rows: list(iis.parts(rows)),
        lambda rows: list(windows_tasks.tasks(rows, ())),
        lambda rows: list(sql_server.databases(rows)),
        lambda rows: hyperv.guests(rows, rows),
    ],
)
@given(answer=JSON)
def test_any_answer_of_windows_is_read_or_passed_over(read: Callable[[Any], Any], answer: Any) -> None:
    read(answer)


@pytest.mark.parametrize(
    ("line", "system", "job"),
    [
        ("*/5 * * * * /x", False, CronJob("*/5 * * * *", "", "/x")),
        ("0 4 * jan-mar mon,fri root /x -a b", True, CronJob("0 4 * jan-mar mon,fri", "root", "/x -a b")),
        ("@reboot root /x", True, CronJob("@reboot", "root", "/x")),
        ("-0~30 1 * * * root /x", True, CronJob("0~30 1 * * *", "root", "/x")),
    ],
)
def test_lines_of_crontabs(line: str, system: bool, job: CronJob) -> None:
    assert list(jobs(f"# comment\nMAILTO=x@example.org\n\n{line}\n", system)) == [job]


@pytest.mark.parametrize("line", ["0 4 * * root", "@often root /x", "0 4 * * $ root /x", "nonsense"])
def test_lines_that_cron_refuses(line: str) -> None:
    with pytest.raises(BadLine):
        list(jobs(line, system=True))


@pytest.mark.parametrize(
    "command",
    [
        "mysqldump -uana -pTAJNA shop",
        "/x --password=TAJNA",
        "/x --password TAJNA --to nas",
        "curl https://ana:TAJNA@example.org/",
        "TOKEN=TAJNA /x",
        "curl -H 'Api-Key: TAJNA'",
    ],
)
def test_a_password_in_a_crontab_stays_on_the_device(command: str) -> None:
    assert "TAJNA" not in masked(command)


def test_names_of_databases_never_reach_psql_as_commands() -> None:
    asked = postgresql.command("5432", ["shop", "x; \\! id", "`id`", "a b"])
    assert [word for word in asked if word.startswith("\\connect")] == ["\\connect shop"]
