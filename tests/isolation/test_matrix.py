"""Every address by every method for every kind of person, on things of their own client, another's, and none.

Made from Django's resolver and the API's calls: a new address is in it at once, and one that it cannot fill
fails the build. What a page or a call asks for (its verb) says what each answer must be.
"""

import logging
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client as Browser
from msgspec import defstruct

from isolation.addresses import METHODS, OPEN, Address, NoRow, addresses, body, filled, things, words
from isolation.marked import MARKED, PROBE, Someone, TwoTenants
from predvid.modules.access import tenancy
from predvid.modules.access.models import AuditEntry
from predvid.modules.api import serving
from predvid.modules.api.budget import Budget
from predvid.modules.api.loading import routes
from predvid.modules.api.route import Route
from predvid.server.place import Place

FLOOR = {"pages": 1_000, "joined": 50, "calls": 1_500}  # cells on each database
# Forms in which one thing is told to have to do with another.
NAMES_OTHERS = {"device-move", "device-merge", "enrol", "person-invite", "person-change", "api-tokens", "pin"}
PERSONAL = {
    "session-end",
    "passkey-rename",
    "passkey-remove",
    *("pin-rename", "pin-move", "pin-remove", "view-rename", "view-remove", "view-default"),
}  # another person's is nobody's business, whoever they are
DONE, WITHOUT_A_TOKEN = (200, 302, 422), (404,)
LISTS = ("", f"?q={PROBE}", "?phase=resolved&state=critical", "?client={foreign}", "?site={foreign_site}")
READS = ("GET", "HEAD", "OPTIONS")
NEVER_ALIKE = {"RateLimit", "Content-Security-Policy", "Content-Length"}
TARGETS = ("own", "foreign", "missing")
HTML_ONCE = re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"|"X-CSRFToken": "[^"]*"')


@dataclass
class Answer:
    """What came back, read to its end before the cell is undone."""

    status: int
    text: str
    headers: dict[str, str]
    deeds: int

    def alike(self, *ids: object) -> tuple[int, str, dict[str, str]]:
        """Return what must not differ between a foreign thing and a missing one."""
        text = HTML_ONCE.sub("", self.text)
        for each in ids:
            text = text.replace(str(each), "ID")
        headers = {name: value for name, value in self.headers.items() if name not in NEVER_ALIKE}
        return self.status, text, headers


@dataclass
class Matrix:
    """Asks, and counts what it asked."""

    tenants: TwoTenants
    sessions: dict[str, str] = field(default_factory=dict)
    cells: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    marked: Counter[str] = field(default_factory=Counter)
    before: int = 0

    def __post_init__(self) -> None:
        for someone in self.tenants.people:
            self.browser(someone, api=False)
        self.before = self._deeds()  # so it is before each cell: what one does is undone

    def browser(self, someone: Someone | None, *, api: bool) -> Browser:
        """Return a browser of someone, a program with their token (`api`), or a stranger."""
        if someone is None:
            return Browser()
        if api:
            return Browser(headers={"Authorization": f"Bearer {someone.token}"})
        browser = Browser()  # a new one each time: what it is told to forget is undone with its cell
        if someone.name not in self.sessions:
            browser = self.tenants.world.signed_in(someone.person)  # who has just proved that it is they
            self.sessions[someone.name] = browser.cookies[settings.SESSION_COOKIE_NAME].value
        browser.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[someone.name]
        return browser

    def ask(self, browser: Browser, method: str, path: str, **sent: Any) -> Answer:
        """Ask, read the answer whole, and undo whatever it did."""
        with transaction.atomic():
            response: HttpResponseBase = browser.generic(method, path, **sent)
            content = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined,call-overload]
            headers = dict(response.items())
            deeds = 0 if method in READS else self._deeds() - self.before
            transaction.set_rollback(True)
        return Answer(response.status_code, content.decode(errors="replace"), headers, deeds)

    @staticmethod
    def _deeds() -> int:
        with tenancy.as_platform():
            return AuditEntry.objects.count()

    def cell(self, where: str, someone: Someone | None, answer: Answer, *expected: int) -> None:
        """Hold one answer to what is expected, and to showing nothing foreign."""
        who = someone.name if someone else "stranger"
        self.cells[who] += 1
        shown = MARKED.search(f"{answer.text} {answer.headers}")
        if who == "everything":
            self.marked[where] += shown is not None
        elif shown:
            self.wrong.append(f"{who}: {where} shows {shown.string[shown.start() - 60 : shown.end()]!r}")
        if answer.status not in expected:
            self.wrong.append(f"{who}: {where} answered {answer.status}, not {expected}")

    def same(self, where: str, foreign: Answer, missing: Answer, ids: list[object]) -> None:
        """Hold a foreign thing to answering exactly as a missing one."""
        if foreign.alike(*ids) != missing.alike(*ids):
            self.wrong.append(f"{where}: a foreign thing does not answer as a missing one")

    def silent(self, where: str, answer: Answer) -> None:
        """Hold a refusal to having done nothing."""
        if answer.deeds:
            self.wrong.append(f"{where}: refused, yet {answer.deeds} deeds are written")


