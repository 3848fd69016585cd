"""A stolen dump of the database and a stolen store hold no secret that anybody could use."""

import base64
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client as Browser
from django.utils import timezone
from msgspec.msgpack import encode
from msgspec.structs import fields

from looking import looking_at
from predvid.modules.access import (
    actions,
    factor_actions,
    key_file,
    people_actions,
    recovery_file,
    secret_actions,
    token_actions,
    vault,
)
from predvid.modules.access.link_actions import new_link
from predvid.modules.access.models import Person, Secret, SignInLink
from predvid.modules.access.proof_actions import SIGNED_IN, prove_by_code
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.queries_factors import waiting_secret
from predvid.modules.access.rules import PLATFORM
from predvid.modules.inventory.actions import add_client
from predvid.modules.inventory.enrolment import create_token, plan_seed
from predvid.modules.monitoring import device_actions, reactions
from predvid.modules.monitoring.stores import store
from predvid.server.place import Place
from predvid.server.worker import reactions_to
from predvid.wire import token as wire_token
from predvid.wire.secrets import KINDS
from predvid.wire.v1 import Enrolment
from second_factor import with_app
from simulated import Device

if TYPE_CHECKING:  # plugins: pytest loads them itself
    from postgres_fixture import PostgresServer
    from store_fixture import StoreProcess

LEAST = 50
Planter = Callable[[Person], Iterator[bytes]]


def passwords(person: Person) -> Iterator[bytes]:
    """A password that is set, one that replaces it, and two that somebody tried in vain."""
    first, second, wrong = (f"kanarinac {secrets.token_hex(8)}" for _ in range(3))
    person.set_password(first)
    person.save()
    actions.sign_in(person.email, first, "10.0.0.1", timezone.now())
    actions.set_password(person, first, second, timezone.now())
    Browser().post("/sign-in/", {"email": person.email, "password": wrong})
    Browser().post("/sign-in/", {"email": wrong, "password": wrong})
    yield from (word.encode() for word in (first, second, wrong))


def sessions(person: Person) -> Iterator[bytes]:
    """The cookies of sessions that are open."""
    for _ in range(3):
        browser = Browser()
        browser.force_login(person)
        assert browser.get("/").status_code == 200
        yield browser.cookies[settings.SESSION_COOKIE_NAME].value.encode()


def one_time_links(person: Person) -> Iterator[bytes]:
    """Links to sign in, to join and for a new password, as the command line and mails make them."""
    yield actions.make_sign_in_link(person, timezone.now()).encode()
    yield new_link(person, SignInLink.Kind.PASSWORD, None, timezone.now()).encode()
    words = {"name": "Gost", "email": f"{secrets.token_hex(6)}@example.com", "role": "technician"}
    rights = {"all_clients": True, "clients": [], "language": "hr"}
    _, secret = people_actions.invite(PLATFORM, **words, **rights, now=timezone.now())
    yield secret.encode()


def api_tokens(person: Person) -> Iterator[bytes]:
    """Tokens in use, one that is revoked, and one that somebody made up."""
    viewer, now = viewer_of(person), timezone.now()
    for place in range(4):
        token, text = token_actions.make_token(viewer, "x", ["device.view"], None, timedelta(days=1), now)
        assert Browser().get("/api/v1/me", headers={"Authorization": f"Bearer {text}"}).status_code == 200
        if not place:
            token_actions.revoke_token(viewer, token.pk, now)
        yield text.encode()
    made_up = f"pvt_{secrets.token_urlsafe(32)}"
    assert Browser().get("/api/v1/me", headers={"Authorization": f"Bearer {made_up}"}).status_code == 401
    yield made_up.encode()


def enrolment(person: Person) -> Iterator[bytes]:
    """Enrolment tokens, one of them used by an agent, and that agent's own key."""
    now = timezone.now()
    site = add_client(viewer_of(person), f"Kanarinac {secrets.token_hex(4)}", "", now).sites.first()
    assert site is not None
    for place in range(3):
        text = create_token(
            viewer_of(person), site.pk, uses=2, valid=timedelta(hours=1), approves=True, now=now
        )
        secret = wire_token.parse(text).secret
        yield secret.encode()
        if not place:
            device = Device()
            request = Enrolment(text, device.signer.public, bytes(32), "kanarinac", "linux", "0.1.0", [])
            device_actions.enrol(secret, request, now)
            yield device.seed


