"""A new password that guessing programs try first is refused with one sentence, in both languages."""

import html

import pytest
from django.contrib.auth.password_validation import CommonPasswordValidator, validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from console_fixture import PASSWORD, World
from predvid.modules.access.models import Person
from predvid.modules.access.password_rules import Weakness, weakness

COMMON = CommonPasswordValidator().passwords
OWN = ("Ana Horvat-Šarić", "ana.horvat@mojafirma.hr")


@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("passwordpassword", Weakness.REPEATED),
        ("Password-password", Weakness.REPEATED),
        ("zimazimazima", Weakness.REPEATED),
        ("aaaaaaaaaaaaaaaa", Weakness.REPEATED),
        ("1212 1212 1212 3", Weakness.REPEATED),
        ("hunter2hunter2hun", Weakness.REPEATED),
        ("abcdefghijklmno", Weakness.SEQUENCE),
        ("qwertzuiopasdf", Weakness.SEQUENCE),
        ("098765432109876", Weakness.SEQUENCE),
        ("0987654321 abcd", Weakness.SEQUENCE),
        ("password2026!", Weakness.COMMON),
        ("P4$$w0rd-2026", Weakness.COMMON),
        ("!!!dragon!!!2026", Weakness.COMMON),
        ("monkeypassword", Weakness.COMMON),
        ("Monkey_dragon_1", Weakness.COMMON),
        ("anahorvat2026", Weakness.OWN),
        ("Saric.Horvat.1987", Weakness.OWN),
        ("MojaFirma2026!", Weakness.OWN),
        ("Predvid 2026 ana", Weakness.OWN),
    ],
)
def test_what_everybody_guesses_is_found(password: str, found: Weakness) -> None:
    assert weakness(password, OWN, COMMON) is found


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD,
        "correct horse battery staple",
        "Horvat kupuje tri crvena kišobrana",
        "u predvečerje laje susjedov pas",
        "kanarinac pjeva 1234 puta",
        "ista duga rečenica ista duga rečenica",
        "xK9#vLq2!mTz",
        "tri plava slona",
        "$%&{]=~?7a*+",
    ],
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    assert weakness(password, OWN, COMMON) is None


@given(st.text(alphabet="abcčđž019-_ ", min_size=1, max_size=11), st.integers(2, 6))
def test_a_short_piece_is_no_better_for_being_repeated(piece: str, times: int) -> None:
    assert weakness(piece * times, OWN, COMMON) is not None


@given(st.text(max_size=200))
def test_any_text_is_judged(password: str) -> None:
    assert weakness(password, OWN, COMMON) in {None, *Weakness}


@pytest.mark.parametrize(
    ("language", "said"), [("en", "repeats one short piece"), ("hr", "ponavlja jedan kratak dio")]
)
def test_one_sentence_says_why_and_what_to_take(language: str, said: str) -> None:
    with override(language), pytest.raises(ValidationError) as refused:
        validate_password("passwordpassword", Person(name="Ana Horvat", email="ana@example.com"))
    (message,) = refused.value.messages
    assert said in message


def test_the_profile_refuses_it_and_keeps_the_old_one(world: World) -> None:
    person = world.person("vlasnica@example.com", role="owner", all_clients=True)
    browser = world.signed_in(person)
    for new, said in (("passwordpassword", "ponavlja jedan kratak dio"), ("vlasnica2026", "jedva više od")):
        page = browser.post("/profile/", {"part": "password", "current": PASSWORD, "new": new})
        assert said in html.unescape(page.content.decode())
        person.refresh_from_db()
        assert person.check_password(PASSWORD)
