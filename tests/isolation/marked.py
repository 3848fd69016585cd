"""Two tenants: one whose things everyone here may see, and one whose texts are all marked and stay unseen."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from django.apps import apps
from django.db import models, transaction
from django.test import Client as Browser
from django.utils import timezone

from console_fixture import World
from predvid.modules.access import audit, tenancy, token_actions, vault
from predvid.modules.access.models import (
    ApiToken,
    AuditChain,
    AuditEntry,
    Authenticator,
    Client,
    Passkey,
    Person,
    Secret,
)
from predvid.modules.access.queries import viewer_of
from predvid.modules.access.rules import FOR_TOKENS, Subject, Viewer
from predvid.modules.automation.models import Publication, Rollout, Task
from predvid.modules.inventory.models import (
    ClientNote,
    Contact,
    CustomField,
    DeviceGroup,
    DocumentFile,
    SecretBinding,
)
from predvid.modules.monitoring.models import Alert, MaintenanceWindow, Pin, SavedView
from predvid.modules.notifying.models import Channel, Delivery, Rota, Route, StandIn, Turn
from predvid.server.row_security import wall_of

MARK = "ZZF"
MARKED = re.compile(f"{MARK}[0-9]{{6}}")
PROBE = "ZZ"  # finds every marked text and is none itself
Column = Any  # of any kind
APPEND_ONLY = {AuditEntry, AuditChain}  # marked as they are written
# Keys that may be empty one by one, where a constraint wants one of them.
WANTED = {SecretBinding: "device"}
MARKS = count()


def mark() -> str:
    """Return a new marked text, short enough for every column."""
    return f"{MARK}{next(MARKS):06d}"


@dataclass
class Someone:
    """A person with what they come in by; `viewer` is who they are to the policy function."""

    name: str
    person: Person
    viewer: Viewer
    token: str = ""
    own_token: ApiToken | None = None


@dataclass
class TwoTenants:
    """The first client is everyone's own, the second is nobody's but `everything`'s."""

    world: World = field(default_factory=World)
    people: list[Someone] = field(default_factory=list)
    foreign: dict[type[models.Model], models.Model] = field(default_factory=dict)
    mine: dict[type[models.Model], models.Model] = field(default_factory=dict)
    rollout: Rollout = field(init=False)  # the whole MSP's
    channel: Channel = field(init=False)  # likewise
    stand_in: StandIn = field(init=False)  # likewise
    custom_field: CustomField = field(init=False)  # likewise

    def __post_init__(self) -> None:
        with transaction.atomic(), tenancy.as_platform():
            for name in ("Hotel Čvorak", "Gimnazija Šipan"):
                self.world.client(f"{name} {uuid4().hex[:6]}")
                site = self.world.sites[-1]
                self.world.device(site, f"{name[:3]}-SRV-01", state=3)
                self.world.device(site, f"{name[:3]}-WS-02")
                self.world.pending(site, f"{name[:3]}-NOVI")
                self.world.token(site)
                self.world.task(site)
            self.own, self.other = self.world.clients
            self._resolved()
            self._people()
            self._told()
            self._published()
            self._defined()
            for model in tenant_tables():
                self.foreign[model] = self._row(model, self.other)
                self._mark(model)
            for model in (Task, Secret, SecretBinding, DeviceGroup, MaintenanceWindow, Route, Delivery):
                self.mine[model] = self._row(model, self.own)
            for model in (Contact, ClientNote, DocumentFile):
                self.mine[model] = self._row(model, self.own)

    def _resolved(self) -> None:
        """Let each client have an alert that is over, too."""
        for device in (self.world.devices[0], self.world.devices[2]):
            now = self.world.now
            Alert.objects.create(
                client=device.client, device=device, check_name="cpu", item="used", state=3, phase="resolved",
                said_id="cpu.used", said_values={"used": 99.0}, since=now, opened_at=now, changed_at=now,
                resolved_at=now,
            )  # fmt: skip

    def _people(self) -> None:
        for role in Person.Role.values:
            self._person(role, role)
        self._person("everything", "owner", all_clients=True)
        self._person("narrowed token", "owner", all_clients=True, narrowed=True)
        stranger = self.world.person(f"{uuid4().hex}@example.com", role="client_contact")
        stranger.name = mark()
        stranger.save()
        stranger.clients.add(self.other)
        self.foreign[Person] = stranger
        Browser().force_login(stranger)

    def _person(self, name: str, role: str, *, all_clients: bool = False, narrowed: bool = False) -> None:
        person = Person(email=f"{uuid4().hex}@example.com", name=name, role=role, all_clients=all_clients)
        person.set_unusable_password()
        person.save()
        if not all_clients:
            person.clients.add(self.own)
        Authenticator.objects.create(person=person, confirmed_at=self.world.now)
        person = Person.objects.get(pk=person.pk)
        viewer = viewer_of(person)
        one = Someone(name, person, viewer)
        verbs = [verb for verb in FOR_TOKENS if viewer.may(verb)]
        if viewer.may("token.make"):
            clients = [self.own.pk] if narrowed else None
            one.own_token, one.token = token_actions.make_token(
                viewer, name, verbs, clients, timedelta(days=1), timezone.now()
            )
        self.people.append(one)

    def _told(self) -> None:
        """Write marked deeds into the audit of the foreign client, and one of its tokens into its grants."""
        who = Viewer(mark(), "owner", None, person=self.foreign[Person].pk, address=mark())
        subject = Subject("device", str(self.world.devices[2].pk), mark())
        words: dict[str, str | int | bool | None] = {"note": mark()}
        audit.record(who, "device.merged", subject, self.other.pk, timezone.now(), after=words, why=mark())
        token = ApiToken.objects.create(
            person_id=self.foreign[Person].pk, name=mark(), secret_hash=os.urandom(32), narrowed=True,
            created_at=timezone.now(), expires_at=timezone.now() + timedelta(days=9),
        )  # fmt: skip
        token.clients.add(self.other)
        self.foreign[ApiToken] = token

    def _published(self) -> None:
        """Mark the template that is the foreign client's alone; begin a rollout, which is the whole MSP's."""
        own, other = (
            Publication.objects.get(taskrequest__tasks__client=client) for client in (self.own, self.other)
        )
        texts = {column.name: mark() for column in _texts(Publication) if column.name in ("title", "content")}
        Publication.objects.filter(pk=other.pk).update(**texts)
        self.mine[Publication], self.foreign[Publication] = own, other
        now = self.world.now
        Rollout.objects.all().delete()
        self.rollout = Rollout.objects.create(
            version="9", agents=1, ring_since=now, requested_name="Ana", requested_at=now
        )
        self.foreign[Rollout] = self.rollout
        Channel.objects.all().delete()
        self.channel = Channel(kind="webhook", name=f"Kanal {uuid4().hex[:6]}", changed_at=now)
        vault.seal(self.channel, "settings", b'{"url": "http://192.0.2.1/", "key": "0123456789abcdef"}')
        self.channel.save(force_insert=True)
        self.foreign[Channel] = self.channel
        rota = Rota.objects.create(name=f"Noći {uuid4().hex[:6]}", begins=now.date())
        self.foreign[Rota] = rota
        self.stand_in = StandIn.objects.create(
            rota=rota, person=self.people[0].person, since=now, until=now + timedelta(days=9)
        )
        Turn.objects.create(rota=rota, number=0, person=self.people[0].person)

    def _defined(self) -> None:
        """Define a field, which is the whole MSP's; what it holds is a client's."""
        self.custom_field = CustomField.objects.create(
            subject="client", kind="text", name=f"Ugovor {next(MARKS)}"
        )
        self.foreign[CustomField] = self.custom_field

    def passkey(self, person: Person) -> Passkey:
        """Return the passkey of a person, made if they have none."""
        words = {"public_key": b"", "sign_count": 0, "party": "predvid.example", "name": "x"}
        found, _ = Passkey.objects.get_or_create(
            person=person, defaults={**words, "credential": os.urandom(32), "created_at": self.world.now}
        )
        return found

    def pin(self, person: Person) -> Pin:
        """Return the pinned chart of a person, made if they have none."""
        device = self.world.devices[2 if person == self.foreign[Person] else 0]
        words = {"device": device, "metric": mark(), "title": mark(), "range": "24h", "place": 1}
        if device == self.world.devices[0]:
            words |= {"metric": "cpu_used_percent", "title": "Vlastito"}
        found = Pin.objects.filter(person=person, device=device).first()
        return found or Pin.objects.create(person=person, **words)

    def view(self, person: Person) -> SavedView:
        """Return the saved view of a person, made if they have none."""
        name = mark() if person == self.foreign[Person] else "Vlastiti"
        words = {"name": name, "query": "type=server"}
        return SavedView.objects.get_or_create(person=person, room="devices", defaults=words)[0]

    def rows_of(self, model: type[models.Model], client: Client) -> "models.QuerySet[Any]":
        """Return the rows of a tenant table that belong to a client, found without any viewer."""
        return model._default_manager.filter(**{path_to_client(model): key_of(model, client)})

    def _row(self, model: type[models.Model], client: Client) -> models.Model:
        found = self.rows_of(model, client).first()
        row: models.Model = found if found is not None else self._made(model, client)
        return row

    def _made(self, model: type[models.Model], client: Client) -> models.Model:
        """Return a new row of a table that nothing else here fills: a new table needs no entry."""
        values = {}
        for column in model._meta.concrete_fields:
            counted = column.primary_key and isinstance(column, models.AutoField)
            may_stay = column.has_default() or counted or column.null
            if not may_stay or WANTED.get(model) == column.name:
                values[column.name] = self._value(column, client)
        if any(column.name == "client" for column in model._meta.concrete_fields):
            values["client"] = client
        row: models.Model = model._default_manager.create(**values)
        return row

    def _value(self, column: Column, client: Client) -> Any:
        if isinstance(column, models.ForeignKey):
            return client if column.related_model is Client else self._related(column.related_model, client)
        if isinstance(column, models.DateTimeField):
            return timezone.now() + timedelta(days=1)
        if isinstance(column, models.DateField):
            return timezone.localdate()
        if isinstance(column, models.TimeField):
            return timezone.now().time()
        if isinstance(column, models.BinaryField):
            return os.urandom(32)
        if column.choices:
            return next(iter(column.flatchoices))[0]
        if not isinstance(column, models.CharField | models.TextField):
            return 1
        return mark() if client == self.other else f"Vlastito {next(MARKS)}"

    def _related(self, model: type[models.Model], client: Client) -> models.Model:
        if wall_of(model) is not None:
            return self._row(model, client)
        if model not in self.foreign:
            self.foreign[model] = self._made(model, client)
        return self.foreign[model]

    def _mark(self, model: type[models.Model]) -> None:
        """Mark every text of the foreign rows, those in JSON included."""
        if model in APPEND_ONLY:
            return
        for row in self.rows_of(model, self.other):
            texts = {column.name: marked(column) for column in _texts(model)}
            if texts:
                model._default_manager.filter(pk=row.pk).update(**texts)


