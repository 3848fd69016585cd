"""Every check keeps its budget, and the document tells what it is."""

from pathlib import Path

import pytest

from checks.budget import page, slow_enough, starts, too_long
from predvid.checks import registry
from predvid.checks.v1 import Check

DOCUMENT = Path(__file__).parents[2] / "docs/checks.md"
CHECKS = [pytest.param(check, id=name) for name, check in registry.checks().items()]
USUAL = {"containers", "services", "raid_md", "scheduled_tasks", "event_log", "crashes", "hardware_errors"}


@pytest.mark.parametrize("check", CHECKS)
def test_a_check_starts_no_more_than_its_interval_allows(check: Check) -> None:
    assert not [*slow_enough(check), *too_long(check)]


def test_a_linux_server_starts_less_than_two_programs_a_minute_in_all() -> None:
    rate = sum(
        len(starts(check).get("linux", [])) * 60 / check.every("linux")
        for check in registry.checks().values()
    )
    assert rate < 6  # every check at its worst at once: arrays, pools, guests, databases, all on one machine
    usual = sum(
        len(starts(check).get("linux", [])) * 60 / check.every("linux")
        for name, check in registry.checks().items()
        if name in USUAL
    )
    assert usual < 2


def test_powershell_is_asked_at_shared_moments_only() -> None:
    asking = [check for check in registry.checks().values() if starts(check).get("windows")]
    assert len(asking) > 20
    assert {check.every("windows") % 900 for check in asking} == {0}


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == "\n".join(page()) + "\n", "make tables writes it anew"
