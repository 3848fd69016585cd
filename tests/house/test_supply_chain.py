"""What agent and server are made of: every package pinned by its sums, listed with its licence, and few."""

import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from house import tree_rules
from house.tree import ROOT

MOST_OF_THE_AGENT = 12
COPYLEFT = re.compile(r"\b(AGPL|GPL-[23]|GPLv[23])", re.IGNORECASE)


def script(name: str) -> ModuleType:
    """Return a script of `packaging` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "packaging" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbom, audit = script("sbom"), script("audit")


@pytest.mark.parametrize("part", ["agent", "server"])
def test_the_bill_lists_exactly_what_is_locked_with_sums_and_licences(part: str, tmp_path: Path) -> None:
    sbom.main(tmp_path)
    text = (tmp_path / f"{part}.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill, lock = json.loads(text), sbom.LOCKS[part].read_text(encoding="utf-8")
    assert {each["name"] for each in bill["components"]} == tree_rules.pinned(lock)
    listed = set()
    for each in bill["components"]:
        (files,) = each["externalReferences"]
        listed |= {sum_["content"] for sum_ in files["hashes"]}
        assert f"{each['name']}==" in lock.replace("[binary]", ""), each
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["licenses"], each["name"]
    assert listed == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock))
    (root,) = (each for each in bill["dependencies"] if each["ref"] == "predvid")
    assert len(root["dependsOn"]) == len(bill["components"])


def test_the_agent_stays_small_and_no_licence_binds_the_product() -> None:
    names = tree_rules.pinned(sbom.LOCKS["agent"].read_text(encoding="utf-8"))
    assert len(names) <= MOST_OF_THE_AGENT, sorted(names)
    for part in sbom.LOCKS:
        for name, _, _ in sbom.locked(sbom.LOCKS[part].read_text(encoding="utf-8")):
            stated = sbom.licence(name)
            assert not COPYLEFT.search(getattr(stated, "value", "") or stated.name or ""), name


def test_a_hole_and_a_source_that_does_not_know_are_told_apart() -> None:
    well = {"name": "a", "version": "1", "vulns": []}
    hole = {"name": "b", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    unknown = {"name": "c", "skip_reason": "not found"}
    assert audit.verdict("x", {"dependencies": [well]})[0] == 0
    assert audit.verdict("x", {"dependencies": [well, unknown]})[0] == audit.NOT_ASKED
    status, lines = audit.verdict("x", {"dependencies": [well, unknown, hole]})
    assert status == 1
    assert lines[1] == "b 1: CVE-1, fixed in 2"


def test_a_source_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):  # a proxy that refuses: no source answers
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    status, lines = audit.ask(audit.LOCKS[0], ["--service", "osv", "--timeout", "5"])
    assert status == audit.NOT_ASKED
    assert "NOT AUDITED" in lines[0]


def test_every_lock_that_is_installed_is_audited() -> None:
    audited = {ROOT / lock for lock in audit.LOCKS}
    assert set(sbom.LOCKS.values()) <= audited
    assert all(path.is_file() for path in audited)
    assert "packaging/audit.py" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert Path(sys.executable).with_name("pip-audit").is_file()
