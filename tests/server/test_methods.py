"""Pages answer HEAD as they answer GET, and say in words where an address is opened otherwise."""

import pytest
from django.test import Client as Browser

from console_fixture import World

PAGES = ["/", "/devices/", "/alerts/", "/enrol/", "/profile/"]


@pytest.fixture
def owner(world: World) -> Browser:
    """The browser of an owner who reads Croatian."""
    return world.signed_in(world.person("v@example.com", role="owner", all_clients=True, language="hr"))


@pytest.mark.parametrize("path", PAGES)
def test_head_is_get_without_a_body(owner: Browser, path: str) -> None:
    asked, whole = owner.head(path), owner.get(path)
    assert (asked.status_code, asked.content) == (whole.status_code, b"") == (200, b"")
    assert asked.headers["Content-Type"] == whole.headers["Content-Type"]


def test_strangers_may_ask_for_the_head_of_the_sign_in_page(world: World) -> None:
    assert Browser().head("/sign-in/").status_code == 200


def test_a_page_says_that_it_is_opened_otherwise(owner: Browser, world: World) -> None:
    for answer in (owner.post("/devices/"), owner.get(f"/alerts/{world.alerts[0].pk}/acknowledge")):
        assert answer.status_code == 405
        assert answer.headers["Allow"]
        assert "Tako ne ide" in answer.content.decode()
