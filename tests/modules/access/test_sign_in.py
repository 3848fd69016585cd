"""Signing in, one-time links, the first owner and the profile, as pages give them."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.test import RequestFactory
from django.utils import timezone

from console_fixture import PASSWORD, World
from predvid.modules.access import actions
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.lockout_actions import WINDOW
from predvid.modules.access.models import Attempt, AuditEntry, Person, SignInLink
from predvid.modules.access.proof_actions import PAIR_LIMIT
from predvid.modules.access.way_back import is_ours

WRONG = "Adresa e-pošte ili lozinka nije točna."
LOCKED = "Previše neuspjelih pokušaja."
CROATIAN = {"HTTP_ACCEPT_LANGUAGE": "hr"}


def attempt(email: str, password: str, caller: str = "10.0.0.1") -> str:
    answer = Browser(REMOTE_ADDR=caller, **CROATIAN).post("/sign-in/", {"email": email, "password": password})
    return "in" if answer.status_code == 302 else answer.content.decode()


def test_the_right_password_signs_in_whatever_the_case_of_the_address(world: World) -> None:
    world.person("ana@example.com")
    assert attempt("ANA@example.com", PASSWORD) == "in"


def test_unknown_address_and_wrong_password_get_the_same_answer(world: World) -> None:
    world.person("ana@example.com")
    assert WRONG in attempt("ana@example.com", "kriva lozinka")
    assert WRONG in attempt("nitko@example.com", "kriva lozinka")


def test_people_who_left_cannot_sign_in(world: World) -> None:
    world.person("ana@example.com", is_active=False)
    assert WRONG in attempt("ana@example.com", PASSWORD)


def test_eight_failures_lock_this_caller_out_even_with_the_right_password(world: World) -> None:
    world.person("ana@example.com")
    for _ in range(PAIR_LIMIT):
        assert WRONG in attempt("ana@example.com", "kriva lozinka")
    assert LOCKED in attempt("ana@example.com", PASSWORD)
    assert attempt("ana@example.com", PASSWORD, caller="10.0.0.2") == "in"


def test_unknown_addresses_are_locked_out_likewise(world: World) -> None:
    for _ in range(PAIR_LIMIT):
        attempt("nitko@example.com", "kriva lozinka")
    assert LOCKED in attempt("nitko@example.com", "kriva lozinka")


def test_the_lock_ends_after_a_quarter_of_an_hour(world: World) -> None:
    world.person("ana@example.com")
    for _ in range(PAIR_LIMIT):
        attempt("ana@example.com", "kriva lozinka")
    Attempt.objects.update(at=timezone.now() - WINDOW - timedelta(seconds=1))
    assert attempt("ana@example.com", PASSWORD) == "in"


def test_failures_keep_no_readable_address(world: World) -> None:
    attempt("nitko@example.com", "kriva lozinka")
    assert all(len(bytes(row.subject_hash)) == 32 for row in Attempt.objects.all())


def test_the_session_is_a_new_one_after_signing_in(world: World) -> None:
    world.person("ana@example.com")
    browser = Browser()
    browser.cookies["predvid_session"] = "izmisljen-kljuc"
    browser.post("/sign-in/", {"email": "ana@example.com", "password": PASSWORD})
    assert browser.cookies["predvid_session"].value not in ("", "izmisljen-kljuc")


def test_signing_in_leads_to_the_page_asked_for_but_never_elsewhere(world: World) -> None:
    world.person("ana@example.com", role="client_contact")
    words = {"email": "ana@example.com", "password": PASSWORD}
    assert Browser().post("/sign-in/", {**words, "next": "/alerts/"}).headers["Location"] == "/alerts/"
    assert Browser().post("/sign-in/", {**words, "next": "https://evil.example/"}).headers["Location"] == "/"


def test_signing_out_ends_the_session_on_the_server(world: World) -> None:
    browser = world.signed_in(world.person("ana@example.com"))
    stolen = browser.cookies["predvid_session"].value
    browser.post("/sign-out/")
    thief = Browser()
    thief.cookies["predvid_session"] = stolen
    assert thief.get("/").headers["Location"].startswith("/sign-in/")


def test_a_link_signs_its_person_in_once(world: World) -> None:
    person = world.person("ana@example.com")
    secret = actions.make_sign_in_link(person, timezone.now())
    assert Browser().get(f"/welcome/{secret}").status_code == 200, "looking uses nothing up"
    assert Browser().post(f"/welcome/{secret}").headers["Location"] == "/sign-in/protect/"
    assert Browser().get(f"/welcome/{secret}").status_code == 404
    assert Browser().post(f"/welcome/{secret}").status_code == 404


def test_an_expired_or_invented_link_is_refused(world: World) -> None:
    secret = actions.make_sign_in_link(world.person("a@example.com"), timezone.now() - timedelta(hours=25))
    assert Browser().post(f"/welcome/{secret}").status_code == 404
    assert Browser().get("/welcome/invented").status_code == 404


def test_the_database_holds_no_usable_link(world: World) -> None:
    secret = actions.make_sign_in_link(None, timezone.now())
    assert secret.encode() not in bytes(SignInLink.objects.get().secret_hash)


OWNER = {"name": "Željka Ćosić", "email": "zeljka@example.com", "password": PASSWORD, "language": "hr"}


def test_the_first_owner_is_made_by_a_link_that_names_nobody(world: World) -> None:
    secret = actions.make_sign_in_link(None, timezone.now())
    browser = Browser()
    assert browser.post(f"/welcome/{secret}", OWNER).headers["Location"] == "/sign-in/protect/"
    owner = Person.objects.get(email="zeljka@example.com")
    assert (owner.role, owner.all_clients) == ("owner", True)
    assert browser.get("/").status_code == 200
    assert Browser().post(f"/welcome/{secret}", {**OWNER, "email": "b@example.com"}).status_code == 404


def test_once_there_is_an_owner_no_other_link_makes_one(world: World) -> None:
    secrets = [actions.make_sign_in_link(None, timezone.now()) for _ in range(2)]
    Browser().post(f"/welcome/{secrets[0]}", OWNER)
    with pytest.raises(NotVisible):
        actions.make_first_owner(secrets[1], now=timezone.now(), **{**OWNER, "email": "b@example.com"})


@pytest.mark.parametrize("password", ["kratka", "password1234", "zeljka@example.com"])
def test_weak_passwords_are_refused_and_leave_the_link_unused(world: World, password: str) -> None:
    secret = actions.make_sign_in_link(None, timezone.now())
    assert Browser().post(f"/welcome/{secret}", {**OWNER, "password": password}).status_code == 422
    assert Browser().post(f"/welcome/{secret}", OWNER).status_code == 302


def test_a_person_changes_language_theme_and_password(world: World) -> None:
    person = world.person("ana@example.com", language="hr")
    browser, elsewhere = world.signed_in(person), world.signed_in(person)
    details = {"part": "details", "name": "Ana Anić", "language": "en", "theme": "dark"}
    page = browser.post("/profile/", details, follow=True).content.decode()
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page
    change = {"part": "password", "current": "kriva", "new": "posve nova rečenica"}
    assert browser.post("/profile/", change).status_code == 422
    assert browser.post("/profile/", {**change, "current": PASSWORD}).status_code == 302
    assert browser.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302, "other sessions end with the old password"


def test_a_session_does_not_guess_the_password_of_its_person(world: World) -> None:
    person = world.person("ana@example.com", role="technician", all_clients=True, language="en")
    browser, new = world.signed_in(person), "posve nova rečenica"

    def changed(current: str) -> str:
        words = {"part": "password", "current": current, "new": new, "again": new}
        return browser.post("/profile/", words).content.decode()

    for _ in range(PAIR_LIMIT):
        assert "The current password is wrong." in changed("nije ta")
    assert "Too many failed attempts" in changed(PASSWORD)
    assert Person.objects.get(pk=person.pk).check_password(PASSWORD)
    assert AuditEntry.objects.filter(verb="person.proof_failed").count() == PAIR_LIMIT
    Attempt.objects.update(at=timezone.now() - WINDOW)
    changed(PASSWORD)
    assert Person.objects.get(pk=person.pk).check_password(new)


@pytest.mark.parametrize(
    "address",
    [
        "//evil",
        "/\\evil",
        "///evil",
        "/\t/evil",
        "/\n/evil",
        "\t//evil",
        "https://testserver/",
        "javascript:1",
        "",
    ],
)
def test_no_way_leads_back_to_anywhere_else(address: str) -> None:
    assert not is_ours(RequestFactory().get("/"), address)
    assert is_ours(RequestFactory().get("/"), "/devices/?q=//evil")
