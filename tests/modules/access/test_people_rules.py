"""Nobody gives more than they have, nobody changes their own rights, and an owner always remains."""

from contextlib import nullcontext, suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.core.errors import UserError
from predvid.modules.access.models import Person
from predvid.modules.access.rules import PLATFORM, VERBS, Viewer, may
from predvid.modules.access.rules_people import (
    Rights,
    check_change,
    check_gift,
    check_touch,
    may_give,
    roles_of,
)

CLIENTS = [UUID(int=number) for number in range(1, 5)]
ROLES = st.sampled_from([str(role) for role in Person.Role.values])
SCOPES = st.none() | st.frozensets(st.sampled_from(CLIENTS))
RIGHTS = st.builds(Rights, ROLES, SCOPES)
OWNER = Rights("owner", None)


def viewer(rights: Rights, person: UUID | None = None) -> Viewer:
    return Viewer("X", rights.role, rights.clients, person=person)


def allows(giver: Viewer, rights: Rights) -> bool:
    try:
        check_gift(giver, rights)
    except UserError:
        return False
    return True


@given(RIGHTS, RIGHTS)
def test_whoever_was_given_rights_may_do_nothing_that_the_giver_may_not(giver: Rights, given: Rights) -> None:
    if not may_give(viewer(giver), given):
        return
    for verb in VERBS:
        for client in (*CLIENTS, None):
            assert not may(viewer(given), verb, client) or may(viewer(giver), verb, client), verb


@given(RIGHTS)
def test_what_the_forms_offer_is_what_can_be_given(giver: Rights) -> None:
    offered = roles_of(viewer(giver))
    givable = {role for role in Person.Role.values if may_give(viewer(giver), Rights(role, giver.clients))}
    assert offered == givable


@given(RIGHTS)
def test_only_who_sees_all_clients_is_an_owner_and_no_contact_sees_all(rights: Rights) -> None:
    nobodys = {("owner", False), ("client_contact", True)}
    assert allows(PLATFORM, rights) is ((rights.role, rights.clients is None) not in nobodys)


@pytest.mark.parametrize(
    ("giver", "gift", "given"),
    [
        (Rights("manager", None), OWNER, False),
        (Rights("manager", None), Rights("manager", None), True),
        (Rights("manager", frozenset(CLIENTS[:2])), Rights("technician", None), False),
        (Rights("manager", frozenset(CLIENTS[:2])), Rights("technician", frozenset(CLIENTS[:1])), True),
        (Rights("manager", frozenset(CLIENTS[:2])), Rights("technician", frozenset(CLIENTS[1:3])), False),
        (Rights("manager", None), Rights("auditor", None), True),
        (Rights("technician", None), Rights("manager", None), False),
        (OWNER, OWNER, True),
    ],
)
def test_who_may_make_whom(giver: Rights, gift: Rights, given: bool) -> None:
    assert allows(viewer(giver), gift) is given


@given(RIGHTS, RIGHTS)
def test_nobody_changes_their_own_rights(mine: Rights, wished: Rights) -> None:
    me = CLIENTS[0]
    for after in (wished, None):
        with pytest.raises(UserError, match="their own rights"):
            check_change(viewer(mine, me), me, mine, after, other_owners=1)
    with pytest.raises(UserError, match="their own rights"):
        check_touch(viewer(mine, me), me, mine)


TECHNICIAN = Rights("technician", None)


@pytest.mark.parametrize(
    ("before", "after", "others", "refused"),
    [
        (OWNER, TECHNICIAN, 0, True),
        (OWNER, None, 0, True),
        (OWNER, TECHNICIAN, 1, False),
        (OWNER, None, 1, False),
        (OWNER, OWNER, 0, False),
        (TECHNICIAN, None, 0, False),
        (TECHNICIAN, OWNER, 0, False),
    ],
)
def test_the_last_owner_stays_whoever_asks(
    before: Rights, after: Rights | None, others: int, refused: bool
) -> None:
    """Sequentially the asking owner is another one; two at once, or the platform, need the rule itself."""
    expected = pytest.raises(UserError, match="last owner") if refused else nullcontext()
    with expected:
        check_change(PLATFORM, CLIENTS[0], before, after, other_owners=others)


DEEDS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.none() | RIGHTS), max_size=30)


@given(st.lists(RIGHTS, min_size=4, max_size=4), DEEDS)
def test_whatever_people_do_an_owner_remains_and_nobody_grows_beyond_the_rest(
    others: list[Rights], deeds: list[tuple[int, int, Rights | None]]
) -> None:
    people: dict[int, Rights] = dict(enumerate([OWNER, *others]))
    for who, whom, after in deeds:
        if who not in people or whom not in people:
            continue
        before = people[whom]
        owners = sum(1 for key, rights in people.items() if rights.role == "owner" and key != whom)
        with suppress(UserError):
            giver = viewer(people[who], UUID(int=who))
            check_change(giver, UUID(int=whom), before, after, other_owners=owners)
            assert who != whom
            assert may_give(giver, before)
            if after is None:
                del people[whom]
            else:
                assert may_give(giver, after)
                people[whom] = after
    assert OWNER in people.values()