def tenant_tables() -> list[type[models.Model]]:
    """Return every model that has a wall; those that nothing hangs on come last."""
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if wall_of(model) is not None]


def path_to_client(model: type[models.Model]) -> str:
    """Return how a query names the client of a row: found by the kinds of keys, as the wall is."""
    if model is Client:
        return "pk"
    if model in APPEND_ONLY:
        return "chain"
    keys = [key for key in model._meta.concrete_fields if isinstance(key, models.ForeignKey)]
    own = [key.name for key in keys if key.related_model is Client]
    if own:
        return "client" if "client" in own else own[0]
    above = [key for key in keys if key.related_model is not model and wall_of(key.related_model) is not None]
    parent = min(above, key=lambda key: key.null)
    return f"{parent.name}__{path_to_client(parent.related_model)}"


def key_of(model: type[models.Model], client: Client) -> Any:
    """Return what a tenant table calls a client."""
    return str(client.pk) if model in APPEND_ONLY else client.pk


def _texts(model: type[models.Model]) -> Iterator[Column]:
    for column in model._meta.concrete_fields:
        plain = isinstance(column, models.CharField | models.TextField | models.JSONField)
        if plain and not column.choices and not column.primary_key:
            yield column


def marked(column: Column) -> Any:
    """Return a marked value for a text or JSON column, of the shape that its readers know."""
    if not isinstance(column, models.JSONField):
        return mark()
    if column.name == "evidence":
        return [{"name": mark(), "value": mark(), "since": timezone.now().isoformat()}]
    if column.has_default() and column.get_default() == []:
        return [mark()]
    return {name: mark() for name in ("what", "mount", "who", "host", "said_id")}
