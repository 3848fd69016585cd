"""The authenticator app and recovery codes: set up, used once each, guessed in vain, kept unreadable."""

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import PASSWORD, World
from installation import Installation
from predvid.modules.access import actions, factor_actions, proof_actions
from predvid.modules.access.factor_rules import matching_step
from predvid.modules.access.lockout_actions import LockedOut
from predvid.modules.access.models import AuditEntry, Authenticator, Person, RecoveryCode
from predvid.modules.access.proof_actions import PROVED, SIGNED_IN, SignInRefused, prove_by_code
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_factors import app_secret, has_factor
from predvid.modules.access.sealing import Unreadable, seal, unseal
from second_factor import STEP, App, password, with_app

HERE, WRONG = "10.0.0.1", "Kod je pogrešan ili je već upotrijebljen."


@pytest.fixture
def ana(world: World) -> Person:
    return world.person("ana@example.com", language="hr")


def test_the_codes_are_those_of_the_standard() -> None:
    """RFC 6238, appendix B: SHA-1, of whose eight digits an app shows the last six."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for second, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924")):
        assert matching_step(secret, code, datetime.fromtimestamp(second, UTC)) == second // 30


def test_an_app_is_set_up_by_its_first_code(world: World, ana: Person) -> None:
    browser = world.signed_in(ana)
    page = browser.post("/profile/security/app/begin", follow=True).content.decode()
    assert re.search(r'<img class="qr" src="data:image/svg\+xml[^"<>]+" alt="', page)
    shown = re.search(r'id="app-secret">([A-Z2-7 ]+)<', page)
    assert shown
    app = App(shown.group(1).replace(" ", ""))
    assert browser.post("/profile/security/app/", {"code": app.wrong(timezone.now())}).status_code == 422
    assert not has_factor(ana), "before its first code it counts for nothing"
    codes = browser.post("/profile/security/app/", {"code": app.code(timezone.now())}).content.decode()
    assert len(re.findall(r"<code>[A-Z2-9]{4} [A-Z2-9]{4} [A-Z2-9]{4} [A-Z2-9]{4}</code>", codes)) == 10
    assert has_factor(ana)
    assert browser.get("/profile/security/app/").status_code == 302, "the secret is never shown again"


def test_a_code_is_good_once_even_for_the_steps_before_it(ana: Person) -> None:
    app, _ = with_app(ana)
    now = timezone.now()
    prove_by_code(ana, app.code(now), SIGNED_IN, HERE, now)
    for used in (app.code(now), app.code(now - STEP)):
        with pytest.raises(SignInRefused):
            prove_by_code(ana, used, SIGNED_IN, HERE, now)
    prove_by_code(ana, app.code(now + STEP), SIGNED_IN, HERE, now + STEP)


def test_the_code_that_set_the_app_up_signs_nobody_in(ana: Person) -> None:
    now = timezone.now()
    app, _ = with_app(ana, now)
    with pytest.raises(SignInRefused):
        prove_by_code(ana, app.code(now), SIGNED_IN, HERE, now)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_off_by_one_step(ana: Person, steps: int, accepted: bool) -> None:
    app, _ = with_app(ana)
    now = timezone.now()
    code = app.code(now + steps * STEP)
    if accepted:
        prove_by_code(ana, code, SIGNED_IN, HERE, now)
    else:
        with pytest.raises(SignInRefused):
            prove_by_code(ana, code, SIGNED_IN, HERE, now)


def test_guessing_locks_out_this_caller_and_then_everybody(ana: Person) -> None:
    app, _ = with_app(ana)
    now = timezone.now()
    for _ in range(proof_actions.PAIR_LIMIT):
        with pytest.raises(SignInRefused):
            prove_by_code(ana, app.wrong(now), SIGNED_IN, HERE, now)
    with pytest.raises(LockedOut):
        prove_by_code(ana, app.code(now), SIGNED_IN, HERE, now)
    for number in range(proof_actions.CODE_LIMIT - proof_actions.PAIR_LIMIT):
        with pytest.raises(SignInRefused):
            prove_by_code(ana, app.wrong(now), SIGNED_IN, f"10.0.1.{number}", now)
    with pytest.raises(LockedOut):
        prove_by_code(ana, app.code(now), SIGNED_IN, "10.0.2.1", now)
    later = now + proof_actions.DAY
    prove_by_code(ana, app.code(later), SIGNED_IN, HERE, later)


def test_patient_guessing_is_locked_out_for_the_day(ana: Person) -> None:
    app, _ = with_app(ana)
    start, tried = timezone.now(), 0
    for minute in range(0, 20 * 60, 16):
        now = start + timedelta(minutes=minute)
        for number in range(proof_actions.CODE_LIMIT):
            try:
                prove_by_code(ana, app.wrong(now), SIGNED_IN, f"10.{minute % 250}.1.{number}", now)
            except SignInRefused:
                tried += 1
            except LockedOut:
                break
    assert tried == proof_actions.CODE_LIMIT_OF_A_DAY


def test_a_wrong_code_gets_one_answer_whatever_is_wrong(world: World, ana: Person) -> None:
    app, codes = with_app(ana)
    prove_by_code(ana, codes[0], SIGNED_IN, HERE, timezone.now())
    browser = Browser()
    password(browser, "ana@example.com")
    for code in (app.wrong(timezone.now()), codes[0], "neki tekst", "１２３４５６"):
        page = browser.post("/sign-in/second/", {"code": code})
        assert page.status_code == 422
        assert WRONG in page.content.decode()
    nothing = browser.post("/sign-in/second/", {"code": ""})
    assert nothing.status_code == 422
    assert WRONG not in nothing.content.decode()


def test_recovery_codes_are_good_once_each_and_not_after_new_ones(ana: Person) -> None:
    _, codes = with_app(ana)
    now = timezone.now()
    prove_by_code(ana, f" {codes[0].lower()[:8]}-{codes[0][8:]} ", SIGNED_IN, HERE, now)
    with pytest.raises(SignInRefused):
        prove_by_code(ana, codes[0], SIGNED_IN, HERE, now)
    with pytest.raises(SignInRefused):
        prove_by_code(ana, codes[1], PROVED, HERE, now)  # a dangerous deed wants the app itself
    renewed = factor_actions.renew_codes(viewer_of(ana), now)
    assert len(set(renewed)) == 10
    with pytest.raises(SignInRefused):
        prove_by_code(ana, codes[1], SIGNED_IN, HERE, now)
    prove_by_code(ana, renewed[1], SIGNED_IN, HERE, now)
    assert RecoveryCode.objects.filter(person=ana, used_at=None).count() == 9


def test_somebody_elses_code_opens_nothing(world: World, ana: Person) -> None:
    app, codes = with_app(world.person("iva@example.com"))
    with_app(ana)
    now = timezone.now()
    for code in (app.code(now), codes[0]):
        with pytest.raises(SignInRefused):
            prove_by_code(ana, code, SIGNED_IN, HERE, now)


def test_a_new_phone_takes_over_with_its_first_code_only(ana: Person) -> None:
    old, _ = with_app(ana)
    now = timezone.now()
    factor_actions.begin_app(viewer_of(ana), now)
    prove_by_code(ana, old.code(now), SIGNED_IN, HERE, now)
    new, more = with_app(ana, now)
    assert more == [], "the recovery codes stay"
    with pytest.raises(SignInRefused):
        prove_by_code(ana, old.code(now + STEP), SIGNED_IN, HERE, now + STEP)
    prove_by_code(ana, new.code(now + STEP), SIGNED_IN, HERE, now + STEP)


def test_with_the_last_factor_its_recovery_codes_go(ana: Person) -> None:
    with_app(ana)
    factor_actions.remove_app(viewer_of(ana), timezone.now())
    assert not RecoveryCode.objects.filter(person=ana).exists()
    assert not has_factor(ana)


def test_a_sealed_secret_fits_only_its_person_field_and_key(world: World, ana: Person) -> None:
    iva = world.person("iva@example.com")
    with_app(ana)
    with_app(iva)
    mine = Authenticator.objects.get(person=ana)
    Authenticator.objects.filter(person=iva).update(secret=mine.secret)
    assert app_secret(iva.pk) is None
    assert app_secret(ana.pk)
    sealed = seal(b"tajna", "person 1 a")
    for flipped in range(len(sealed)):
        bad = bytearray(sealed)
        bad[flipped] ^= 1
        with pytest.raises(Unreadable):
            unseal(bytes(bad), "person 1 a")
    with pytest.raises(Unreadable):
        unseal(sealed, "person 1 b")
    for cut in (b"", sealed[:5], sealed[:20]):
        with pytest.raises(Unreadable):
            unseal(cut, "person 1 a")


def test_an_unreadable_secret_names_its_person_and_hurts_nobody_else(
    world: World, ana: Person, caplog: pytest.LogCaptureFixture
) -> None:
    iva = world.person("iva@example.com")
    (app, _), now = with_app(ana), timezone.now()
    theirs, _ = with_app(iva)
    Authenticator.objects.filter(person=ana).update(secret=b"\x01broken")
    with pytest.raises(SignInRefused):
        prove_by_code(ana, app.code(now), SIGNED_IN, HERE, now)
    assert str(ana.pk) in caplog.text
    prove_by_code(iva, theirs.code(now), SIGNED_IN, HERE, now)


def test_the_audit_tells_of_codes_but_holds_none(ana: Person) -> None:
    app, codes = with_app(ana)
    now = timezone.now()
    prove_by_code(ana, app.code(now), SIGNED_IN, HERE, now)
    prove_by_code(ana, codes[0], SIGNED_IN, HERE, now)
    told = [(entry.verb, entry.why) for entry in AuditEntry.objects.filter(object_id=str(ana.pk))]
    assert told[-3:] == [
        ("person.app_added", ""),
        (SIGNED_IN, "password and code"),
        (SIGNED_IN, "recovery code"),
    ]
    whole = " ".join(str(vars(entry)) for entry in AuditEntry.objects.all())
    assert not [secret for secret in (codes[0], app.otp.secret, app.code(now), PASSWORD) if secret in whole]


TRY = """
from datetime import datetime
from predvid.modules.access.models import Person
from predvid.modules.access.proof_actions import SIGNED_IN, SignInRefused, prove_by_code
person = Person.objects.get(email="{email}")
try:
    prove_by_code(person, "{code}", SIGNED_IN, "10.0.0.1", datetime.fromisoformat("{at}"))
    print("in")