def second_factors(person: Person) -> Iterator[bytes]:
    """The secrets of an app in use and of one that waits for its first code; recovery codes, one used."""
    app, codes = with_app(person)
    now = timezone.now()
    prove_by_code(person, codes[0], SIGNED_IN, "10.0.0.1", now)
    factor_actions.begin_app(viewer_of(person), now)
    waiting = waiting_secret(person.pk, now)
    assert waiting
    yield from (word.encode() for word in (app.otp.secret, waiting, *codes))


def credentials(person: Person) -> Iterator[bytes]:
    """A client's credentials of every kind: what they hold, what stood there before, what is deleted."""
    now, viewer = timezone.now(), viewer_of(person)
    client = add_client(viewer, f"Kanarinac {secrets.token_hex(4)}", "", now)
    for kind, shape in KINDS.items():
        rows = []
        for _ in range(2):
            hidden = {name: f"kanarinac-{secrets.token_hex(12)}" for name in shape.SECRET}
            open_ = {part.name: "x" for part in fields(shape) if part.required and part.name not in hidden}
            rows.append(shape(**open_, **hidden))
            yield from (word.encode() for word in hidden.values())
        kept = secret_actions.add(viewer, client.pk, kind, rows[0], now)
        secret_actions.replace(viewer, kept.pk, rows[1], now)
        assert vault.unseal(Secret.objects.get(pk=kept.pk), "value") == encode(rows[1])
        if kind == "web_token":
            secret_actions.delete(viewer, kept.pk, now)


def passphrases(person: Person) -> Iterator[bytes]:
    """The passphrase of a recovery file, and the master key in it."""
    words = f"kanarinac {secrets.token_hex(8)}"
    masters = vault.held_masters()
    assert recovery_file.unwrap(recovery_file.wrap(masters, words), words) == masters
    yield words.encode()
    yield masters[0].key


def installation(person: Person) -> Iterator[bytes]:
    """The installation's own: the keys of plans, console and second factors, and the store's token."""
    yield plan_seed()
    yield settings.PLACE.secret("console.key").encode()
    yield settings.PLACE.secret("factors.key").encode()
    yield settings.PLACE.store_token.encode()


# A new kind of secret is a new function here.
PLANTERS: tuple[Planter, ...] = (
    *(passwords, sessions, one_time_links, api_tokens, enrolment),
    *(second_factors, credentials, passphrases, installation),
)


def guises(secret: bytes) -> set[bytes]:
    """Return a secret as dumps may write it: plain, hexadecimal, base64, in UTF-16."""
    coded = {base64.b64encode(secret), base64.urlsafe_b64encode(secret)}
    spelt = {secret, secret.hex().encode(), *(code.rstrip(b"=") for code in coded)}
    with suppress(ValueError):
        spelt.add(secret.decode().encode("utf-16-le"))
        spelt.add(bytes.fromhex(secret.decode()))
    return spelt


def dumped(place: Place, request: pytest.FixtureRequest) -> bytes:
    """Return the whole database as a thief gets it."""
    if place.database_url:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.dump("walled")
    return b"".join(path.read_bytes() for path in sorted(place.data.glob("predvid.sqlite3*")))


def stored(folder: Path) -> bytes:
    """Return everything in the store: its files, and its tables as they are read (files are compressed)."""
    reactions.react_to_pending(reactions_to, store(), timezone.now())
    link = store()._link
    tables = [
        name for (name,) in link.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")
    ]
    read = repr([link.rows(f"SELECT * FROM {name}") for name in tables])  # noqa: S608 - the store's own names
    return read.encode() + b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_dump_holds_no_secret(
    either_place: Place, store_process: "StoreProcess", request: pytest.FixtureRequest
) -> None:
    with looking_at(either_place):
        key_file.make(vault.key_path())  # the worlds of other tests have keys of clients without one
        person = Person.objects.create(
            email=f"{secrets.token_hex(6)}@example.com", name="Kanarinac", role="owner", all_clients=True
        )
        planted = [secret for planter in PLANTERS for secret in planter(person)]
        samples = stored(store_process.folder)
    assert len(set(planted)) == len(planted) >= LEAST
    database = dumped(either_place, request)
    assert b"Kanarinac" in database, "the search finds what is there"
    assert b"kanarinac" in samples
    found = {
        secret for secret in planted for guise in guises(secret) if guise in database or guise in samples
    }
    size = len(database) + len(samples)
    sys.stdout.write(f"\ncanaries: {len(planted)} secrets, {len(found)} found in {size:,} bytes\n")
    assert not found
