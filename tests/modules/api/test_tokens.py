"""Tokens of the API: shown once, kept as a hash, never above their person, refused alike, ended at once."""

import json
import logging
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from console_fixture import World
from predvid.core.errors import UserError
from predvid.modules.access import people_actions, token_actions
from predvid.modules.access.errors import NotVisible
from predvid.modules.access.guard import Denied
from predvid.modules.access.models import ApiToken, Attempt, AuditEntry, Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import DANGEROUS, FOR_TOKENS, PLATFORM, VERBS
from predvid.modules.access.token_forms import WORDS
from predvid.modules.api import serving
from predvid.modules.api.budget import Budget
from predvid.modules.api.loading import routes
from predvid.modules.monitoring.queries import devices as list_queries

YEAR = timedelta(days=365)


@pytest.fixture(autouse=True)
def _budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BUDGET", Budget(10_000, 60))


@pytest.fixture
def ana(world: World) -> Person:
    """A technician of the first client."""
    person = world.person("ana@example.com", role="technician", language="en")
    person.clients.add(world.clients[0])
    return person


def made(person: Person, *verbs: str, clients: Any = None, valid: timedelta = YEAR) -> tuple[ApiToken, str]:
    """Return a new token of a person, as they are now."""
    fresh = viewer_of(Person.objects.get(pk=person.pk))
    return token_actions.make_token(fresh, "x", verbs or ("device.view",), clients, valid, timezone.now())


def asked(text: str, path: str = "devices", **words: Any) -> Any:
    return Browser().get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {text}"}, **words)


def test_a_token_has_256_random_bits_and_only_its_hash_is_kept(world: World, ana: Person) -> None:
    texts = {made(ana)[1] for _ in range(20)}
    assert len(texts) == 20
    for text in texts:
        assert re.fullmatch(r"pvt_[A-Za-z0-9_-]{43}", text)
    whole = repr([vars(row) for row in (*ApiToken.objects.all(), *AuditEntry.objects.all())])
    assert not [text for text in texts if text[4:] in whole]


def test_the_page_shows_a_token_once(world: World, ana: Person) -> None:
    browser = world.signed_in(ana)
    words = {"name": "Noćni izvoz", "days": "30", "verbs": ["device.view", "alert.view"]}
    page = browser.post("/profile/api/", words).content.decode()
    text = re.findall(r"pvt_[A-Za-z0-9_-]{43}", page)
    assert len(text) == 1
    assert asked(text[0]).status_code == 200
    again = browser.get("/profile/api/").content.decode()
    assert "pvt_" not in again
    assert "Noćni izvoz" in again
    key = ApiToken.objects.get().pk
    assert browser.post(f"/api-tokens/{key}/revoke", {"back": "/profile/api/"}).status_code == 302
    assert asked(text[0]).status_code == 401
    bad = browser.post("/profile/api/", {"name": "", "days": "9999", "verbs": ["person.change"]})
    assert bad.status_code == 422
    assert ApiToken.objects.count() == 1


def test_owners_see_and_end_everyones_tokens_and_nobody_else_does(world: World, ana: Person) -> None:
    token, text = made(ana)
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    manager = world.person("vod@example.com", role="manager", all_clients=True)
    assert world.signed_in(manager).get("/api-tokens/").status_code == 403
    assert world.signed_in(manager).post(f"/api-tokens/{token.pk}/revoke").status_code == 404
    assert asked(text).status_code == 200
    assert "Ana" in world.signed_in(owner).get("/api-tokens/").content.decode()
    assert world.signed_in(owner).post(f"/api-tokens/{token.pk}/revoke").status_code == 302
    assert asked(text).status_code == 401


def test_no_token_goes_beyond_its_maker(world: World, ana: Person) -> None:
    viewer, now = viewer_of(ana), timezone.now()
    for verbs in (["settings.change"], ["token.make"], ["client.add"], ["device.view", "x"], []):
        with pytest.raises(UserError):
            token_actions.make_token(viewer, "x", verbs, None, YEAR, now)
    for valid in (timedelta(), -YEAR, YEAR + timedelta(seconds=1)):
        with pytest.raises(UserError):
            token_actions.make_token(viewer, "x", ["device.view"], None, valid, now)
    for client in (world.clients[1].pk, uuid4()):
        with pytest.raises(NotVisible):
            token_actions.make_token(viewer, "x", ["device.view"], [client], YEAR, now)
    contact = world.person("kontakt@example.com", role="client_contact")
    with pytest.raises(Denied):
        made(contact)
    assert not ApiToken.objects.exists()


