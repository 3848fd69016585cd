"""Before a dangerous deed the person proves that it is they; what they entered is kept and done then."""

import re
from datetime import timedelta

import pytest
from django.http import HttpRequest
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import PASSWORD, World
from modules.access.test_second_step import aged, session_of
from predvid.modules.access.factor_rules import PROOF
from predvid.modules.access.guard import ProofNeeded, require
from predvid.modules.access.models import AuditEntry, Person, RecoveryCode
from predvid.modules.access.proof_actions import PAIR_LIMIT
from predvid.modules.access.rules import DANGEROUS, PLATFORM, VERBS, Viewer
from predvid.modules.access.step_up import opened
from second_factor import answer, at_localhost, held, password, with_app, with_passkey

NAME = 'Ključ "na" <privjesku> & ćup'


@pytest.fixture
def ana(world: World) -> Person:
    return world.person("ana@example.com", role="owner", all_clients=True, language="hr")


def codes_of(person: Person) -> set[bytes]:
    return {bytes(code.code_hash) for code in RecoveryCode.objects.filter(person=person)}


@pytest.mark.parametrize("verb", VERBS)
def test_exactly_the_dangerous_verbs_want_a_proof(verb: str) -> None:
    for proved in (True, None, False):
        viewer = Viewer("X", "owner", None, proved=proved)
        if proved is False and verb in DANGEROUS:
            with pytest.raises(ProofNeeded):
                require(viewer, verb)
        else:
            require(viewer, verb)
    require(PLATFORM, verb)


def test_the_form_is_held_and_done_after_the_proof_as_it_was_entered(world: World, ana: Person) -> None:
    app, _ = with_app(ana)
    with_passkey(world, ana)
    browser, key = world.signed_in(ana, proved=False), ana.passkeys.get().pk
    address = f"/profile/security/passkeys/{key}/rename"
    page = browser.post(
        address, {"name": NAME, "more": ["a", "b"]}, HTTP_REFERER="http://testserver/alerts/?a=1"
    )
    assert page.status_code == 403
    assert ana.passkeys.get().name == "Mobitel", "nothing was done yet"
    text = page.content.decode()
    assert "privjesku" not in text, "what was entered lies sealed in the page"
    assert 'href="/alerts/?a=1"' in text
    sealed = held(page)
    wrong = browser.post("/prove/", {"held": sealed, "code": app.wrong(timezone.now())})
    assert wrong.status_code == 422
    assert held(wrong) == sealed
    code = app.code(timezone.now())
    again = browser.post("/prove/", {"held": sealed, "code": code})
    assert (again.status_code, again.headers["Location"]) == (307, address), "no word of it in the address"
    browser.post(address, {"held": sealed, "code": code})  # as the browser does on 307
    assert ana.passkeys.get().name == NAME
    verbs = [entry.verb for entry in AuditEntry.objects.filter(object_id=str(ana.pk)).order_by("number")]
    assert verbs[-3:] == ["person.proof_failed", "person.proved", "person.passkey_renamed"]


def test_a_file_asked_for_comes_after_the_proof(world: World, ana: Person) -> None:
    browser = world.signed_in(ana, proved=False)
    page = browser.get("/audit/export.csv?verb=person.added")
    assert page.status_code == 403
    again = browser.post("/prove/", {"held": held(page), "password": PASSWORD})
    assert (again.status_code, again.headers["Location"]) == (302, "/audit/export.csv?verb=person.added")
    assert browser.get(again.headers["Location"]).headers["Content-Type"].startswith("text/csv")


def test_a_proof_lasts_ten_minutes(world: World, ana: Person) -> None:
    with_app(ana)
    browser = world.signed_in(ana)
    aged(browser, "proof", PROOF - timedelta(seconds=20))
    assert browser.post("/profile/security/codes").status_code == 200
    aged(browser, "proof", timedelta(seconds=21))
    before = codes_of(ana)
    assert browser.post("/profile/security/codes").status_code == 403
    assert codes_of(ana) == before
    aged(browser, "proof", -timedelta(days=1))
    assert browser.post("/profile/security/codes").status_code == 403, "a proof from the future is none"


