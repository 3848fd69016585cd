"""Every address names the verb that it asks for; who lacks it is told so, and nothing changes."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, get_resolver

from console_fixture import World
from predvid.modules.access.models import AuditEntry, Person
from predvid.modules.access.pages import page
from predvid.modules.access.rules import VERBS, Viewer

# What strangers may open: nobody has signed in there yet, so there is no viewer to ask about.
OPEN = {"healthz", "sign-in", "welcome/<str:secret>", "forgotten"}
OPEN |= {"acknowledge/<str:secret>"}  # the link's own person is asked about
OPEN |= {"sign-in/second", "sign-in/passkey", "sign-in/passkey/options"}  # half signed in at most
EXAMPLES = {"uuid": "5b4e1c1e-0000-4000-8000-000000000000", "int": "1", "str": "csv"}


def guarded(patterns: list[Any], prefix: str = "") -> list[tuple[str, str | None]]:
    """Return (route, verb) of every address; None where the view names none."""
    found: list[tuple[str, str | None]] = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            found.append((route.rstrip("/"), getattr(pattern.callback, "verb", None)))
        else:
            found += guarded(pattern.url_patterns, route)
    return found


def addresses(pattern: Any = None, prefix: str = "/") -> list[tuple[str, str]]:
    """Return (an example, verb) of every address that asks for one."""
    found: list[tuple[str, str]] = []
    for each in (pattern or get_resolver()).url_patterns:
        route = prefix + str(each.pattern)
        if not isinstance(each, URLPattern):
            found += addresses(each, route)
            continue
        for key, converter in each.pattern.converters.items():
            kind = type(converter).__name__.removesuffix("Converter").lower().replace("string", "str")
            route = route.replace(f"<{kind}:{key}>", EXAMPLES[kind])
        if verb := getattr(each.callback, "verb", None):
            found.append((route, verb))
    return found


def test_no_address_is_without_a_verb() -> None:
    known = guarded(get_resolver().url_patterns)
    # Each call of the API names its own; tests/isolation holds all of them to it.
    assert {route for route, verb in known if verb is None and "api/v1" not in route} - {"^api"} == OPEN
    assert {verb for _, verb in known if verb} <= set(VERBS)


def test_a_view_cannot_be_made_with_a_verb_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"device\.explode"):
        page("device.explode")


def test_a_view_cannot_forget_its_verb() -> None:
    def view(request: HttpRequest, viewer: Viewer) -> HttpResponse:
        return HttpResponse("seen")

    with pytest.raises((ValueError, TypeError)):
        page(view)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", Person.Role.values)
def test_who_lacks_the_verb_is_told_so_and_changes_nothing(world: World, role: str) -> None:
    person = world.person("netko@example.com", role=role, all_clients=True, language="en")
    browser = world.signed_in(person)
    before = AuditEntry.objects.count()
    for address, verb in addresses():
        if role in VERBS[verb]:
            continue
        looked, sent = browser.get(address), browser.post(address, {"back": "/"})
        assert {looked.status_code, sent.status_code} <= {302, 403, 405}, address
        if looked.status_code != 405:
            assert looked.status_code == 403
            assert "Your role here is" in looked.content.decode()
        if sent.status_code != 405:
            assert any("does not allow" in str(said) for said in get_messages(sent.wsgi_request)), address
    assert AuditEntry.objects.count() == before


def test_a_contact_of_a_client_sees_how_it_stands_and_no_technical_detail(world: World) -> None:
    contact = world.person("kontakt@example.com", role="client_contact", language="en")
    contact.clients.add(world.clients[0])
    browser, device = world.signed_in(contact), world.devices[0]
    page = browser.get(f"/devices/{device.pk}/").content.decode()
    assert device.name in page
    assert "Checks" in page
    for detail in ("Timeline", "Inventory", "Measurements", "Manage", "Limits"):
        assert detail not in page
    alert = browser.get(f"/alerts/{world.alerts[0].pk}/").content.decode()
    assert "We know of it" in alert
    assert not [word for word in ("Evidence", "What happened", "Acknowledge") if f">{word}<" in alert]
    world.alerts[0].phase = "acknowledged"
    world.alerts[0].save()
    assert "We are on it" in browser.get(f"/alerts/{world.alerts[0].pk}/").content.decode()
    assert browser.get(f"/devices/{device.pk}/series?metric=x").status_code == 403
    assert browser.get(f"/devices/{world.devices[2].pk}/").status_code == 404
