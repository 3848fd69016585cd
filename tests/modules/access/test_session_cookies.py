"""A session is its secret key and nothing else: whatever a cookie holds, only that key signs anybody in."""

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console_fixture import World

TEXT = st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=60)
SETTINGS = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("times", [60, pytest.param(4_000, marks=pytest.mark.long)])
def test_no_cookie_but_the_right_one_opens_a_page(world: World, times: int) -> None:
    person = world.person("ana@example.com", role="owner", all_clients=True)
    key = world.signed_in(person).cookies["predvid_session"].value
    near = st.tuples(st.integers(0, len(key) - 1), TEXT).map(
        lambda at: key[: at[0]] + at[1] + key[at[0] + 1 :]
    )
    other = st.one_of(TEXT, near, st.sampled_from([key[:-1], key + key, key.upper(), "", ".", "../" + key]))

    @settings(SETTINGS, max_examples=times)
    @given(other.filter(lambda text: text.partition(";")[0].strip(' "') != key))
    def cookie(text: str) -> None:
        answer = Browser(headers={"cookie": f"predvid_session={text}"}).get("/profile/")
        assert (answer.status_code, answer.headers["Location"][:9]) == (302, "/sign-in/")

    cookie()
    assert Browser(headers={"cookie": f"predvid_session={key}"}).get("/profile/").status_code == 200
