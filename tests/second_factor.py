"""People with second factors for tests: an app as a phone keeps it, codes, browsers at a name."""

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pyotp
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import PASSWORD, World
from predvid.modules.access import factor_actions
from predvid.modules.access.models import Person
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_factors import waiting_secret
from soft_passkey import SoftPasskey

STEP = timedelta(seconds=30)


class App:
    """A person's authenticator app."""

    def __init__(self, secret: str) -> None:
        self.otp = pyotp.TOTP(secret)

    def code(self, at: datetime) -> str:
        return self.otp.at(at)

    def wrong(self, at: datetime) -> str:
        """Return a code that fits no step near `at`."""
        near = {self.code(at + n * STEP) for n in range(-3, 4)}
        return next(f"{n:06}" for n in range(10) if f"{n:06}" not in near)


def with_app(person: Person, at: datetime | None = None) -> tuple[App, list[str]]:
    """Set up an app for a person an hour ago (or `at`); return it and their recovery codes."""
    at = at or timezone.now() - timedelta(hours=1)
    viewer = viewer_of(person)
    factor_actions.begin_app(viewer, at)
    secret = waiting_secret(person.pk, at)
    assert secret
    app = App(secret)
    return app, factor_actions.confirm_app(viewer, app.code(at), at)


def at_localhost(browser: Browser) -> Browser:
    """Let a browser see the console under the name localhost, where passkeys work."""
    browser.defaults["HTTP_HOST"] = "localhost"
    return browser


def with_passkey(world: World, person: Person, **words: Any) -> SoftPasskey:
    """Make a passkey for a person as their browser does, through the pages."""
    browser, passkey = at_localhost(world.signed_in(person)), SoftPasskey(**words)
    options = browser.post("/profile/security/passkeys/new").json()
    words = {"credential": passkey.make(options), "name": "Mobitel"}
    assert browser.post("/profile/security/passkeys/add", words).status_code in (200, 302)
    return passkey


def answer(browser: Browser, passkey: SoftPasskey) -> str:
    """Return what the passkey answers to a new challenge for this browser."""
    return passkey.use(browser.post("/sign-in/passkey/options").json())


def password(browser: Browser, email: str, **words: str) -> Any:
    """Take the first step of a sign-in."""
    return browser.post("/sign-in/", {"email": email, "password": PASSWORD, **words})


def held(page: Any) -> str:
    """Return the sealed form that a page of proofs carries."""
    found = re.search(r'name="held" value="([^"]+)"', page.content.decode())
    assert found
    return unescape(found.group(1))