@pytest.fixture(scope="module")
def tenants(either: Place) -> TwoTenants:
    return TwoTenants()


@pytest.fixture
def matrix(tenants: TwoTenants, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Matrix:
    caplog.set_level(logging.CRITICAL, "django.request")  # thousands of refusals are what is wanted here
    monkeypatch.setattr(serving, "BUDGET", Budget(10**9, 60))
    return Matrix(tenants)


def pages() -> list[Address]:
    return [address for address in addresses() if not address.api and address.pattern not in OPEN]


def people(matrix: Matrix) -> list[Someone]:
    """Return those who come by pages: a narrowed token does not."""
    return [someone for someone in matrix.tenants.people if someone.name != "narrowed token"]


def calls() -> list[Address]:
    return [address for address in addresses() if address.api]


def answered(matrix: Matrix, address: Address) -> set[str]:
    """Return the methods that a page answers at all: those it does not refuse an owner of everything."""
    boss = matrix.tenants.people[-2]
    with tenancy.as_platform():
        path = filled(address, things(matrix.tenants, address, "own", boss))
    asked = {method: matrix.ask(matrix.browser(boss, api=False), method, path) for method in METHODS}
    return {method for method, answer in asked.items() if answer.status != 405}


def targets(
    matrix: Matrix, address: Address, someone: Someone, takes: bool = True
) -> Iterator[tuple[str, str, list[object]]]:
    """Yield (whose, path, ids in it) of everything that an address may be about, if it takes the method."""
    for whose in TARGETS if address.about_one and takes else TARGETS[:1]:
        with tenancy.as_platform():
            values = things(matrix.tenants, address, whose, someone)
        yield whose, filled(address, values), list(values.values())


def form(matrix: Matrix, method: str, tenant: int = 0) -> dict[str, Any]:
    if method in READS:
        return {}
    encoded = "&".join(f"{name}={value}" for name, value in words(matrix.tenants, tenant).items())
    return {"data": encoded, "content_type": "application/x-www-form-urlencoded"}


def page_cells(matrix: Matrix, address: Address, someone: Someone, method: str, takes: bool) -> None:
    """Ask one page in one way for all that it may be about."""
    assert address.verb, f"{address.pattern} names no verb"
    ids: list[object] = []
    answers: dict[str, Answer] = {}
    for whose, path, here in targets(matrix, address, someone, takes):
        browser = matrix.browser(someone, api=False)
        answer = matrix.ask(browser, method, path, **form(matrix, method))
        where, answers[whose] = f"{method} {address.pattern} ({whose})", answer
        ids += here
        sees = someone.viewer.sees(matrix.tenants.other.pk) and address.name not in PERSONAL
        foreign = whose == "foreign" and not sees
        if not takes:
            matrix.cell(where, someone, answer, 405)
        elif not someone.viewer.may(address.verb):
            matrix.cell(where, someone, answer, 403 if method in ("GET", "HEAD") else 302)
            matrix.silent(where, answer)
        elif whose == "missing" or foreign:
            matrix.cell(where, someone, answer, 404)
            matrix.silent(where, answer)
        else:
            matrix.cell(where, someone, answer, *(WITHOUT_A_TOKEN if lacks_one(address, someone) else DONE))
    if address.about_one and takes and not someone.viewer.sees(matrix.tenants.other.pk):
        matrix.same(f"{method} {address.pattern} {someone.name}", answers["foreign"], answers["missing"], ids)


def lacks_one(address: Address, someone: Someone) -> bool:
    """Tell whether an address is about a token that someone cannot have."""
    return address.name == "api-token-revoke" and someone.own_token is None


def test_pages(matrix: Matrix) -> None:
    for address in pages():
        takes = answered(matrix, address)
        for method in METHODS:
            for someone in people(matrix):
                page_cells(matrix, address, someone, method, method in takes)
            _, path, _ = next(targets(matrix, address, matrix.tenants.people[0]))
            answer = matrix.ask(Browser(), method, path, **form(matrix, method))
            matrix.cell(f"{method} {address.pattern}", None, answer, 302)
            assert answer.headers["Location"].startswith("/sign-in/")
            matrix.silent(path, answer)
    lists(matrix)
    told(matrix, "pages")
    assert sum(1 for seen in matrix.marked.values() if seen) > 10, "who sees everything sees the marks"


def lists(matrix: Matrix) -> None:
    """Ask every page that is about nothing single with filters that would find the foreign client."""
    foreign = {"foreign": matrix.tenants.other.pk, "foreign_site": matrix.tenants.world.sites[1].pk}
    for address in pages():
        if address.about_one or "GET" not in answered(matrix, address):
            continue
        for someone in people(matrix):
            for query in LISTS:
                for headers in ({}, {"HX-Request": "true"}) if not query else ({},):
                    browser = matrix.browser(someone, api=False)
                    path = filled(address, things(matrix.tenants, address, "own", someone))
                    answer = matrix.ask(browser, "GET", path + query.format(**foreign), headers=headers)
                    matrix.cell(f"GET {address.pattern}{query}", someone, answer, 200, 302, 403)


def test_own_things_joined_with_foreign_ones(matrix: Matrix) -> None:
    """A form about an own thing that names a foreign one is as good as one that names nothing."""
    for address in pages():
        if "POST" not in answered(matrix, address):
            continue
        for someone in people(matrix):
            if someone.viewer.sees(matrix.tenants.other.pk) or not someone.viewer.may(str(address.verb)):
                continue
            _, path, _ = next(targets(matrix, address, someone))
            answer = matrix.ask(
                matrix.browser(someone, api=False), "POST", path, **form(matrix, "POST", tenant=1)
            )
            where = f"POST {address.pattern} (own, naming foreign)"
            if address.name in NAMES_OTHERS:
                matrix.cell(where, someone, answer, 200, 302, 404, 422)
                matrix.silent(where, answer)
            elif not lacks_one(address, someone):
                matrix.cell(where, someone, answer, *DONE)
    told(matrix, "joined")


def test_own_devices_compared_with_foreign_ones(matrix: Matrix) -> None:
    """A chart that names a device of another client beside an own one is as good as none."""
    own, foreign = matrix.tenants.world.devices[0].pk, matrix.tenants.world.devices[2].pk
    for someone in people(matrix):
        for page in ("chart", "series"):
            path = f"/devices/{own}/{page}?metric=cpu_used_percent&with={foreign}"
            answer = matrix.ask(matrix.browser(someone, api=False), "GET", path)
            sees = someone.viewer.sees(matrix.tenants.other.pk)
            allowed = (200, 503) if sees else (404,)
            expected = allowed if someone.viewer.may("device.detail") else (403,)
            matrix.cell(f"GET {page} (own, with foreign)", someone, answer, *expected)
    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert sum(matrix.cells.values()) >= 2 * len(people(matrix))


def call_cells(matrix: Matrix, address: Address, someone: Someone, method: str) -> None:
    """Ask one address of the API in one way for all that it may be about."""
    assert address.routes is not None
    route: Route | None = address.routes.get("GET" if method == "HEAD" else method)
    browser = matrix.browser(someone, api=True)
    ids: list[object] = []
    answers: dict[str, Answer] = {}
    narrowed = someone.name != "everything"
    for whose, path, here in targets(matrix, address, someone, route is not None):
        sent = body(route, words(matrix.tenants, 0) | {"since": ""}) if route else b""
        sent = sent if method not in ("GET", "HEAD") else b""
        query = "?metric=x" if address.pattern.endswith("/samples") else ""
        answer = matrix.ask(browser, method, path + query, data=sent, content_type="application/json")
        where, answers[whose] = f"{method} {address.pattern} ({whose})", answer
        ids += here
        if not someone.token:
            matrix.cell(where, someone, answer, 401)
        elif route is None:
            matrix.cell(where, someone, answer, 405 if address.routes else 404)
        elif (route.verb and not may(someone, route.verb)) or (narrowed and of_the_msp(route)):
            matrix.cell(where, someone, answer, 403)
            matrix.silent(where, answer)
        elif whose == "missing" or (whose == "foreign" and narrowed):
            matrix.cell(where, someone, answer, 404)
            matrix.silent(where, answer)
        else:
            matrix.cell(where, someone, answer, route.status, 409)
        if answer.status >= 400 and answer.headers["Content-Type"] != "application/problem+json":
            matrix.wrong.append(f"{where}: {answer.status} is no problem document")
    if address.about_one and route is not None and narrowed:
        matrix.same(f"{method} {address.pattern} {someone.name}", answers["foreign"], answers["missing"], ids)


def of_the_msp(route: Route) -> bool:
    """Tell whether a call changes what belongs to the whole MSP, which everyone of the staff may read."""
    return route.path.startswith("templates/") and route.method == "POST"


def may(someone: Someone, verb: str) -> bool:
    """Tell whether the token of someone may do `verb`; a narrowed one is never of the whole MSP."""
    return someone.viewer.may(verb) and not (someone.name == "narrowed token" and verb == "client.add")


def test_calls(matrix: Matrix) -> None:
    for address in calls():
        for method in METHODS:
            for someone in matrix.tenants.people:
                call_cells(matrix, address, someone, method)
            _, path, _ = next(targets(matrix, address, matrix.tenants.people[0]))
            for browser in (Browser(), matrix.browser(matrix.tenants.people[-2], api=False)):
                answer = matrix.ask(browser, method, path)
                matrix.cell(f"{method} {address.pattern} without a token", None, answer, 401)
                matrix.silent(path, answer)
    told(matrix, "calls")
    assert sum(1 for seen in matrix.marked.values() if seen) > 10


def test_an_address_that_nothing_fills_fails_the_build(tenants: TwoTenants) -> None:
    new = Address("printers/<uuid:printer_id>/", "printer", "device.view", None, ("printer_id",))
    with pytest.raises(NoRow, match="printer_id"):
        things(tenants, new, "own", tenants.people[0])
    route = replace(routes()[0], body=defstruct("New", [("colour", str)]))
    with pytest.raises(NoRow, match="colour"):
        body(route, words(tenants, 0))


def told(matrix: Matrix, what: str) -> None:
    """Say how many cells were asked, and hold all of them to have been right."""
    sys.stdout.write(f"\nmatrix, {what}: {matrix.cells.total()} cells, {len(matrix.wrong)} wrong\n")
    assert matrix.cells.total() >= FLOOR[what]
    assert not matrix.wrong, "\n".join(matrix.wrong[:40])
