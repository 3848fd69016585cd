"""Invitations: a link that works once within 7 days, a mail without any secret, one answer for dead links."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import serializers
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import PASSWORD, World
from predvid.core.errors import UserError
from predvid.modules.access import mail_actions, people_actions
from predvid.modules.access.mail_words import TEXTS
from predvid.modules.access.models import Mail, Person, SignInLink
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import PLATFORM

CONSOLE = "https://rmm.example.com"
JOIN = {"name": "Luka Lukić", "password": PASSWORD, "language": "en"}


@pytest.fixture
def owner(world: World) -> Person:
    return world.person("vlasnica@example.com", role="owner", all_clients=True, language="en")


def invited(world: World, by: Person, email: str = "luka@example.com", **words: Any) -> tuple[Person, str]:
    given = {"role": "technician", "all_clients": False, "clients": [world.clients[0].pk], "language": "hr"}
    return people_actions.invite(
        viewer_of(by), name="Luka", email=email, now=timezone.now(), **{**given, **words}
    )


def dead(secret: str) -> str:
    """Return the page that a link gets which opens nothing, without what differs on every page."""
    answer = Browser(HTTP_ACCEPT_LANGUAGE="en").get(f"/welcome/{secret}")
    assert answer.status_code == 404
    assert Browser().post(f"/welcome/{secret}", JOIN).status_code == 404
    return re.sub(r'nonce="[^"]+"', "", answer.content.decode())


def test_somebody_is_invited_joins_and_is_in(world: World, owner: Person) -> None:
    words = {"name": "Luka", "email": "Luka@Example.com", "language": "hr", "role": "technician"}
    answer = world.signed_in(owner).post("/people/invite", {**words, "clients": [str(world.clients[0].pk)]})
    link = re.search(r"/welcome/([\w-]+)", answer.content.decode())
    assert link
    browser = Browser(HTTP_ACCEPT_LANGUAGE="en")
    page = browser.get(f"/welcome/{link[1]}").content.decode()
    assert "Dobro došli, Luka" in page, "the language that was chosen for them"
    assert "Vlasnica" in page
    assert browser.post(f"/welcome/{link[1]}", JOIN).headers["Location"] == "/"
    person = Person.objects.get(email="luka@example.com")
    assert (person.name, person.language, person.role) == ("Luka Lukić", "en", "technician")
    assert (person.is_active, person.invited, person.all_clients) == (True, False, False)
    assert "Hotel" in browser.get("/clients/").content.decode()
    again = Browser()
    words = {"email": "luka@example.com", "password": PASSWORD}
    assert again.post("/sign-in/", words).headers["Location"] == "/"
    assert not Mail.objects.exists(), "who has joined needs no more mail"


def test_until_they_join_nobody_signs_in(world: World, owner: Person) -> None:
    person, secret = invited(world, owner)
    answer = Browser().post("/sign-in/", {"email": person.email, "password": PASSWORD})
    assert answer.status_code == 422
    assert Browser().post(f"/welcome/{secret}", {**JOIN, "password": "kratka"}).status_code == 422
    assert Browser().post(f"/welcome/{secret}", {**JOIN, "password": "luka@example.com"}).status_code == 422
    assert Browser().post(f"/welcome/{secret}", JOIN).status_code == 302, "refused passwords use nothing up"


def test_every_dead_link_gets_the_same_answer(world: World, owner: Person) -> None:
    _, used = invited(world, owner, "used@example.com")
    assert Browser().post(f"/welcome/{used}", JOIN).status_code == 302
    late, expired = invited(world, owner, "late@example.com")
    SignInLink.objects.filter(person=late).update(expires_at=timezone.now())
    gone, withdrawn = invited(world, owner, "gone@example.com")
    boss = world.signed_in(owner)
    boss.post(f"/people/{gone.pk}/withdraw")
    again, replaced = invited(world, owner, "again@example.com")
    boss.post(f"/people/{again.pk}/invite-again")
    assert len({dead(secret) for secret in ("invented", used, expired, withdrawn, replaced)}) == 1
    assert not Person.objects.filter(email="gone@example.com").exists()


def test_an_invitation_lasts_seven_days(world: World, owner: Person) -> None:
    person, _ = invited(world, owner)
    link = SignInLink.objects.get(person=person)
    assert link.expires_at - timezone.now() > timedelta(days=6, hours=23)
    assert link.expires_at - timezone.now() < timedelta(days=7)


def test_an_invitation_ends_with_the_rights_of_whoever_made_it(world: World, owner: Person) -> None:
    manager = world.person("voditelj@example.com", role="manager", all_clients=True)
    _, secret = invited(world, manager)
    assert Browser().get(f"/welcome/{secret}").status_code == 200
    boss = world.signed_in(owner)
    words = {"role": "manager", "clients": [str(world.clients[1].pk)]}
    boss.post(f"/people/{manager.pk}/change", words)
    dead(secret)
    boss.post(f"/people/{manager.pk}/change", {"role": "manager", "all_clients": "on"})
    assert Browser().get(f"/welcome/{secret}").status_code == 200
    boss.post(f"/people/{manager.pk}/deactivate")
    dead(secret)


def test_an_address_is_invited_once_whatever_its_case(world: World, owner: Person) -> None:
    invited(world, owner)
    with pytest.raises(UserError, match="has this address"):
        invited(world, owner, "LUKA@example.com")


def test_no_table_holds_a_usable_link(world: World, owner: Person) -> None:
    _, secret = invited(world, owner)
    letter = mail_actions.take_letter(CONSOLE, timezone.now())
    assert letter
    mailed = letter.body.partition("/welcome/")[2].split()[0]
    rows = serializers.serialize("json", [*Mail.objects.all(), *SignInLink.objects.all()])
    assert "luka@example.com" in rows
    assert secret not in rows
    assert mailed not in rows
    for each in (secret, mailed):
        assert Browser().get(f"/welcome/{each}").status_code == 200, "both the mailed and the shown link work"
    assert Browser().post(f"/welcome/{mailed}", JOIN).status_code == 302
    dead(secret)


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("hr", "Poziv u Predvid: Vlasnica", "u roku od 7 dana"),
        ("en", "Vlasnica invites you", "within 7 days"),
    ],
)
def test_the_mail_speaks_the_language_of_its_reader(
    world: World, owner: Person, language: str, subject: str, words: str
) -> None:
    invited(world, owner, language=language)
    letter = mail_actions.take_letter(CONSOLE, timezone.now())
    assert letter
    assert letter.recipient == "luka@example.com"
    assert subject in letter.subject
    assert words in letter.body
    assert f"{CONSOLE}/welcome/" in letter.body
    assert "{" not in letter.body
    assert mail_actions.take_letter(CONSOLE, timezone.now()) is None, "a mail goes out once"


def test_a_mail_that_comes_too_late_or_for_nobody_is_dropped(world: World, owner: Person) -> None:
    invited(world, owner, "kasni@example.com")
    Mail.objects.update(queued_at=timezone.now() - timedelta(days=8))
    gone, _ = invited(world, owner, "gone@example.com")
    people_actions.withdraw_invitation(PLATFORM, gone.pk, timezone.now())
    assert mail_actions.take_letter(CONSOLE, timezone.now()) is None
    assert not Mail.objects.exists()


def test_a_name_with_line_breaks_makes_no_header_of_a_mail(world: World, owner: Person) -> None:
    Person.objects.filter(pk=owner.pk).update(name="X\r\nBcc: svi@example.com")
    invited(world, Person.objects.get(pk=owner.pk))
    letter = mail_actions.take_letter(CONSOLE, timezone.now())
    assert letter
    assert len(letter.subject.splitlines()) == 1


def test_every_mail_has_both_languages_with_the_same_places() -> None:
    for name, text in TEXTS.items():
        places = [set(re.findall(r"\{(\w+)", text.pattern(language))) for language in ("hr", "en")]
        assert places[0] == places[1], name
        assert json.dumps(text.hr) != json.dumps(text.en)
