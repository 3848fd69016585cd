"""Sessions: made anew at sign-in, ended on the server, listed, limited; their keys are in cookies alone."""

import statistics
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import serializers
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import PASSWORD, World
from predvid.modules.access import chores
from predvid.modules.access.agent_words import browser_and_system
from predvid.modules.access.models import Person, Session
from predvid.modules.access.session_store import SessionStore, stored_key

COOKIE = "predvid_session"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def sign_in(browser: Browser, email: str = "ana@example.com", **headers: str) -> Any:
    return browser.post("/sign-in/", {"email": email, "password": PASSWORD}, **headers)  # type: ignore[arg-type]


def with_cookie(key: str) -> Browser:
    browser = Browser()
    browser.cookies[COOKIE] = key
    return browser


def is_in(browser: Browser) -> bool:
    return browser.get("/profile/").status_code == 200


@pytest.fixture
def ana(world: World) -> Person:
    return world.person("ana@example.com", role="technician", all_clients=True, language="en")


def test_a_key_that_was_planted_before_never_becomes_signed_in(ana: Person) -> None:
    planted = SessionStore()
    planted["planted"] = True
    planted.save()
    victim = with_cookie(planted.session_key or "")
    assert sign_in(victim).status_code == 302
    assert victim.cookies[COOKIE].value != planted.session_key
    assert is_in(victim)
    assert not is_in(with_cookie(planted.session_key or ""))
    assert not is_in(with_cookie("izmisljen-kljuc-koji-nitko-nije-izdao"))


def test_a_cookie_replayed_after_signing_out_is_nothing(ana: Person) -> None:
    browser = Browser()
    sign_in(browser)
    kept = browser.cookies[COOKIE].value
    assert is_in(with_cookie(kept))
    browser.post("/sign-out/")
    assert not is_in(with_cookie(kept))
    assert not Session.objects.filter(person=ana).exists()


def test_an_idle_session_ends_and_one_in_use_does_not(ana: Person) -> None:
    browser = Browser()
    sign_in(browser)
    almost = timezone.now() - settings.SESSION_IDLE + timedelta(minutes=1)
    Session.objects.update(seen_at=almost)
    assert is_in(browser)
    assert Session.objects.get(person=ana).seen_at > almost + timedelta(hours=1), "using it keeps it"
    Session.objects.update(seen_at=timezone.now() - settings.SESSION_IDLE)
    assert not is_in(browser)


def test_a_page_that_refreshes_itself_keeps_no_session_alive(ana: Person) -> None:
    browser = Browser()
    sign_in(browser)
    browser.get("/")
    old = timezone.now() - timedelta(hours=11)
    Session.objects.update(seen_at=old)
    assert browser.get("/", headers={"HX-Request": "true", "HX-Source": "div#live"}).status_code == 200
    assert Session.objects.get(person=ana).seen_at == old
    browser.get("/", headers={"HX-Request": "true", "HX-Source": "input#search"})
    assert Session.objects.get(person=ana).seen_at > old


def test_after_seven_days_even_a_busy_session_ends(ana: Person) -> None:
    browser = Browser()
    sign_in(browser)
    assert browser.cookies[COOKIE]["max-age"] == 7 * 24 * 3600
    Session.objects.update(created_at=timezone.now() - settings.SESSION_LONGEST + timedelta(minutes=1))
    assert is_in(browser)
    Session.objects.update(created_at=timezone.now() - settings.SESSION_LONGEST)
    assert not is_in(browser)


def test_what_has_ended_is_swept(ana: Person) -> None:
    sign_in(Browser())
    Session.objects.update(seen_at=timezone.now() - settings.SESSION_IDLE)
    sign_in(Browser())
    assert Session.objects.count() == 2
    chores.sweep(timezone.now())
    assert Session.objects.count() == 1


