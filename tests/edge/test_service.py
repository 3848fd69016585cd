"""The service's verbs where there is no service, and what its unit must not forbid."""

from pathlib import Path

import pytest

from predvid.core.errors import UserError
from predvid.edge import service
from predvid.edge.identity import StateFolder


def test_where_there_is_no_service_removing_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "UNIT", tmp_path / "none.service")
    with pytest.raises(UserError, match="no service to remove"):
        service.uninstall(StateFolder(tmp_path))


def test_the_unit_lets_checks_work() -> None:
    unit = service.unit(StateFolder(Path("/var/lib/predvid-agent")), service.starting())
    for sandbox in ("ProtectSystem", "ProtectHome", "PrivateTmp", "SystemCallArchitectures"):
        assert f"\n{sandbox}=" not in unit, "it would report its own mounts, or kill 32-bit tools"
    assert "\nOOMPolicy=continue\n" in unit, "a greedy program of a check would take the agent with it"
