"""Passkeys in a real Chromium, whose own virtual authenticator makes and uses them at http://localhost."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
from playwright.sync_api import Browser, CDPSession, ConsoleMessage, Page, expect

from browser_fixture import PASSWORD, Site, judged

pytestmark = pytest.mark.browser
PERSON = """
from predvid.modules.access.models import Person
from predvid.modules.access import rules
person = Person(email="{email}", name="Iva Kovač", role="owner", all_clients=True, language="hr")
person.set_password("dovoljno duga rečenica")
person.save()
"""
STALE = """
from predvid.modules.access.models import Session
from predvid.modules.access.session_store import SessionStore
session = SessionStore("{key}")
session["proof"] -= 3600
session.save()
"""


def complains(said: ConsoleMessage) -> bool:
    """Tell whether a page complains; the stream of one that is just being left may find its session ended."""
    return said.type == "error" and not said.location["url"].endswith("/live")


class Visit:
    """A person's browser at the name localhost, with an authenticator built in."""

    def __init__(self, site: Site, browser: Browser, email: str) -> None:
        self.site, self.email = site, email
        self.address = f"http://localhost:{site.one.port}"
        self.context = browser.new_context(base_url=self.address, locale="hr")
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if complains(said) else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.link: CDPSession = self.context.new_cdp_session(self.page)
        self.link.send("WebAuthn.enable")
        self.authenticator = self.add_authenticator()

    def add_authenticator(self) -> str:
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
            "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        made = self.link.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return str(made["authenticatorId"])

    def credential(self) -> dict[str, Any]:
        found = self.link.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        [credential] = found["credentials"]
        return dict(credential)

    def by_password(self) -> None:
        self.page.goto("/sign-in/")
        self.page.fill("[name=email]", self.email)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("form:not([data-passkey]) button")

    def with_passkey(self) -> None:
        """Sign in for the first time and take the passkey that is offered."""
        self.by_password()
        self.page.wait_for_url("**/sign-in/protect/")
        self.page.click("form[data-passkey=create] button")
        expect(self.page.locator("#codes li")).to_have_count(10)
        self.page.click("a.btn-primary")
        self.page.wait_for_url(f"{self.address}/")

    def sign_out(self) -> None:
        self.context.clear_cookies()

    def by_passkey(self) -> None:
        self.page.goto("/sign-in/")
        self.page.click("form[data-passkey=get] button")

    def stale(self) -> None:
        """Let the proof of this session be an hour old."""
        [key] = [c["value"] for c in self.context.cookies() if c["name"] == "predvid_session"]
        self.site.one.django(STALE.format(key=key))


@pytest.fixture
def visit(site: Site, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Visit]:
    email = f"{request.node.name.partition('[')[0][5:45]}@example.com"
    site.one.django(PERSON.format(email=email))
    visit = Visit(site, browser, email)
    yield visit
    visit.context.close()


def test_a_passkey_is_made_at_the_first_sign_in_and_signs_in_alone(visit: Visit) -> None:
    visit.with_passkey()
    visit.sign_out()
    visit.by_passkey()
    visit.page.wait_for_url(f"{visit.address}/")
    visit.page.goto("/profile/security/")
    expect(visit.page.locator("li.factor")).to_have_count(1)
    assert judged(visit.page) == []
    assert visit.complaints == []


def test_after_the_password_the_passkey_is_the_second_step(visit: Visit) -> None:
    visit.with_passkey()
    visit.sign_out()
    visit.by_password()
    visit.page.wait_for_url("**/sign-in/second/")
    visit.page.goto("/devices/")
    assert "/sign-in/" in visit.page.url, "half a sign-in opens nothing"
    visit.by_password()
    visit.page.click("form[data-passkey=get] button")
    visit.page.wait_for_url(f"{visit.address}/")
    assert visit.complaints == []


def test_a_copied_authenticator_is_refused(visit: Visit) -> None:
    visit.with_passkey()
    before = visit.credential()
    visit.sign_out()
    for _ in range(2):
        visit.by_passkey()
        visit.page.wait_for_url(f"{visit.address}/")
        visit.sign_out()
    assert visit.credential()["signCount"] > before["signCount"]
    visit.link.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": visit.authenticator})
    visit.authenticator = visit.add_authenticator()
    copy = {"authenticatorId": visit.authenticator, "credential": before}
    visit.link.send("WebAuthn.addCredential", copy)
    visit.by_passkey()
    expect(visit.page.locator("[role=alert]")).to_contain_text("nije prihvaćen")
    said = visit.site.one.django(
        "from predvid.modules.access.models import AuditEntry, Mail\n"
        f"print(AuditEntry.objects.filter(verb='person.passkey_cloned').count(), "
        f"Mail.objects.filter(recipient='{visit.email}').count())"
    )
    assert said == "1 1"


