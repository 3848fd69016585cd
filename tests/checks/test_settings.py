"""Every setting is documented, with the default that holds on each type of device."""

from dataclasses import fields
from pathlib import Path

from checks.settings import default, page, shown
from predvid.checks import registry
from predvid.checks.v1 import Levels

DOCUMENT = Path(__file__).parents[2] / "docs/settings.md"


def test_the_document_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == "\n".join(page()) + "\n", "make tables writes it anew"


def test_every_setting_of_every_check_is_documented() -> None:
    sections = {
        part.partition("`")[2].partition("`")[0]: part
        for part in DOCUMENT.read_text(encoding="utf-8").split("\n### ")[1:]
    }
    assert set(sections) == set(registry.checks())
    for name, check in registry.checks().items():
        wanted = {part.name for part in fields(check.params)} if check.params is not None else set()
        assert {
            line.split("`")[1] for line in sections[name].splitlines() if line.startswith("| `")
        } == wanted


def test_defaults_read_as_they_work() -> None:
    assert shown(Levels(80, 95, margin=5)) == "warning ≥ 80, critical ≥ 95 (margin 5)"
    assert shown(Levels(50, 20)) == "warning ≤ 50, critical ≤ 20"
    assert shown(Levels(None, 0, lower_is_worse=True)) == "critical ≤ 0"
    assert shown(Levels()) == "not judged"
    assert [shown(value) for value in (True, 2**31, 0.5, (), ("a", "b"), "")] == [
        "on", "2,147,483,648", "0.5", "none", "`a`, `b`", "none",
    ]  # fmt: skip
    assert shown(Levels(604800, None), "seconds") == "warning ≥ 604,800 (7 days)"
    assert default(registry.checks()["disk_space"], "reachable").endswith(
        "laptop: not judged<br>workstation: warning ≤ 0"
    )
    cpu = registry.checks()["cpu"]
    assert default(cpu, "used") == (
        "warning ≥ 90, critical ≥ 98 (margin 5)<br>laptop: warning ≥ 95 (margin 5)<br>"
        "workstation: warning ≥ 95 (margin 5)"
    )
