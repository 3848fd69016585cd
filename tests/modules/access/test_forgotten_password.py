"""A forgotten password: nobody learns from it who signs in here, and the link alone lets nobody in."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console_fixture import PASSWORD, World
from predvid.modules.access import chores, link_actions, mail_actions
from predvid.modules.access.models import Attempt, Mail, Person

NEW = "posve nova rečenica"
CONSOLE = "https://rmm.example.com"


def ask(email: str, caller: str = "10.0.0.1") -> tuple[int, str, list[str]]:
    """Return status, page (without what differs on every page) and the statements of one question."""
    browser = Browser(REMOTE_ADDR=caller, HTTP_ACCEPT_LANGUAGE="en")
    with CaptureQueriesContext(connection) as queries:
        answer = browser.post("/forgotten/", {"email": email})
    page = re.sub(r'nonce="[^"]+"|name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode())
    shapes = [re.sub(r"'[^']*'|\b\d+\b|X'[0-9a-f]*'|s\d+_x\d+", "?", query["sql"]) for query in queries]
    return answer.status_code, page.replace(email, "ADDRESS"), [shape.split(" VALUES")[0] for shape in shapes]


def letter_link() -> str | None:
    letter = mail_actions.take_letter(CONSOLE, timezone.now())
    return letter.body.partition("/welcome/")[2].split()[0] if letter else None


def test_the_answer_and_the_work_are_the_same_for_every_address(world: World) -> None:
    world.person("ana@example.com")
    world.person("bivsa@example.com", is_active=False)
    world.person("pozvan@example.com", is_active=False, invited=True)
    ask("zagrijavanje@example.com")
    asked = [ask(f"{who}@example.com") for who in ("ana", "nitko", "bivsa", "pozvan")]
    assert {status for status, _, _ in asked} == {200}
    assert len({page for _, page, _ in asked}) == 1
    assert len({tuple(work) for _, _, work in asked}) == 1, "no statement depends on who it is"
    assert not [work for _, _, work in asked if '"access_person"' in " ".join(work)], "nobody is looked up"


def test_the_mail_goes_to_who_signs_in_here_alone(world: World) -> None:
    world.person("ana@example.com", language="hr")
    world.person("bivsa@example.com", is_active=False)
    for who in ("nitko", "bivsa", "ANA"):
        ask(f"{who}@example.com")
    letter = mail_actions.take_letter(CONSOLE, timezone.now())
    assert letter
    assert (letter.recipient, letter.subject) == ("ana@example.com", "Nova lozinka za Predvid")
    assert mail_actions.take_letter(CONSOLE, timezone.now()) is None
    assert not Mail.objects.filter(recipient="nitko@example.com").exists(), "a stranger's address is not kept"


def test_the_link_sets_a_password_ends_every_session_and_signs_nobody_in(world: World) -> None:
    person = world.person("ana@example.com", language="en")
    old = world.signed_in(person)
    ask("ana@example.com")
    secret = letter_link()
    browser = Browser()
    assert "ana@example.com" in browser.get(f"/welcome/{secret}").content.decode()
    assert browser.post(f"/welcome/{secret}", {"password": "kratka"}).status_code == 422
    assert browser.post(f"/welcome/{secret}", {"password": NEW}).headers["Location"] == "/sign-in/"
    assert browser.get("/").status_code == 302, "a second factor is asked for at the sign-in that follows"
    assert old.get("/").status_code == 302
    words = {"email": "ana@example.com", "password": PASSWORD}
    assert Browser().post("/sign-in/", words).status_code == 422
    assert Browser().post("/sign-in/", {**words, "password": NEW}).status_code == 302
    assert Browser().get(f"/welcome/{secret}").status_code == 404, "once"


def test_a_link_that_a_manager_hands_over_does_the_same(world: World) -> None:
    manager = world.person("voditelj@example.com", role="manager", all_clients=True)
    person = world.person("ana@example.com", all_clients=True)
    page = world.signed_in(manager).post(f"/people/{person.pk}/password-link").content.decode()
    found = re.search(r"/welcome/([\w-]+)", page)
    assert found
    assert Browser().post(f"/welcome/{found[1]}", {"password": NEW}).headers["Location"] == "/sign-in/"
    assert Person.objects.get(pk=person.pk).check_password(NEW)


def test_a_link_of_one_kind_opens_nothing_of_another(world: World) -> None:
    person = world.person("ana@example.com")
    secret = link_actions.new_link(person, "password", None, timezone.now())
    with pytest.raises(link_actions.NotVisible):
        link_actions.accept_invitation(secret, name="X", password=NEW, language="hr", now=timezone.now())
    assert Browser().post(f"/welcome/{secret}", {"x": "1"}).status_code == 422, (
        "it does not sign in at a click"
    )


def test_questions_are_limited_by_address_and_by_caller_whoever_it_is(world: World) -> None:
    world.person("ana@example.com")
    for who in ("ana", "nitko"):
        for number in range(link_actions.ADDRESS_LIMIT):
            assert ask(f"{who}@example.com", f"10.1.{number}.1")[0] == 200
        assert ask(f"{who}@example.com", "10.2.0.1")[0] == 422
    for number in range(link_actions.CALLER_LIMIT):
        assert ask(f"{number}@example.com", "10.3.0.1")[0] == 200
    assert ask("jos-jedan@example.com", "10.3.0.1")[0] == 422
    Attempt.objects.update(at=timezone.now() - link_actions.WINDOW - timedelta(seconds=1))
    assert ask("ana@example.com", "10.3.0.1")[0] == 200


def test_nobody_fills_the_queue(world: World) -> None:
    for number in range(link_actions.EVERYBODY_LIMIT):
        ask(f"{number}@example.com", f"10.0.{number}.1")
    assert ask("ana@example.com", "10.9.9.9")[0] == 422
    assert Mail.objects.count() == link_actions.EVERYBODY_LIMIT


def test_an_address_that_somebody_typed_is_forgotten_within_a_day(world: World) -> None:
    ask("ana@example.com")
    chores.sweep(timezone.now() + timedelta(hours=23))
    assert Mail.objects.count() == 1
    chores.sweep(timezone.now() + timedelta(hours=25))
    assert not Mail.objects.exists()
    assert not Attempt.objects.exists()