def test_a_proof_belongs_to_its_session(world: World, ana: Person) -> None:
    with_app(ana)
    proved, other = world.signed_in(ana), world.signed_in(ana, proved=False)
    assert proved.post("/profile/security/codes").status_code == 200
    assert other.post("/profile/security/codes").status_code == 403


def test_signing_in_is_a_proof_in_a_new_session(world: World, ana: Person) -> None:
    app, _ = with_app(ana)
    browser = Browser()
    password(browser, ana.email)
    half = session_of(browser)
    assert "proof" not in half, "half a sign-in proves nothing"
    browser.post("/sign-in/second/", {"code": app.code(timezone.now())})
    assert browser.post("/profile/security/codes").status_code == 200
    browser.post("/sign-out/")
    assert "proof" not in session_of(browser) if "predvid_session" in browser.cookies else True


def test_a_held_form_fits_only_its_session_its_address_and_a_quarter_of_an_hour(
    world: World, ana: Person
) -> None:
    with_app(ana)
    with_passkey(world, ana)
    key = ana.passkeys.get().pk
    address = f"/profile/security/passkeys/{key}/rename"
    mine, other = world.signed_in(ana, proved=False), world.signed_in(ana)
    sealed = held(mine.post(address, {"name": NAME}))
    other.post(address, {"held": sealed})
    assert ana.passkeys.get().name == "Mobitel"
    assert other.post("/prove/", {"held": sealed}).headers["Location"] == "/"
    session, now = session_of(mine), timezone.now()
    request = HttpRequest()
    request.session = session
    assert opened(request, sealed, now + timedelta(minutes=14))
    assert opened(request, sealed, now + timedelta(minutes=15)) is None
    session["proof"] = timezone.now().timestamp()
    session.save()
    mine.post(f"/profile/security/passkeys/{key}/remove", {"held": sealed})
    assert not ana.passkeys.exists(), "an address that it is not for takes what was posted, and no more"
    for broken in ("", "AAAA", sealed[:-4], sealed[:40] + "A" + sealed[41:], "ž"):
        assert mine.post("/prove/", {"held": broken, "code": "1"}).headers["Location"] == "/"


def test_the_password_proves_only_those_without_a_factor(world: World, ana: Person) -> None:
    browser = world.signed_in(ana, proved=False)
    page = browser.post("/profile/security/rule", {"days": "30"})
    assert 'name="password"' in page.content.decode()
    wrong = browser.post("/prove/", {"held": held(page), "password": "kriva lozinka"})
    assert "Lozinka nije točna." in wrong.content.decode()
    assert browser.post("/prove/", {"held": held(page), "password": PASSWORD}).status_code == 307
    with_app(ana)
    browser = world.signed_in(ana, proved=False)
    page = browser.post("/profile/security/rule", {"days": "30"})
    assert 'name="password"' not in page.content.decode()
    assert browser.post("/prove/", {"held": held(page), "password": PASSWORD}).status_code == 422


def test_only_what_was_entered_is_said_to_be_kept(world: World, ana: Person) -> None:
    browser = world.signed_in(ana, proved=False)
    entered, bare = "Ono što ste upisali sačuvano je", "Izvršit će se odmah nakon nje."
    page = browser.post("/profile/security/rule", {"days": "30"}).content.decode()
    assert entered in page
    assert bare not in page
    for bare_one in (
        browser.get("/audit/export.csv"),
        browser.post(f"/people/{ana.pk}/sign-out", {"back": "/people/"}),
    ):
        page = bare_one.content.decode()
        assert 'name="held"' in page
        assert entered not in page
        assert bare in page


