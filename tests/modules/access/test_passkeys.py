"""Passkeys: made and used in two steps, each answer good once and here alone; a copied one is found out."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client as Browser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console_fixture import World
from modules.access.test_second_step import aged
from predvid.modules.access import passkeys, proof_actions
from predvid.modules.access.factor_rules import Party, party, place_for_passkeys
from predvid.modules.access.models import AuditEntry, Passkey, Person, RecoveryCode
from second_factor import answer, at_localhost, password, with_app, with_passkey
from soft_passkey import PRESENT, SoftPasskey, plain

REFUSED = "Ovaj pristupni ključ nije prihvaćen."


@pytest.fixture
def ana(world: World) -> Person:
    return world.person("ana@example.com")


def stranger(**headers: str) -> Browser:
    return at_localhost(Browser(HTTP_ACCEPT_LANGUAGE="hr", REMOTE_ADDR="10.1.2.3", **headers))


def signs_in(passkey: SoftPasskey, browser: Browser | None = None) -> bool:
    browser = browser or stranger()
    page = browser.post("/sign-in/passkey/", {"credential": answer(browser, passkey), "next": "/alerts/"})
    assert page.status_code in (302, 422)
    assert page.status_code == 302 or REFUSED in page.content.decode()
    return page.status_code == 302 and page.headers["Location"] == "/alerts/"


def told(verb: str) -> int:
    return AuditEntry.objects.filter(verb=verb).count()


def test_a_passkey_signs_in_without_a_password(world: World, ana: Person) -> None:
    passkey = with_passkey(world, ana)
    assert RecoveryCode.objects.filter(person=ana).count() == 10, "the first factor brings recovery codes"
    browser = stranger()
    assert signs_in(passkey, browser)
    assert browser.get("/profile/security/").context["person"] == ana
    assert browser.post("/profile/security/codes").status_code == 200, "and it is a proof"
    entry = AuditEntry.objects.get(verb="person.signed_in")
    assert (entry.object_id, entry.why, entry.address) == (str(ana.pk), "passkey", "10.1.2.3")


def test_a_passkey_is_the_second_step_for_its_own_person_alone(world: World, ana: Person) -> None:
    mine, theirs = with_passkey(world, ana), with_passkey(world, world.person("iva@example.com"))
    browser = stranger()
    assert password(browser, ana.email).headers["Location"] == "/sign-in/second/"
    options = browser.post("/sign-in/passkey/options").json()
    assert [known["id"] for known in options["allowCredentials"]] == [plain(mine.credential)]
    page = browser.post("/sign-in/second/", {"credential": theirs.use(options)})
    assert REFUSED in page.content.decode()
    assert browser.post("/sign-in/second/", {"credential": answer(browser, mine)}).headers["Location"] == "/"


def test_strangers_are_not_told_which_passkeys_there_are(world: World, ana: Person) -> None:
    with_passkey(world, ana)
    assert stranger().post("/sign-in/passkey/options").json()["allowCredentials"] == []


Lie = Callable[[SoftPasskey], SoftPasskey]
LIES: dict[str, Lie] = {
    "another origin": lambda it: replace(it, origin="http://evil.example"),
    "another party": lambda it: replace(it, party="evil.example"),
    "not unlocked": lambda it: replace(it, flags=PRESENT),
    "nobody there": lambda it: replace(it, flags=0x04),
    "another key": lambda it: replace(it, key=SoftPasskey().key),
    "unknown": lambda it: replace(it, credential=b"x" * 32),
    "of somebody else": lambda it: replace(it, user=b"y" * 16),
}


@pytest.mark.parametrize("lie", LIES)
def test_whatever_is_not_right_is_refused_in_one_sentence(world: World, ana: Person, lie: str) -> None:
    passkey = with_passkey(world, ana)
    assert not signs_in(LIES[lie](passkey))
    assert told("person.signed_in") == 0
    assert told("person.sign_in_failed") == 1
    assert Passkey.objects.get().cloned_at is None, "nobody has a passkey refused without its key"
    assert signs_in(passkey)


def test_an_answer_is_good_once_in_its_own_session_and_for_five_minutes(world: World, ana: Person) -> None:
    passkey, browser, other = with_passkey(world, ana), stranger(), stranger()
    said = {"credential": answer(browser, passkey)}
    other.post("/sign-in/passkey/options")
    assert other.post("/sign-in/passkey/", said).status_code == 422
    assert browser.post("/sign-in/passkey/", said).status_code == 302
    browser.post("/sign-out/")
    assert browser.post("/sign-in/passkey/", said).status_code == 422
    late = stranger()
    said = {"credential": answer(late, passkey)}
    aged(late, "challenge", timedelta(minutes=5))
    assert late.post("/sign-in/passkey/", said).status_code == 422


def test_a_challenge_to_make_one_cannot_be_used_to_sign_in(world: World, ana: Person) -> None:
    passkey = with_passkey(world, ana)
    browser = at_localhost(world.signed_in(ana))
    options = browser.post("/profile/security/passkeys/new").json()
    assert browser.post("/sign-in/passkey/", {"credential": passkey.use(options)}).status_code == 422


def test_a_copied_passkey_is_found_out_and_refused_for_good(world: World, ana: Person) -> None:
    passkey = with_passkey(world, ana)
    copy = replace(passkey)
    assert all(signs_in(passkey) for _ in range(3))
    assert not signs_in(copy), "its counter is behind"
    assert Passkey.objects.get().cloned_at is not None
    entry = AuditEntry.objects.get(verb="person.passkey_cloned")
    assert (entry.object_id, entry.person) == (str(ana.pk), str(ana.pk))
    assert not signs_in(passkey), "nobody knows which of the two is the person's"
    assert told("person.passkey_cloned") == 1
    page = world.signed_in(ana).get("/profile/security/").content.decode()
    assert "Odbija se: postoje dva ista." in page
    assert password(stranger(), ana.email).headers["Location"] == "/sign-in/second/", (
        "nor does it open the door"
    )


def test_a_passkey_without_a_counter_works_again_and_again(world: World, ana: Person) -> None:
    passkey = with_passkey(world, ana, count=0)
    for _ in range(3):
        passkey.count = -1  # goes up to 0 with each use
        assert signs_in(passkey)


def test_people_have_several_and_name_them(world: World, ana: Person) -> None:
    first, second = with_passkey(world, ana), with_passkey(world, ana)
    browser = at_localhost(world.signed_in(ana))
    keys = [passkey.pk for passkey in ana.passkeys.all()]
    browser.post(f"/profile/security/passkeys/{keys[0]}/rename", {"name": " Ključ na privjesku "})
    page = browser.get("/profile/security/").content.decode()
    assert "Ključ na privjesku" in page
    browser.post(f"/profile/security/passkeys/{keys[0]}/remove")
    assert not signs_in(first)
    assert signs_in(second)


def test_nobody_touches_the_passkeys_of_others(world: World, ana: Person) -> None:
    with_passkey(world, ana)
    key, thief = ana.passkeys.get().pk, world.signed_in(world.person("iva@example.com", role="owner"))
    for verb in ("rename", "remove"):
        answer = thief.post(f"/profile/security/passkeys/{key}/{verb}", {"name": "Moj"})
        assert answer.status_code == 404
    assert ana.passkeys.get().name == "Mobitel"


def test_a_passkey_belongs_to_one_person(world: World, ana: Person) -> None:
    passkey, iva = with_passkey(world, ana), world.person("iva@example.com")
    browser = at_localhost(world.signed_in(iva))
    options = browser.post("/profile/security/passkeys/new").json()
    browser.post("/profile/security/passkeys/add", {"credential": passkey.make(options), "name": "X"})
    assert Passkey.objects.get().person == ana


@pytest.mark.parametrize("lie", ["another origin", "another party", "not unlocked", "nobody there"])
def test_nothing_doubtful_is_taken_as_a_new_passkey(world: World, ana: Person, lie: str) -> None:
    browser, passkey = at_localhost(world.signed_in(ana)), LIES[lie](SoftPasskey())
    made = passkey.make(browser.post("/profile/security/passkeys/new").json())
    browser.post("/profile/security/passkeys/add", {"credential": made, "name": "X"})
    assert not Passkey.objects.exists()


def test_bad_answers_do_not_fill_the_audit(world: World) -> None:
    browser = stranger()
    for _ in range(proof_actions.PASSKEY_LIMIT + 5):
        browser.post("/sign-in/passkey/", {"credential": "{}"})
    assert told("person.sign_in_failed") == proof_actions.PASSKEY_LIMIT


def test_whoever_has_left_does_not_come_in_by_passkey(world: World, ana: Person) -> None:
    passkey = with_passkey(world, ana)
    ana.is_active = False
    ana.save()
    assert not signs_in(passkey)


def test_a_person_with_app_and_passkey_may_use_either(world: World, ana: Person) -> None:
    with_app(ana)
    passkey = with_passkey(world, ana)
    assert signs_in(passkey)


@pytest.mark.parametrize(
    ("origin", "address", "name"),
    [
        ("https://rmm.example.com", "https://rmm.example.com", "rmm.example.com"),
        ("https://rmm.example.com:8700", "https://rmm.example.com:8700", "rmm.example.com"),
        ("http://localhost:8700", "http://127.0.0.1:8700", "localhost"),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700", None),
        ("https://[::1]:8700", "https://[::1]:8700", None),
        ("https://10.0.0.5:8700", "https://10.0.0.5:8700", None),
        ("https://other.example.com", "https://rmm.example.com", None),
    ],
)
def test_passkeys_belong_to_the_installations_name(origin: str, address: str, name: str | None) -> None:
    assert party(origin, address) == (Party(name, origin) if name else None)


def test_the_place_where_they_work_is_known() -> None:
    assert place_for_passkeys("http://127.0.0.1:8700") == "http://localhost:8700"
    assert place_for_passkeys("https://rmm.example.com") == "https://rmm.example.com"
    assert place_for_passkeys("https://10.0.0.5:8700") is None


PARTY = Party("localhost", "http://localhost")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.binary(max_size=60).map(plain),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")
SHAPED = st.fixed_dictionaries(
    {
        "id": ANYTHING,
        "rawId": st.binary(max_size=40).map(plain) | ANYTHING,
        "type": st.just("public-key") | ANYTHING,
        "response": st.fixed_dictionaries(
            {}, optional=dict.fromkeys(NAMES, st.binary(max_size=90).map(plain) | ANYTHING)
        )
        | ANYTHING,
    }
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(SHAPED, ANYTHING).map(json.dumps) | st.text(max_size=200))
def test_no_answer_however_hostile_breaks_a_page(said: str) -> None:
    with pytest.raises(passkeys.NotGenuine):
        passkeys.made(said, b"c" * 32, PARTY)
    try:
        passkeys.credential_of(said)
    except passkeys.NotGenuine:
        return
    with pytest.raises(passkeys.NotGenuine):
        passkeys.used(said, b"c" * 32, PARTY, b"not a key")


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_no_flipped_byte_of_a_right_answer_is_taken(at: int, value: int) -> None:
    passkey, challenge = SoftPasskey(), b"c" * 32
    made = passkey.make({"challenge": plain(challenge), "user": {"id": plain(b"u" * 16)}})
    public = passkeys.made(made, challenge, PARTY).public_key
    answer = json.loads(passkey.use({"challenge": plain(challenge)}))
    parts = [
        (name, index) for name in ("clientDataJSON", "authenticatorData", "signature") for index in range(32)
    ]
    name, index = parts[at % len(parts)]
    letters = bytearray(plain_bytes(answer["response"][name]))
    if letters[index % len(letters)] == value:
        return
    letters[index % len(letters)] = value
    answer["response"][name] = plain(bytes(letters))
    with pytest.raises(passkeys.NotGenuine):
        passkeys.used(json.dumps(answer), challenge, PARTY, public)


def plain_bytes(text: str) -> bytes:
    return passkeys.base64url_to_bytes(text)


def test_a_passkey_that_waited_for_a_proof_is_asked_for_once_more(world: World, ana: Person) -> None:
    browser = at_localhost(world.signed_in(ana))
    page = browser.post("/profile/security/passkeys/add", {"name": "X", "back": "/sign-in/protect/"})
    assert page.headers["Location"] == "/sign-in/protect/"
    assert not Passkey.objects.exists()
