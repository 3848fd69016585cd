"""The policy function: default deny, roles, clients, scopes; every question asked in the code is a verb."""

import re
from uuid import uuid4

import pytest

from house.tree import ROOT, files, sources
from predvid.core.errors import UserError
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied, require
from predvid.modules.access.models import Person
from predvid.modules.access.rules import DANGEROUS, MSP_WIDE, PLATFORM, VERBS, Viewer, may

MINE, FOREIGN = uuid4(), uuid4()
ROLES = [str(role) for role in Person.Role.values]


def viewer(role: str, *, everything: bool = False, verbs: frozenset[str] | None = None) -> Viewer:
    return Viewer("X", role, None if everything else frozenset({MINE}), verbs=verbs)


@pytest.mark.parametrize("role", [*ROLES, "", "stranger", "OWNER"])
def test_what_is_no_verb_is_nobodys(role: str) -> None:
    assert not any(may(viewer(role, everything=True), verb) for verb in ("", "device", "device.explode", "*"))
    assert not may(PLATFORM, "device.explode")


@pytest.mark.parametrize("role", ROLES)
def test_a_viewer_may_what_the_policy_function_says(role: str) -> None:
    one = viewer(role)
    for verb in VERBS:
        for client in (MINE, FOREIGN, None):
            assert one.may(verb, client) == may(one, verb, client)
        assert one.may(verb) == may(one, verb)


def test_only_known_roles_have_verbs() -> None:
    assert set().union(*VERBS.values()) == set(ROLES)
    assert not any(may(viewer("stranger", everything=True), verb) for verb in VERBS)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_for_its_roles_alone_and_their_clients_alone(verb: str) -> None:
    for role in ROLES:
        allowed = role in VERBS[verb] and verb not in MSP_WIDE
        assert may(viewer(role), verb, MINE) is allowed
        assert may(viewer(role), verb) is allowed
        assert not may(viewer(role), verb, FOREIGN)
        assert not may(viewer(role), verb, None), "what belongs to the whole MSP is for those who see all"
        assert may(viewer(role, everything=True), verb, None) is (role in VERBS[verb])
        assert may(viewer(role, everything=True), verb, FOREIGN) is (role in VERBS[verb])


@pytest.mark.parametrize("role", ROLES)
def test_a_scope_narrows_and_never_widens(role: str) -> None:
    scope = frozenset({"device.view", "trust.change"})
    for verb in VERBS:
        narrowed = may(viewer(role, everything=True, verbs=scope), verb)
        assert narrowed is (verb in scope and may(viewer(role, everything=True), verb))


def test_readers_change_nothing() -> None:
    standing = {"client.view", "contact.view", "device.view", "alert.view", "profile.change", "factor.change"}
    standing |= {"view.save"}
    assert {verb for verb in VERBS if may(viewer("client_contact"), verb)} == standing
    detail = {"device.detail", "event.view", "policy.view", "task.view", "window.view", "board.change"}
    detail |= {"records.view", "delivery.view", "route.view"}
    auditing = {"person.view", "audit.view", "audit.export", "export.make", "token.make"}
    assert {verb for verb in VERBS if may(viewer("auditor"), verb)} == standing | detail | auditing
    assert {verb for verb in VERBS if may(viewer("account_manager", everything=True), verb)} == (
        standing
        | detail
        | {"alert.note", "client.add", "records.edit", "export.make", "token.make", "release.view"}
    )


def test_a_foreign_object_is_not_there_and_a_forbidden_deed_is_refused() -> None:
    with pytest.raises(NotVisible):
        require(viewer("owner"), "device.view", FOREIGN)
    with pytest.raises(NotVisible):
        require(viewer("owner"), "device.view", None)
    with pytest.raises(Denied) as refused:
        require(viewer("auditor"), "device.move", MINE)
    assert isinstance(refused.value, UserError)
    require(viewer("technician"), "device.move", MINE)


def test_every_question_in_the_code_is_a_verb() -> None:
    code = "\n".join(source.text for source in sources("src"))
    pages = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in files() if name.endswith(".html"))
    asked = set(re.findall(r'(?:\.may\(|require\(\w+, |held_device\(\w+, )"([a-z_.]+)"', code))
    asked |= set(re.findall(r'\|may:"([a-z_.]+)"', pages))
    assert asked
    assert asked <= set(VERBS)
    assert set(VERBS) >= DANGEROUS | MSP_WIDE