def test_what_the_person_loses_the_token_has_lost(world: World, ana: Person) -> None:
    _, text = made(ana, "device.view", "device.move")
    assert asked(text).json()["total"] == 3
    ana.clients.set([world.clients[1]])
    assert asked(text).json()["total"] == 2
    Person.objects.filter(pk=ana.pk).update(role="auditor")
    move = {"site": str(world.sites[1].pk)}
    headers = {"Authorization": f"Bearer {text}"}
    path = f"/api/v1/devices/{world.devices[2].pk}/move"
    answer = Browser().post(path, json.dumps(move), content_type="application/json", headers=headers)
    assert answer.status_code == 403
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    assert asked(text).status_code == 401


def test_who_is_let_in_again_has_no_token_of_before(world: World, ana: Person) -> None:
    _, text = made(ana)
    people_actions.deactivate(PLATFORM, ana.pk, timezone.now())
    assert asked(text).status_code == 401
    people_actions.reactivate(PLATFORM, ana.pk, timezone.now())
    assert asked(text).status_code == 401
    assert '"tokens":1' in AuditEntry.objects.get(verb="person.deactivated").after
    assert asked(made(ana)[1]).status_code == 200, "a new one works"


def test_a_narrowed_token_never_widens(world: World) -> None:
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    token, text = made(owner, "device.view", "client.view", "client.add", clients=[world.clients[1].pk])
    assert {row["client"]["name"] for row in asked(text).json()["items"]} == {world.clients[1].name}
    me = asked(text, "me").json()
    assert me["clients"] == [str(world.clients[1].pk)]
    assert "client.add" not in me["verbs"], "what belongs to the whole MSP is for those who see all"
    token.clients.clear()  # as when the client is gone
    assert asked(text).json()["items"] == []


def test_everything_wrong_gets_one_answer_for_one_price(world: World, ana: Person) -> None:
    expired, expired_text = made(ana)
    revoked, revoked_text = made(ana)
    _, left_text = made(world.person("bivsa@example.com", role="technician"))
    ApiToken.objects.filter(pk=expired.pk).update(expires_at=timezone.now())
    token_actions.revoke_token(viewer_of(ana), revoked.pk, timezone.now())
    Person.objects.filter(email="bivsa@example.com").update(is_active=False)
    answers, prices = set(), set()
    for text in ("x", "", "pvt_" + "A" * 43, "pvt_ü", "x" * 9000, expired_text, revoked_text, left_text):
        Attempt.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as spent:
            answer = asked(text)
        answers.add((answer.status_code, answer.content, answer.headers["WWW-Authenticate"]))
        prices.add(len(spent))
    assert len(answers) == 1
    assert len(prices) == 1
    assert answers.pop()[0] == 401


def test_an_address_that_guesses_is_locked_out_and_no_other(world: World, ana: Person) -> None:
    _, text = made(ana)
    for _ in range(token_actions.LIMIT):
        assert asked("wrong", REMOTE_ADDR="10.0.0.9").status_code == 401
    locked = asked(text, REMOTE_ADDR="10.0.0.9")
    assert (locked.status_code, locked.headers["Retry-After"]) == (429, "900")
    assert asked(text, REMOTE_ADDR="10.0.0.10").status_code == 200
    assert AuditEntry.objects.filter(verb="api_token.refused").count() == token_actions.LIMIT
    Attempt.objects.update(at=timezone.now() - token_actions.WINDOW)
    assert asked(text, REMOTE_ADDR="10.0.0.9").status_code == 200
    for _ in range(token_actions.LIMIT + 1):
        assert Browser().get("/api/v1/devices", REMOTE_ADDR="10.0.0.11").status_code == 401
    assert asked(text, REMOTE_ADDR="10.0.0.11").status_code == 200, "who brings no token guesses none"


def test_no_cookie_counts_and_none_is_set(world: World, ana: Person) -> None:
    browser = world.signed_in(ana)
    assert browser.get("/devices/").status_code == 200
    for method in ("get", "post"):
        answer = getattr(browser, method)("/api/v1/devices")
        assert answer.status_code == 401
        assert not answer.cookies
    headers = {"Authorization": f"Bearer {made(ana)[1]}"}
    answer = browser.get("/api/v1/devices", headers=headers)
    assert answer.status_code == 200
    assert not answer.cookies
    strict = Browser(enforce_csrf_checks=True)
    path = f"/api/v1/alerts/{world.alerts[0].pk}/notes"
    headers = {"Authorization": f"Bearer {made(ana, 'alert.note', 'alert.view')[1]}"}
    sent = strict.post(path, '{"text": "Gledam"}', content_type="application/json", headers=headers)
    assert sent.status_code == 201
    assert sent.json()["history"] is None, "without device.detail there is no history"


