"""Every ready template fits the checks that exist, and applies to a device that is what it is made for."""

from typing import Any

import pytest

from predvid.checks.registry import checks
from predvid.core.policy import effective, running
from predvid.modules.inventory.group_rules import Traits
from predvid.modules.inventory.role_rules import roles_of
from predvid.modules.monitoring.ready_templates import BadTemplate, read, templates
from predvid.modules.monitoring.rules import runs_by_default

WAITING = {"ad_replication", "ad_sysvol", "mail_queue", "snmp"}  # come with later features


def listens(*rows: tuple[str, str]) -> dict[str, Any]:
    ports = [{"key": key, "process": process, "addresses": ["192.0.2.1"]} for key, process in rows]
    return {"network.listening": ports}


SERVER = Traits("server", "linux", "Debian GNU/Linux 12")
WINDOWS = Traits("server", "windows", "Windows Server 2022")
EXAMPLES: dict[str, tuple[Traits, dict[str, Any]]] = {
    "server": (SERVER, {}),
    "workstation": (Traits("workstation", "windows", "Windows 11 Pro"), {}),
    "laptop": (Traits("laptop", "macos", "macOS 14"), {}),
    "domain_controller": (WINDOWS, listens(("tcp/88", "lsass.exe"), ("tcp/389", "lsass.exe"))),
    "file_server": (SERVER, listens(("tcp/445", "smbd"))),
    "web_server": (SERVER, listens(("tcp/443", "nginx"))),
    "database_server": (SERVER, listens(("tcp/5432", "postgres"))),
    "hypervisor": (WINDOWS, {"virtual.guests": [{"key": "shop", "auto": True}]}),
    "terminal_server": (WINDOWS, listens(("tcp/5504", "tssdis.exe"))),
    "mail_server": (SERVER, listens(("tcp/25", "master"), ("tcp/993", "dovecot"))),
    "print_server": (WINDOWS, {"state.print_queues": [{"key": "Hodnik"}]}),
    "backup_server": (WINDOWS, listens(("tcp/9392", "Veeam.Backup.Service.exe"))),
    "firewall": (Traits("network", "", "pfSense 2.7"), {}),
    "router": (Traits("network", "", "RouterOS 7"), {}),
    "switch": (Traits("network"), {"device.class": "switch"}),
    "access_point": (Traits("network"), {"device.class": "wireless"}),
    "printer": (Traits("other"), {"device.class": "printer"}),
    "ups": (Traits("other"), {"device.class": "ups"}),
    "nas": (Traits("server", "linux", "Synology DSM 7.2"), {}),
}


@pytest.mark.parametrize("role", list(templates()))
def test_a_template_applies_to_a_device_that_is_it(role: str) -> None:
    traits, facts = EXAMPLES[role]
    assert role in roles_of(traits, facts, templates())
    nobody = Traits("network" if role != "network" else "other")
    assert role not in roles_of(nobody, {}, templates())


@pytest.mark.parametrize("role", list(templates()))
def test_what_a_template_sets_fits(role: str) -> None:
    settings = templates()[role].settings
    for name in {one.check for one in settings}:
        check = checks().get(name)
        if check is None:
            assert name in WAITING, f"{role}: there is no check {name}, nor is one announced"
            continue
        found = effective(name, check.params, {}, settings)
        ran = running(name, runs_by_default(check, ""), settings)
        changed = {field for layers in (found, ran) for field, o in layers.origins.items() if o == "template"}
        named = {one.field.strip("@").partition(".")[0] for one in settings if one.check == name}
        assert changed == named


def test_a_tag_gives_a_role_that_no_fact_shows() -> None:
    tagged = Traits("server", "windows", "Windows Server 2022", tags=frozenset({"role:file_server", "x"}))
    assert roles_of(tagged, {}, templates()) == ["server", "file_server"]


def test_what_only_the_device_itself_reaches_makes_no_server_of_it() -> None:
    rows = [{"key": "tcp/5432", "process": "postgres", "addresses": ["127.0.0.1", "::1"]}]
    assert roles_of(SERVER, {"network.listening": rows}, templates()) == ["server"]


def test_a_desk_with_a_web_server_stays_a_desk() -> None:
    desk = Traits("workstation", "linux", "Ubuntu 24.04")
    assert roles_of(desk, listens(("tcp/80", "nginx")), templates()) == ["workstation"]


@pytest.mark.parametrize(
    "facts", [{"network.listening": 5}, {"network.listening": [None, {"key": 1}]}, {"device.class": []}]
)
def test_facts_of_a_wrong_kind_say_nothing(facts: dict[str, Any]) -> None:
    assert roles_of(SERVER, facts, templates()) == ["server"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("order = 1", "title"),
        ("order = 'x'", "order"),
        ("colour = 1", "colour"),
        ("order = [", "x.toml"),
        ('order=1\ntitle={en="a",hr="b"}\nabout={en="a",hr="b"}\n[[setting]]\ncheck="cpu"', "a setting has"),
    ],
)
def test_a_file_that_is_no_template_is_refused_by_name(content: str, said: str) -> None:
    with pytest.raises(BadTemplate, match=said):
        read("x", content)