def test_whoever_does_not_unlock_the_authenticator_stays_outside(visit: Visit) -> None:
    visit.with_passkey()
    visit.sign_out()
    locked = {"authenticatorId": visit.authenticator, "isUserVerified": False}
    visit.link.send("WebAuthn.setUserVerified", locked)
    visit.by_passkey()
    expect(visit.page.locator("form[data-passkey] .wrong")).to_be_visible(timeout=15_000)
    visit.page.goto("/devices/")
    assert "/sign-in/" in visit.page.url


def test_a_dangerous_form_is_proved_by_passkey_and_done_as_entered(visit: Visit) -> None:
    visit.with_passkey()
    visit.page.goto("/profile/security/")
    visit.stale()
    visit.page.click("li.factor summary")
    visit.page.fill("li.factor input[name=name]", "Ključ „Đurđica” & <b>")
    visit.page.click("li.factor form[action$=rename] button")
    expect(visit.page.locator("h1")).to_have_text("Jeste li to vi?")
    assert judged(visit.page) == []
    visit.page.click("form[data-passkey=get] button")
    visit.page.wait_for_url("**/profile/security/")
    expect(visit.page.locator("li.factor .name")).to_have_text("Ključ „Đurđica” & <b>")


def test_adding_a_passkey_after_a_while_asks_first(visit: Visit) -> None:
    visit.with_passkey()
    visit.link.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": visit.authenticator})
    visit.authenticator = visit.add_authenticator()
    visit.page.goto("/profile/security/")
    visit.stale()
    visit.page.fill("#passkey-name", "Drugi")
    visit.page.click("form[data-passkey=create] button")
    expect(visit.page.locator("h1")).to_have_text("Jeste li to vi?")


def test_an_htmx_request_is_held_and_done_after_the_proof(visit: Visit) -> None:
    visit.by_password()
    visit.page.goto("/profile/security/")
    visit.stale()
    visit.page.evaluate(
        """() => {
          const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
          const values = { days: "30", csrfmiddlewaretoken: token };
          htmx.ajax("POST", "/profile/security/rule", { target: "#live", values });
        }"""
    )
    expect(visit.page.locator("h1")).to_have_text("Jeste li to vi?")
    assert visit.page.locator("nav").count() == 0, "it takes the place of the whole page"
    visit.page.fill("[name=password]", PASSWORD)
    visit.page.click("form:not([data-passkey]) button")
    visit.page.wait_for_url("**/profile/security/")
    expect(visit.page.locator("#days")).to_have_value("30")
    visit.page.select_option("#days", "7")
    visit.page.click("form[action$=rule] button")
    expect(visit.page.locator("#days")).to_have_value("7")


@pytest.mark.parametrize("scripts", [True, False])
def test_an_app_is_set_up_and_used_with_and_without_scripts(
    site: Site, browser: Browser, scripts: bool
) -> None:
    email = f"app-{scripts}@example.com".lower()
    site.one.django(PERSON.format(email=email))
    context = browser.new_context(base_url=site.one.place.address, locale="hr", java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/sign-in/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("form:not([data-passkey]) button")
    expect(page.locator("main")).to_contain_text(f"http://localhost:{site.one.port}")
    page.click("form[action$=begin] button")
    page.click(".qr-text summary")
    shown = page.inner_text("#app-secret")
    assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", shown)
    box = page.locator("img.qr").bounding_box()
    assert box
    assert box["width"] > 180
    otp = pyotp.TOTP(shown.replace(" ", ""))
    page.fill("#code", otp.now())
    page.click("form:not([data-passkey]) button.btn-primary")
    expect(page.locator("#codes li")).to_have_count(10)
    context.clear_cookies()
    page.goto("/sign-in/")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.click("form:not([data-passkey]) button")
    page.fill("#code", otp.at(time.time() + 30))
    page.click("form:not([data-passkey]) button")
    page.wait_for_url(f"{site.one.place.address}/")
    context.close()