def test_the_profile_lists_sessions_and_ends_one_or_all_others(ana: Person) -> None:
    here, there, third = Browser(), Browser(), Browser()
    for browser, agent, address in (
        (here, "curl/8.5.0", "10.0.0.1"), (there, FIREFOX, "10.0.0.2"), (third, "x", "10.0.0.3"),
    ):  # fmt: skip
        sign_in(browser)
        browser.get("/", HTTP_USER_AGENT=agent, REMOTE_ADDR=address)
    page = here.get("/profile/").content.decode()
    for word in ("Firefox 128 · Windows", "10.0.0.2", "Unknown browser", "10.0.0.3", "this one"):
        assert word in page
    there_id = Session.objects.get(address="10.0.0.2").pk
    assert here.post(f"/profile/sessions/{there_id}/end").status_code == 302
    assert [is_in(each) for each in (here, there, third)] == [True, False, True]
    here.post("/profile/sessions/end-others")
    assert [is_in(each) for each in (here, third)] == [True, False]


def test_nobody_ends_anothers_session_by_its_number(world: World, ana: Person) -> None:
    other = world.signed_in(world.person("iva@example.com", role="owner", all_clients=True))
    sign_in(mine := Browser())
    theirs = Session.objects.get(person__email="iva@example.com")
    assert mine.post(f"/profile/sessions/{theirs.pk}/end").status_code == 404
    assert is_in(other)


def test_a_new_password_ends_the_other_sessions_in_the_table(ana: Person) -> None:
    here, there = Browser(), Browser()
    sign_in(here)
    sign_in(there)
    here.post("/profile/", {"part": "password", "current": PASSWORD, "new": "posve nova rečenica"})
    assert [is_in(here), is_in(there)] == [True, False]
    assert Session.objects.filter(person=ana).count() == 1


def test_the_table_holds_no_key_that_a_cookie_could_carry(ana: Person) -> None:
    browser = Browser()
    sign_in(browser)
    key = browser.cookies[COOKIE].value
    dump = serializers.serialize("json", Session.objects.all())
    assert key not in dump
    assert stored_key(key) in dump
    assert not is_in(with_cookie(stored_key(key)))


def test_a_strange_cookie_is_a_stranger(ana: Person) -> None:
    for key in ("", "x" * 5000, "\x00", "é", "../../etc"):
        assert with_cookie(key).get("/").status_code == 302


@pytest.mark.parametrize(
    ("agent", "browser", "system"),
    [
        (FIREFOX, "Firefox 128", "Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36", "Chrome 126", "Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36 Edg/126.0.2592.87", "Edge 126", "Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
         "Safari/605.1.15", "Safari 17", "macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
         "Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17", "iPhone"),
        ("Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) "
         "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36", "Samsung Internet 25", "Android"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
         "Safari/537.36 OPR/112.0.0.0", "Opera 112", "ChromeOS"),
        ("curl/8.5.0", "curl 8", ""),
        ("", "", ""),
        ("<script>alert(1)</script>" * 400, "", ""),
    ],
)  # fmt: skip
def test_browser_and_system_are_named(agent: str, browser: str, system: str) -> None:
    assert browser_and_system(agent) == (browser, system)


def test_wrong_address_and_wrong_password_cost_the_same(world: World, ana: Person) -> None:
    world.person("bivsa@example.com", is_active=False)
    Person(email="pozvan@example.com", name="P", is_active=False, invited=True, password="!").save()

    def cost(email: str) -> float:
        """Return the processor seconds of one failed sign-in, the middle of five (fewer than lock out)."""
        spent = []
        for _ in range(5):
            began = time.process_time()
            answer = Browser(HTTP_ACCEPT_LANGUAGE="en").post(
                "/sign-in/", {"email": email, "password": "kriva"}
            )
            spent.append(time.process_time() - began)
            assert "address or the password is wrong" in answer.content.decode()
        return statistics.median(spent)

    cost("zagrijavanje@example.com")
    costs = [cost(f"{who}@example.com") for who in ("ana", "nitko", "bivsa", "pozvan")]
    assert max(costs) < 2 * min(costs), "without the hashing it would be a tenth"
