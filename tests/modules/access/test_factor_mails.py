"""What people are told by mail of their factors: in their language, without any link to click."""

from datetime import timedelta

import pytest
from django.utils import timezone

from console_fixture import World
from predvid.modules.access.factor_actions import remove_factors
from predvid.modules.access.mail_actions import Letter, take_letter
from predvid.modules.access.models import Mail, Person
from predvid.modules.access.queries import viewer_of
from second_factor import answer, at_localhost, with_app, with_passkey


def letter(now_and_more: timedelta = timedelta(0)) -> Letter | None:
    return take_letter("https://rmm.example.com", timezone.now() + now_and_more)


@pytest.mark.parametrize(
    ("language", "said"), [("hr", "osoba Vlasnica uklonila"), ("en", "Vlasnica removed")]
)
def test_whose_factors_were_removed_is_told_and_signed_out(world: World, language: str, said: str) -> None:
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    lost = world.person("izgubio@example.com", language=language)
    with_app(lost)
    browser = world.signed_in(lost)
    remove_factors(viewer_of(owner), lost.pk, timezone.now())
    assert browser.get("/").headers["Location"].startswith("/sign-in/"), "whoever sits there is out"
    found = letter()
    assert found
    assert found.recipient == "izgubio@example.com"
    assert said in found.body
    assert "http" not in found.body
    assert letter() is None


def test_whose_passkey_was_copied_is_told_its_name(world: World) -> None:
    ana: Person = world.person("ana@example.com", language="en")
    passkey = with_passkey(world, ana)
    browser = at_localhost(world.signed_in(ana))
    browser.post("/sign-out/")
    for count in (5, 2):
        passkey.count = count
        browser.post("/sign-in/passkey/", {"credential": answer(browser, passkey)})
        browser.post("/sign-out/")
    found = letter()
    assert found
    assert "your passkey Mobitel" in found.body
    assert letter() is None


def test_a_notice_that_waited_a_week_is_not_sent(world: World) -> None:
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    lost = world.person("izgubio@example.com")
    remove_factors(viewer_of(owner), lost.pk, timezone.now())
    assert letter(timedelta(days=8)) is None
    assert not Mail.objects.exists()