except SignInRefused:
    print("refused")
"""


@pytest.mark.usefixtures("ground")
def test_of_two_processes_that_give_a_code_at_once_one_is_let_in() -> None:
    world, now = World(), timezone.now()
    person = world.person("trkac@example.com")
    app, _ = with_app(person)
    one = Installation(settings.PLACE, 0)
    attempt = TRY.format(email=person.email, code=app.code(now), at=now.isoformat())
    try:
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(one.django, [attempt] * 3))
    finally:
        person.delete()
    assert sorted(answers) == ["in", "refused", "refused"]


def test_a_dump_of_the_database_opens_no_door(world: World, ana: Person) -> None:
    app, codes = with_app(ana)
    browser = world.signed_in(ana)
    browser.post("/profile/security/app/begin")
    shown = browser.get("/profile/security/app/").content.decode()
    waiting = shown.partition('id="app-secret">')[2].partition("<")[0].replace(" ", "")
    held_form = browser.cookies["predvid_session"].value
    link = actions.make_sign_in_link(ana, timezone.now())
    secrets = [app.otp.secret, waiting, *codes, held_form, link, PASSWORD]
    forms = [form for secret in secrets for form in _forms(secret)]
    assert all(len(secret) >= 16 for secret in secrets)
    connection.ensure_connection()
    dump = "\n".join(connection.connection.iterdump()).lower()
    assert ana.email in dump, "it is the whole of it"
    assert not [form for form in forms if form.lower() in dump]


def _forms(secret: str) -> list[str]:
    """Return a secret in every form in which a table could hold it so that a reader may use it."""
    raw = secret.encode()
    known = [raw, hashlib.sha256(raw).digest()] if secret.isupper() else [raw]  # too short for a plain hash
    if re.fullmatch("[A-Z2-7]{32}", secret):
        known.append(base64.b32decode(secret))
    return [secret, *(b.hex() for b in known), *(base64.b64encode(b).decode().rstrip("=") for b in known)]
