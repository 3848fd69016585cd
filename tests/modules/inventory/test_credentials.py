"""Pages of credentials: written and never read back, by the right people, whatever is typed into them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from console_fixture import World
from predvid.modules.access import envelope, key_file, vault
from predvid.modules.access.models import AuditEntry, Secret
from predvid.modules.inventory.models import Agent, SecretBinding, Site
from predvid.wire.secrets import KINDS, SecretValue, kind_of

pytestmark = pytest.mark.usefixtures("ground", "door")
CANARY = "canary-&<>\"'-4711"
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\r\n{CANARY}\r\n-----END OPENSSH PRIVATE KEY-----"


def fields(kind: str, word: str = CANARY) -> dict[str, str]:
    """Return what a person types for a kind: `word` in each field that is no choice."""
    known = {"auth": "SHA-256", "privacy": "AES-128", "key": KEY.replace(CANARY, word)}
    return {name: known.get(name, word) for name in KINDS[kind].__struct_fields__}


def holds(text: str, word: str = CANARY) -> bool:
    return word in text or escape(word) in text


def value(secret: Secret) -> SecretValue:
    return msgspec.msgpack.decode(vault.unseal(secret, "value"), type=SecretValue)


@pytest.fixture
def hands(world: World) -> Browser:
    """A manager of the first client, who writes and deletes."""
    person = world.person("ruke@example.com", role="manager", language="en")
    person.clients.add(world.clients[0])
    return world.signed_in(person)


@pytest.fixture(autouse=True)
def key(world: World, tmp_path: Path) -> Iterator[Path]:
    """The file of the master key, of this test alone."""
    before = settings.PLACE
    settings.PLACE = type(before)(**{**vars(before), "secrets_file": str(tmp_path / "own" / "master")})
    yield settings.PLACE.secrets_key
    settings.PLACE = before


def list_of(world: World, client: int = 0) -> str:
    return f"/clients/{world.clients[client].pk}/credentials/"


def add(world: World, hands: Browser, kind: str = "snmp_v2c", **more: str) -> Secret:
    words = fields(kind) | {"name": f"My {kind}", "site": ""} | more
    answer = hands.post(f"{list_of(world)}?kind={kind}", words, follow=True)
    assert answer.status_code == 200, answer.content.decode()
    assert not holds(answer.content.decode())
    return Secret.objects.get(name=words["name"])


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_kept_as_it_was_typed_and_never_shown(world: World, hands: Browser, kind: str) -> None:
    secret = add(world, hands, kind)
    kept = value(secret)
    assert kind_of(kept) == secret.kind == kind
    for name, typed in fields(kind).items():
        assert getattr(kept, name) == (typed.replace("\r\n", "\n") + "\n" if name == "key" else typed)
    assert CANARY.encode() not in bytes(secret.value)
    for path in (list_of(world), f"{list_of(world)}?kind={kind}", f"/clients/credentials/{secret.pk}/"):
        page = hands.get(path).content.decode()
        assert not holds(page)
        assert "My" in page
    assert "by Ruke" in hands.get(list_of(world)).content.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_that_comes_back_shows_nothing_of_what_was_typed(
    world: World, hands: Browser, kind: str
) -> None:
    nameless = hands.post(f"{list_of(world)}?kind={kind}", fields(kind) | {"name": ""})
    assert nameless.status_code == 422
    assert not holds(nameless.content.decode())
    secret = add(world, hands, kind)
    taken = hands.post(f"{list_of(world)}?kind={kind}", fields(kind) | {"name": secret.name})
    assert taken.status_code == 422
    assert "already has a credential" in taken.content.decode()
    assert not holds(taken.content.decode())
    long = {name: CANARY * 2000 for name in fields(kind)}
    for path in (f"{list_of(world)}?kind={kind}", f"/clients/credentials/{secret.pk}/"):
        answer = hands.post(path, long | {"name": "x", "site": CANARY})
        assert answer.status_code == 422
        assert not holds(answer.content.decode())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"auth_secret": "short"}, "at least 8"),
        ({"auth": "", "auth_secret": ""}, "no encryption without"),
        ({"privacy": ""}, "or leave the password empty"),
        ({"auth": "ROT13"}, "Choose one of the list"),
        ({"user": ""}, "required"),
    ],
)
def test_what_cannot_be_of_snmp_v3_is_refused(
    world: World, hands: Browser, change: dict[str, str], said: str
) -> None:
    answer = hands.post(f"{list_of(world)}?kind=snmp_v3", fields("snmp_v3") | {"name": "x"} | change)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Secret.objects.exists()


def test_a_public_key_is_no_private_one(world: World, hands: Browser) -> None:
    words = fields("ssh_key") | {"name": "x", "key": "ssh-ed25519 AAAAC3Nz canary"}
    answer = hands.post(f"{list_of(world)}?kind=ssh_key", words)
    assert answer.status_code == 422
    assert "Paste the whole private key" in answer.content.decode()
    assert "AAAAC3Nz" not in answer.content.decode()


def test_a_value_is_replaced_whole_and_says_since_when_by_whom(world: World, hands: Browser) -> None:
    secret = add(world, hands)
    other = world.person("druga@example.com", role="owner", all_clients=True, language="hr")
    answer = world.signed_in(other).post(
        f"/clients/credentials/{secret.pk}/", {"community": "nova riječ"}, follow=True
    )
    page = answer.content.decode()
    assert "Druga" in page
    assert "nova riječ" not in page
    assert not holds(page)
    assert msgspec.to_builtins(value(Secret.objects.get())) == {"kind": "snmp_v2c", "community": "nova riječ"}
    assert AuditEntry.objects.get(verb="secret.replaced").after == "{}"


def test_binding_and_unbinding_on_the_page(world: World, hands: Browser) -> None:
    secret, device = add(world, hands), world.devices[0]
    address = f"/clients/credentials/{secret.pk}/"
    assert f'value="device:{device.pk}"' in hands.get(address).content.decode()
    words = {"holder": f"device:{device.pk}", "check": "door", "target": "10.0.0.7", "back": address}
    page = hands.post(f"{address}bind", words, follow=True).content.decode()
    assert "10.0.0.7" in page
    assert "used by 1 check" in hands.get(list_of(world)).content.decode()
    bound = SecretBinding.objects.get()
    assert (bound.device, bound.client) == (device, world.clients[0])
    hands.post(f"/clients/credentials/bindings/{bound.pk}/unbind", {"back": address})
    assert not SecretBinding.objects.exists()
    for holder in ("", "device:x", f"device:{world.devices[2].pk}", f"agent:{device.pk}", "x:y"):
        hands.post(f"{address}bind", words | {"holder": holder})
    hands.post(f"{address}bind", words | {"check": "cpu"})
    assert not SecretBinding.objects.exists()


def test_a_probe_can_be_chosen_and_a_site_narrows_the_choice(world: World, hands: Browser) -> None:
    other = Site.objects.create(client=world.clients[0], name="Skladište")
    world.device(other, "Hot-SONDA-01")
    probe = Agent.objects.get(device=world.devices[-1])
    Agent.objects.filter(pk=probe.pk).update(role="probe")
    secret = add(world, hands, site=str(other.pk))
    page = hands.get(f"/clients/credentials/{secret.pk}/").content.decode()
    assert f'value="agent:{probe.pk}"' in page
    assert str(world.devices[0].pk) not in page
    words = {"holder": f"agent:{probe.pk}", "check": "door", "target": ""}
    hands.post(f"/clients/credentials/{secret.pk}/bind", words)
    assert SecretBinding.objects.get().agent == probe
    assert "site probe" in hands.get(f"/clients/credentials/{secret.pk}/").content.decode()
    foreign = hands.post(
        f"{list_of(world)}?kind=snmp_v2c",
        fields("snmp_v2c") | {"name": "y", "site": str(world.sites[1].pk)},
    )
    assert foreign.status_code == 422


# role, what the list answers, whether it may write, whether it may delete
ROLES = [
    ("owner", 200, True, True),
    ("manager", 200, True, True),
    ("technician", 200, True, False),
    ("account_manager", 403, False, False),
    ("client_contact", 403, False, False),
    ("auditor", 403, False, False),
]


@pytest.mark.parametrize(("role", "seen", "writes", "deletes"), ROLES)
def test_who_may_do_what(
    world: World, hands: Browser, role: str, seen: int, writes: bool, deletes: bool
) -> None:
    secret = add(world, hands)
    person = world.person("netko@example.com", role=role, language="en")
    person.clients.add(world.clients[0])
    browser, address = world.signed_in(person), f"/clients/credentials/{secret.pk}/"
    assert browser.get(list_of(world)).status_code == seen
    assert browser.get(address).status_code == seen
    client = browser.get(f"/clients/{world.clients[0].pk}/").content.decode()
    assert (list_of(world) in client) is (seen == 200)
    browser.post(address, {"community": "changed here"})
    kept: Any = value(Secret.objects.get())
    assert (kept.community == "changed here") is writes
    browser.post(f"{address}delete", {})
    assert Secret.objects.exists() is not deletes


def test_another_clients_credentials_are_not_there(world: World, hands: Browser) -> None:
    secret = add(world, hands)
    stranger = world.person("tudja@example.com", role="manager", language="en")
    stranger.clients.add(world.clients[1])
    browser, address = world.signed_in(stranger), f"/clients/credentials/{secret.pk}/"
    bound = SecretBinding.objects.create(
        client=secret.client, secret=secret, device=world.devices[0], check_name="door"
    )
    for path in (list_of(world), address):
        assert browser.get(path).status_code == 404
        assert browser.post(f"{path}?kind=snmp_v2c", fields("snmp_v2c") | {"name": "x"}).status_code == 404
    for path in (f"{address}delete", f"{address}bind", f"/clients/credentials/bindings/{bound.pk}/unbind"):
        assert browser.post(path, {"check": "door"}).status_code == 404
    assert Secret.objects.count() == SecretBinding.objects.count() == 1


@pytest.mark.parametrize("spoil", ["missing", "foreign"])
def test_without_its_key_the_page_says_so_and_all_others_work(
    world: World, hands: Browser, key: Path, spoil: str
) -> None:
    secret = add(world, hands)
    if spoil == "missing":
        key.unlink()
    else:
        key_file.write(key, (envelope.new_master(),))
    for path in (list_of(world), f"/clients/credentials/{secret.pk}/"):
        page = hands.get(path)
        assert page.status_code == 200
        assert "predvid secrets recovery --restore" in page.content.decode()
    answer = hands.post(f"{list_of(world)}?kind=snmp_v2c", fields("snmp_v2c") | {"name": "second"})
    assert answer.status_code == 422
    assert "recovery --restore" in answer.content.decode()
    assert not holds(answer.content.decode())
    assert Secret.objects.count() == 1
    for path in ("/", "/devices/", "/alerts/", "/clients/", f"/clients/{world.clients[0].pk}/"):
        page = hands.get(path)
        assert page.status_code == 200
        assert "recovery --restore" not in page.content.decode()
    gone = hands.post(f"/clients/credentials/{secret.pk}/delete", {})
    assert (gone.status_code, Secret.objects.count()) == (302, 0), "what is lost can be deleted"


def test_the_list_asks_as_much_for_many_as_for_few(world: World, hands: Browser) -> None:
    add(world, hands)
    few = queries(hands, list_of(world))
    for n in range(20):
        add(world, hands, name=f"another {n}")
    assert queries(hands, list_of(world)) == few <= 12


def queries(browser: Browser, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(path).status_code == 200
    return len(asked)


def test_a_move_to_another_client_ends_the_binding_and_tells_the_former_client_which(
    world: World, hands: Browser
) -> None:
    secret, device = add(world, hands), world.devices[0]
    words = {"holder": f"device:{device.pk}", "check": "door", "target": ""}
    hands.post(f"/clients/credentials/{secret.pk}/bind", words)
    owner = world.signed_in(world.person("vlasnica@example.com", role="owner", all_clients=True))
    moved = {"site": str(world.sites[1].pk), "since": timezone.localdate().isoformat()}
    assert owner.post(f"/devices/{device.pk}/move", moved).status_code == 302
    assert not SecretBinding.objects.exists()
    left, came = (AuditEntry.objects.get(verb=f"device.moved{verb}") for verb in ("_away", ""))
    assert '"secrets":"My snmp_v2c"' in left.before
    assert (left.chain, came.chain) == tuple(str(client.pk) for client in world.clients)
    assert "My" not in f"{vars(came)}"