def test_an_empty_proof_is_no_wrong_one(world: World, ana: Person) -> None:
    browser = world.signed_in(ana, proved=False)
    sealed = held(browser.post("/profile/security/rule", {"days": "30"}))
    for _ in range(PAIR_LIMIT + 1):
        assert "Upišite svoju lozinku." in browser.post("/prove/", {"held": sealed}).content.decode()
    assert browser.post("/prove/", {"held": sealed, "password": PASSWORD}).status_code == 307
    with_app(ana)
    browser = world.signed_in(ana, proved=False)
    sealed = held(browser.post("/profile/security/rule", {"days": "30"}))
    assert "Upišite kôd." in browser.post("/prove/", {"held": sealed, "code": " "}).content.decode()


def test_proofs_are_guessed_no_more_often_than_sign_ins(world: World, ana: Person) -> None:
    browser = world.signed_in(ana, proved=False)
    sealed = held(browser.post("/profile/security/rule", {"days": "30"}))
    for _ in range(PAIR_LIMIT):
        browser.post("/prove/", {"held": sealed, "password": "kriva lozinka"})
    page = browser.post("/prove/", {"held": sealed, "password": PASSWORD})
    assert "Previše neuspjelih pokušaja." in page.content.decode()
    assert password(Browser(), ana.email).status_code == 422, "it is one lock for both"


def test_a_passkey_proves(world: World, ana: Person) -> None:
    passkey = with_passkey(world, ana)
    browser = at_localhost(world.signed_in(ana, proved=False))
    page = browser.post("/profile/security/rule", {"days": "30"})
    assert 'data-passkey="get"' in page.content.decode()
    words = {"held": held(page), "credential": answer(browser, passkey)}
    assert browser.post("/prove/", words).status_code == 307


def test_htmx_gets_the_page_of_proofs_in_place_of_the_whole_page(world: World, ana: Person) -> None:
    browser = world.signed_in(ana, proved=False)
    page = browser.post("/profile/security/rule", {"days": "30"}, headers={"HX-Request": "true"})
    assert (page.status_code, page.headers["HX-Retarget"]) == (200, "body"), "htmx shows no 403"
    assert "<html" not in page.content.decode()
    assert browser.post("/prove/", {"held": held(page), "password": PASSWORD}).status_code == 307


def test_changing_one_s_own_factors_wants_a_proof(world: World, ana: Person) -> None:
    with_app(ana)
    with_passkey(world, ana)
    key, browser = ana.passkeys.get().pk, at_localhost(world.signed_in(ana, proved=False))
    for path in ("app/begin", "app/remove", "codes", "rule", f"passkeys/{key}/remove", "passkeys/new"):
        assert browser.post(f"/profile/security/{path}", {"days": "30"}).status_code == 403, path
    assert browser.get("/profile/security/app/").status_code == 403
    page = browser.get("/profile/security/").content.decode()
    assert not re.search(r"[A-Z2-7]{4} [A-Z2-7]{4} [A-Z2-7]{4}", page)


def test_a_form_with_lists_of_another_room_is_done_as_entered(world: World, ana: Person) -> None:
    """Inviting asks nothing of its own for the proof: `guard.require` does, for whatever is dangerous."""
    browser = world.signed_in(ana, proved=False)
    chosen = [str(client.pk) for client in world.clients]
    words = {"name": "Luka Ćuk", "email": "luka@example.com", "language": "hr", "role": "technician"}
    page = browser.post("/people/invite", {**words, "clients": chosen})
    assert page.status_code == 403
    assert not Person.objects.filter(email="luka@example.com").exists()
    done = browser.post("/prove/", {"held": held(page), "password": PASSWORD}, follow=True)
    assert done.redirect_chain == [("/people/invite", 307)]
    luka = Person.objects.get(email="luka@example.com")
    assert luka.name == "Luka Ćuk"
    assert {str(client.pk) for client in luka.clients.all()} == set(chosen)
