"""`predvid owner link`: what it cannot do is one sentence with a command to paste, in both languages."""

import shlex

import pytest
from django.conf import settings

from console_fixture import World
from predvid.core.errors import UserError
from predvid.server.owner_texts import TEXTS
from predvid.server.setting_up import owner_link
from predvid.server.speech import Speech


@pytest.mark.parametrize(
    ("language", "said", "address"),
    [("en", "There are several owners", "ADDRESS"), ("hr", "Vlasnika je više", "ADRESA")],
)
def test_several_owners_are_asked_for_an_address(
    world: World, language: str, said: str, address: str
) -> None:
    for email in ("ana@example.com", "ivan@example.com"):
        world.person(email, role="owner", all_clients=True)
    with pytest.raises(UserError) as refused:
        owner_link(settings.PLACE, None, Speech(language, TEXTS))
    text = str(refused.value)
    assert said in text
    _, *words = shlex.split(text.partition(": ")[2])
    assert words == ["owner", "link", "--email", address, "--data", str(settings.PLACE.data)]
    assert owner_link(settings.PLACE, "ana@example.com", Speech(language, TEXTS)).startswith("http")


@pytest.mark.parametrize(("language", "said"), [("en", "Nobody with"), ("hr", "ne može prijaviti")])
def test_a_stranger_gets_no_link(world: World, language: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        owner_link(settings.PLACE, "nitko@example.com", Speech(language, TEXTS))