def test_the_audit_names_person_and_token(world: World, ana: Person) -> None:
    _, text = made(ana, "alert.acknowledge", "alert.view", "device.detail")
    path = f"/api/v1/alerts/{world.alerts[0].pk}/acknowledge"
    headers = {"Authorization": f"Bearer {text}"}
    answer = Browser().post(
        path, "{}", content_type="application/json", headers=headers, REMOTE_ADDR="10.1.1.1"
    )
    assert answer.json()["phase"] == "acknowledged"
    entry = AuditEntry.objects.get(verb="alert.acknowledged")
    assert (entry.name, entry.person, entry.address) == ("Ana · x", str(ana.pk), "10.1.1.1")


def test_last_use_is_noted_at_most_once_a_minute(world: World, ana: Person) -> None:
    token, text = made(ana)
    asked(text)
    first = ApiToken.objects.get(pk=token.pk).last_used_at
    asked(text)
    assert ApiToken.objects.get(pk=token.pk).last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    asked(text)
    assert ApiToken.objects.get(pk=token.pk).last_used_at > first


def test_every_error_is_a_problem(
    world: World, ana: Person, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    _, text = made(ana, *(verb for verb in FOR_TOKENS if viewer_of(ana).may(verb)))
    headers = {"Authorization": f"Bearer {text}"}
    post = {"content_type": "application/json", "headers": headers}
    notes = f"/api/v1/alerts/{world.alerts[0].pk}/notes"
    answers = {
        404: Browser().get("/api/v1/nothing/like/this", headers=headers),
        405: Browser().delete("/api/v1/devices", headers=headers),
        400: Browser().post(notes, "{", **post),
        415: Browser().post(notes, "text=x", content_type="text/plain", headers=headers),
        422: Browser().post(notes, '{"text": 1}', **post),
        413: Browser().post(notes, '{"text": "' + "x" * (3 << 20) + '"}', **post),
        409: Browser().post(notes, '{"text": " "}', **post),
        503: asked(text, f"devices/{world.devices[0].pk}/samples?metric=cpu_used_percent"),
    }
    monkeypatch.setattr(list_queries, "device_list", lambda *_: 1 / 0)
    answers[500] = asked(text)
    monkeypatch.setattr(serving, "BUDGET", Budget(0, 60))
    answers[429] = asked(text)
    for status, answer in answers.items():
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = answer.json()
        assert problem["type"].startswith("urn:predvid:problem:")
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
    assert answers[405].headers["Allow"] == "GET, HEAD"
    assert answers[422].json()["errors"] == [{"where": "body.text", "why": "Expected `str`, got `int`"}]
    assert int(answers[429].headers["Retry-After"]) <= 61
    assert "ZeroDivision" not in answers[500].content.decode()


def test_a_budget_counts_by_token_and_window() -> None:
    budget, one, other = Budget(2, 60), uuid4(), uuid4()
    assert [budget.take(one, 120.0).calls for _ in range(4)] == [1, 0, -1, -1]
    assert budget.take(other, 121.0).calls == 1
    left = budget.take(one, 180.0)
    assert left.calls == 1
    assert budget.headers(left) == {"RateLimit-Policy": '"token";q=2;w=60', "RateLimit": '"token";r=1;t=61'}


def test_a_page_beyond_the_last_is_empty(world: World, ana: Person) -> None:
    _, text = made(ana)
    first = asked(text, "devices?limit=2").json()
    second = asked(text, "devices?limit=2&page=2").json()
    assert [len(first["items"]), len(second["items"]), first["pages"], first["total"]] == [2, 1, 2, 3]
    assert asked(text, "devices?limit=2&page=3").json()["items"] == []
    for bad in ("limit=0", "limit=201", "page=0", "page=x", "state=x", "unknown=1", "q=%00", "client=1"):
        assert asked(text, f"devices?{bad}").status_code == 422, bad


def test_events_are_read_on_without_a_gap(world: World) -> None:
    owner = world.person("vlasnica@example.com", role="owner", all_clients=True)
    _, text = made(owner, "event.view")
    whole = [row["id"] for row in asked(text, "events?limit=200").json()["items"]]
    read, before = [], ""
    while True:
        page = asked(text, f"events?limit=1{before}").json()
        read += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert read == whole
    assert len(whole) == len(world.alerts)
    assert asked(text, "events?kind=alert").json()["items"]
    assert not asked(text, "events?kind=aler").json()["items"]


def test_what_tokens_may_do_is_what_the_api_offers() -> None:
    assert {route.verb for route in routes()} - {None} == set(FOR_TOKENS)
    assert set(FOR_TOKENS) <= set(VERBS) - DANGEROUS
    assert set(WORDS) == set(FOR_TOKENS)
