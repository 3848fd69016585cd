"""Between password and second factor: a session that opens nothing and does not last; who must have one."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import World
from modules.access.test_audit_deeds import addresses
from predvid.modules.access import actions, factor_actions
from predvid.modules.access.factor_rules import GRACE_DAYS, PENDING
from predvid.modules.access.models import Attempt, AuditEntry, Person
from predvid.modules.access.proof_actions import PAIR_LIMIT
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.session_store import SessionStore
from second_factor import App, at_localhost, password, with_app

# The API knows tokens alone and answers 401 to any session; its description is for everybody.
API = ("/api/", "/^api/")  # the second catches what is no address of it
OPEN = {
    "sign-in",
    "forgotten",
    "acknowledge-link",
    "second-step",
    "sign-in-passkey",
    "passkey-options",
    "welcome",
    "healthz/",
}


@pytest.fixture
def ana(world: World) -> Person:
    return world.person("ana@example.com", role="owner", all_clients=True)


@pytest.fixture
def app(ana: Person) -> App:
    return with_app(ana)[0]


def session_of(browser: Browser) -> SessionStore:
    return SessionStore(browser.cookies["predvid_session"].value)


def aged(browser: Browser, key: str, by: timedelta) -> None:
    """Let what a session remembers under `key` be older."""
    session = session_of(browser)
    words = session[key]
    if isinstance(words, dict):
        words["at"] -= by.total_seconds()
    else:
        words -= by.total_seconds()
    session[key] = words
    session.save()


def test_password_then_code_signs_in_and_leads_to_the_page_asked_for(ana: Person, app: App) -> None:
    browser = Browser()
    assert password(browser, ana.email, next="/alerts/").headers["Location"] == "/sign-in/second/"
    half = browser.cookies["predvid_session"].value
    answer = browser.post("/sign-in/second/", {"code": app.code(timezone.now())})
    assert answer.headers["Location"] == "/alerts/"
    assert browser.cookies["predvid_session"].value != half, "the key of the half session is worth nothing"
    assert browser.get("/").status_code == 200
    thief = Browser()
    thief.cookies["predvid_session"] = half
    assert thief.get("/").headers["Location"].startswith("/sign-in/")


def test_half_a_sign_in_opens_no_page_and_takes_no_form(ana: Person, app: App) -> None:
    browser = Browser()
    password(browser, ana.email)
    walked = 0
    for name, address in addresses():
        if name in OPEN:
            continue
        if address.startswith(API):
            assert browser.get(address).status_code in (401, 404, 405) or "openapi" in name, name
            continue
        for method in (browser.get, browser.post):
            answer = method(address)
            assert answer.status_code == 302, name
            assert answer.headers["Location"].startswith("/sign-in/?"), name
            walked += 1
    assert walked > 60
    assert browser.post("/sign-in/second/", {"code": app.code(timezone.now())}).headers["Location"] == "/"


def test_half_a_sign_in_ends_after_five_minutes_and_with_the_password(ana: Person, app: App) -> None:
    late, changed = Browser(), Browser()
    password(late, ana.email)
    aged(late, "half", PENDING)
    assert (
        late.post("/sign-in/second/", {"code": app.code(timezone.now())}).headers["Location"] == "/sign-in/"
    )
    password(changed, ana.email)
    ana.set_password("posve nova rečenica")
    ana.save()
    assert changed.get("/sign-in/second/").headers["Location"] == "/sign-in/"
    assert not AuditEntry.objects.filter(verb="person.signed_in").exists()


def test_wrong_codes_lock_out_like_wrong_passwords(ana: Person, app: App) -> None:
    browser, wrong = Browser(HTTP_ACCEPT_LANGUAGE="hr"), app.wrong(timezone.now())
    password(browser, ana.email)
    for _ in range(PAIR_LIMIT):
        assert "pogrešan" in browser.post("/sign-in/second/", {"code": wrong}).content.decode()
    locked = browser.post("/sign-in/second/", {"code": app.code(timezone.now())})
    assert "Previše neuspjelih pokušaja." in locked.content.decode()
    again = Browser(HTTP_ACCEPT_LANGUAGE="hr")
    password(again, ana.email)
    locked = again.post("/sign-in/second/", {"code": app.code(timezone.now())})
    assert locked.status_code == 422, "the right password does not open the lock"


def test_the_right_password_alone_is_written_down(ana: Person, app: App) -> None:
    password(Browser(), ana.email)
    assert [entry.verb for entry in AuditEntry.objects.filter(object_id=str(ana.pk))][-1] == (
        "person.password_accepted"
    )


def test_a_recovery_code_signs_in(ana: Person) -> None:
    _, codes = with_app(ana)
    browser = Browser()
    password(browser, ana.email)
    assert browser.post("/sign-in/second/", {"code": codes[3]}).headers["Location"] == "/"
    assert browser.get("/profile/security/").status_code == 200


def test_a_one_time_link_signs_in_whoever_has_lost_everything(ana: Person, app: App) -> None:
    secret, browser = actions.make_sign_in_link(ana, timezone.now()), Browser()
    assert browser.post(f"/welcome/{secret}").headers["Location"] == "/"
    assert browser.post("/profile/security/app/remove").headers["Location"] == "/profile/security/"
    assert not browser.get("/profile/security/").context["mine"], "the link was the proof for that"


def test_staff_without_a_factor_are_asked_and_may_put_it_off(ana: Person) -> None:
    browser = Browser(HTTP_ACCEPT_LANGUAGE="hr")
    assert password(browser, ana.email, next="/alerts/").headers["Location"] == "/sign-in/protect/"
    assert f"za {GRACE_DAYS} dana" in browser.get("/sign-in/protect/").content.decode()
    assert browser.get("/devices/").status_code == 200, "nothing is closed yet"
    assert browser.post("/sign-in/protect/").headers["Location"] == "/alerts/"


def test_after_the_days_of_grace_nothing_opens_before_a_factor_is_set_up(world: World, ana: Person) -> None:
    ana.factor_asked_at = timezone.now() - timedelta(days=GRACE_DAYS, minutes=1)
    ana.save()
    browser = Browser()
    password(browser, ana.email)
    free = OPEN | {
        *("protect", "prove", "security", "factor-app", "factor-app-begin", "sign-out"),
        *("passkey-new", "passkey-add"),
    }
    for name, address in addresses():
        if address.startswith(API):
            assert browser.get(address).status_code in (401, 404, 405) or "openapi" in name, name
        elif name not in free:
            assert browser.get(address).headers.get("Location") == "/sign-in/protect/", name
            assert browser.post(address).headers.get("Location") == "/sign-in/protect/", name
    assert browser.post("/sign-in/protect/").status_code == 200, "it can no longer be put off"
    browser.post("/profile/security/app/begin")
    page = browser.get("/profile/security/app/").content.decode()
    app = App(page.partition('id="app-secret">')[2].partition("<")[0].replace(" ", ""))
    assert browser.post("/profile/security/app/", {"code": app.code(timezone.now())}).status_code == 200
    assert browser.get("/devices/").status_code == 200


def test_a_session_from_before_closes_when_the_days_are_over(ana: Person) -> None:
    browser = Browser()
    password(browser, ana.email)
    assert browser.get("/devices/").status_code == 200
    aged(browser, "factor_due", timedelta(days=GRACE_DAYS))
    assert browser.get("/devices/").headers["Location"] == "/sign-in/protect/"


def test_the_owner_decides_how_long_and_contacts_of_clients_are_not_asked(world: World, ana: Person) -> None:
    world.person("klijent@example.com", role="client_contact")
    assert password(Browser(), "klijent@example.com").headers["Location"] == "/"
    owner = world.signed_in(ana)
    assert owner.post("/profile/security/rule", {"days": ""}).status_code == 302
    assert password(Browser(), ana.email).headers["Location"] == "/"
    owner.post("/profile/security/rule", {"days": "0"})
    browser = Browser()
    password(browser, ana.email)
    assert browser.get("/devices/").headers["Location"] == "/sign-in/protect/"
    owner.post("/profile/security/rule", {"days": "9999"})
    manager = world.signed_in(world.person("voditelj@example.com", role="manager", all_clients=True))
    manager.post("/profile/security/rule", {"days": ""})
    assert owner.get("/profile/security/").context["rule"] == 0


def test_an_old_factor_removed_by_hand_is_asked_for_again_without_new_grace(
    world: World, ana: Person
) -> None:
    with_app(ana)
    ana.factor_asked_at = timezone.now() - timedelta(days=30)
    ana.save()
    browser = world.signed_in(ana)
    browser.post("/profile/security/app/remove")
    assert browser.get("/devices/").headers["Location"] == "/sign-in/protect/"


def test_at_a_bare_address_the_pages_say_where_passkeys_work(world: World, ana: Person) -> None:
    bare = world.signed_in(ana)
    bare.defaults["HTTP_HOST"] = "127.0.0.1"
    named = at_localhost(world.signed_in(ana))
    for address in ("/sign-in/protect/", "/profile/security/"):
        password(bare, ana.email)
        page = bare.get(address, follow=True).content.decode()
        assert "http://localhost:8700" in page or address != "/profile/security/"
    assert "http://localhost:8700" in bare.get("/profile/security/").content.decode()
    assert "data-passkey" not in bare.get("/profile/security/").content.decode()
    assert 'data-passkey="create"' in named.get("/profile/security/").content.decode()
    assert bare.post("/sign-in/passkey/options").status_code == 404


def test_heads_remove_the_factors_of_those_they_oversee(world: World, ana: Person) -> None:
    manager = world.person("voditelj@example.com", role="manager", all_clients=True)
    local = world.person("lokalni@example.com", role="manager")
    local.clients.add(world.clients[0])
    one, other = world.person("prvi@example.com"), world.person("drugi@example.com")
    one.clients.add(world.clients[0])
    other.clients.add(world.clients[1])
    for person in (ana, one, other):
        with_app(person)

    def removes(who: Person, whose: Person) -> bool:
        world.signed_in(who).post(f"/people/{whose.pk}/factors/remove")
        gone = not Person.objects.get(pk=whose.pk).recovery_codes.exists()
        if gone:
            with_app(whose)
        return gone

    assert removes(manager, one)
    assert removes(local, one)
    assert not removes(local, other)
    assert not removes(manager, ana), "an owner's factors are an owner's matter"
    assert not removes(one, other)
    assert not removes(ana, ana), "one's own are removed on one's own page, one by one"
    assert removes(ana, other)
    told = AuditEntry.objects.filter(verb="person.factors_removed", object_id=str(one.pk))
    assert {entry.person for entry in told} == {str(manager.pk), str(local.pk)}


def test_no_failure_is_kept_readably(ana: Person, app: App) -> None:
    browser = Browser()
    password(browser, ana.email)
    browser.post("/sign-in/second/", {"code": "000000"})
    assert Attempt.objects.exists()
    assert all(len(bytes(row.subject_hash)) == 32 for row in Attempt.objects.all())
    factor_actions.remove_app(viewer_of(ana), timezone.now())


def test_a_factor_set_up_in_another_session_opens_this_one(ana: Person) -> None:
    ana.factor_asked_at = timezone.now() - timedelta(days=GRACE_DAYS, minutes=1)
    ana.save()
    browser = Browser()
    password(browser, ana.email, next="/alerts/")
    assert browser.get("/devices/").headers["Location"] == "/sign-in/protect/"
    with_app(ana)
    assert browser.get("/sign-in/protect/").headers["Location"] == "/alerts/"
    assert browser.get("/devices/").status_code == 200
