"""A refusal that names something reads in the person's language on pages and in English elsewhere."""

import re

import pytest

from console_fixture import PASSWORD, World
from predvid.core.errors import UserError


def test_the_text_is_filled_in_and_percent_signs_survive() -> None:
    assert str(UserError("There is already a client called %(name)s.", name="100 %s")).endswith("100 %s.")
    assert str(UserError("At least 5 % must be free.")) == "At least 5 % must be free."


@pytest.mark.parametrize(
    ("language", "said"),
    [("hr", "Klijent s nazivom Hotel Čvorak već postoji."),
     ("en", "There is already a client called Hotel Čvorak.")],
)  # fmt: skip
def test_a_page_says_it_in_the_language_of_the_person(world: World, language: str, said: str) -> None:
    person = world.person(f"{language}@example.com", role="owner", all_clients=True, language=language)
    form = {"name": "Hotel Čvorak", "sector": "", "back": "/clients/"}
    page = world.signed_in(person).post("/clients/add", form, follow=True).content.decode()
    assert said in page


@pytest.mark.parametrize("password", ["kratka", "password1234", "zeljka@example.com"])
def test_a_weak_password_is_refused_in_croatian(world: World, password: str) -> None:
    person = world.person("zeljka@example.com", language="hr")
    words = {"part": "password", "current": PASSWORD, "new": password}
    page = world.signed_in(person).post("/profile/", words).content.decode()
    said = re.findall(r'class="wrong">.*?<span>([^<]+)</span>', page)
    assert said
    assert not [line for line in said if "password" in line]
