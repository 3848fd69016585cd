"""PostgreSQL keeps clients apart by itself, on every tenant table and whatever the code forgets."""

import json
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, connection, models, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client as Browser
from django.test import RequestFactory
from django.test.utils import isolate_apps
from django.utils import timezone

from console_fixture import PASSWORD
from isolation.marked import TwoTenants, key_of, path_to_client, tenant_tables
from looking import looking_at
from postgres_fixture import APP, OWNER, PostgresServer
from predvid.modules.access import audit, tenancy
from predvid.modules.access.models import AuditEntry, Client, Person
from predvid.modules.access.rules import Subject, Viewer
from predvid.modules.inventory.models import Device, Site
from predvid.modules.monitoring.models import Alert, AlertNote, Event
from predvid.server import row_security
from predvid.server.looks_database import database
from predvid.server.place import Place
from predvid.server.setting_up import migrate
from predvid.server.tenants import OwnClientsOnly

NOBODY = Viewer("", "technician", frozenset())
# Every table that the database itself says belongs to a client, whatever our models say.
POINTING = """
SELECT DISTINCT c.relname, c.relrowsecurity AND c.relforcerowsecurity
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND k.confrelid = 'access_client'::regclass
"""


@pytest.fixture(scope="module")
def tenants(walled: Place) -> TwoTenants:
    return TwoTenants()


@pytest.fixture
def mine(tenants: TwoTenants) -> Viewer:
    """Someone who sees the first client alone."""
    return Viewer("Ana", "manager", frozenset({tenants.own.pk}))


@pytest.fixture
def undone(walled: Place) -> Iterator[None]:
    """What a test writes is undone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def rows(statement: str, *values: object) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def counted(model: type[models.Model]) -> int:
    """Count a table's rows by SQL of one's own, as a query does that forgot its viewer."""
    return int(rows(f"SELECT count(*) FROM {model._meta.db_table}")[0][0])  # noqa: S608 - a table's own name


def test_every_tenant_table_has_its_wall(walled: Place) -> None:
    assert {wall.table for wall in row_security.walls()} == {
        model._meta.db_table for model in tenant_tables()
    }
    pointing = dict(rows(POINTING))
    assert len(pointing) >= 12
    assert all(pointing.values()), pointing
    standing = dict(rows(row_security.STANDING, row_security.POLICY))
    assert standing == {wall.table: wall.digest for wall in row_security.walls()}
    assert set(pointing) < set(standing), "those that hang on such a row have one too"
    assert {"monitoring_stream", "access_auditentry", "access_client"} <= set(standing)


def test_who_connects_is_neither_owner_nor_beyond_the_wall(walled: Place) -> None:
    assert rows("SELECT current_user, usesuper, usebypassrls FROM pg_user WHERE usename = current_user") == [
        (APP, False, False)
    ]
    assert rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'") == [(OWNER,)]


@pytest.mark.parametrize("model", tenant_tables(), ids=lambda model: model._meta.db_table)
def test_a_query_without_a_filter_sees_own_rows_alone(
    tenants: TwoTenants, mine: Viewer, undone: None, model: type[models.Model]
) -> None:
    msp = model._meta.db_table == "access_auditchain"  # the head of the MSP's own chain is no secret
    assert counted(model) == msp, "nobody was named: nothing is seen"
    with tenancy.as_platform():
        everything = counted(model)
        own = tenants.rows_of(model, tenants.own).count()
        assert tenants.rows_of(model, tenants.other).exists(), "else this proves nothing"
    with tenancy.seen_by(mine):
        assert counted(model) == own + msp < everything
        assert not tenants.rows_of(model, tenants.other).exists()
    with tenancy.seen_by(NOBODY):
        assert counted(model) == msp


def test_the_setting_ends_with_its_transaction(tenants: TwoTenants, mine: Viewer) -> None:
    with tenancy.seen_by(mine):
        assert counted(Device)
    assert counted(Device) == 0
    with pytest.raises(RuntimeError):
        tenancy._set("predvid.clients", "*")


@pytest.mark.parametrize("named", ["", ",", "x", "*,", "' OR true", "{}"])
def test_a_setting_that_makes_no_sense_opens_nothing(tenants: TwoTenants, undone: None, named: str) -> None:
    seen = 0
    with suppress(DatabaseError), transaction.atomic():
        tenancy._set("predvid.clients", named)
        seen = counted(Device)
    assert seen == 0


def test_nothing_foreign_can_be_written(tenants: TwoTenants, mine: Viewer, undone: None) -> None:
    site = tenants.world.sites[1]
    foreign = {"client_id": tenants.other.pk, "site_id": site.pk, "name": "x"}
    with tenancy.seen_by(mine):
        for attempt in (
            lambda: Device.objects.create(**foreign),
            lambda: Site.objects.create(client_id=tenants.other.pk, name="x"),
            lambda: Device.objects.filter(client=tenants.own).update(client=tenants.other),
            lambda: Client.objects.create(name="Novi"),
            lambda: Person.clients.through.objects.create(
                person=tenants.people[0].person, client_id=tenants.other.pk
            ),
        ):
            with pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
                attempt()
        assert Device.objects.filter(pk=tenants.world.devices[2].pk).update(name="x") == 0
        assert AlertNote.objects.all().delete()[0] <= tenants.rows_of(AlertNote, tenants.own).count()
    with tenancy.as_platform():
        assert Device.objects.get(pk=tenants.world.devices[2].pk).name != "x"
        assert tenants.rows_of(AlertNote, tenants.other).exists()


def test_a_page_that_forgets_its_filter_shows_own_rows(tenants: TwoTenants) -> None:
    """A view written wrong on purpose, behind the console's own middleware."""

    def careless(request: HttpRequest) -> HttpResponse:
        names = [device.name for device in Device.objects.all()]
        return JsonResponse({"names": names, "raw": counted(Alert)})

    def asked(person: Any) -> Any:
        request = RequestFactory().get("/devices/")
        request.user = person
        return OwnClientsOnly(careless)(request)

    by_name = {one.name: one.person for one in tenants.people}
    with tenancy.as_platform():
        own = set(tenants.rows_of(Device, tenants.own).values_list("name", flat=True))
        everything = Device.objects.count()
    assert set(_json(asked(by_name["technician"]))["names"]) == own
    assert len(_json(asked(by_name["everything"]))["names"]) == everything
    stranger = type("Stranger", (), {"is_authenticated": False})()
    assert _json(asked(stranger)) == {"names": [], "raw": 0}


def _json(response: Any) -> Any:
    return json.loads(response.content)


def test_strangers_sign_in_though_they_see_nothing(tenants: TwoTenants, undone: None) -> None:
    person = Person.objects.create(email="nova@example.com", name="Nova", role="technician")
    person.set_password(PASSWORD)
    person.save()
    with tenancy.as_platform():
        person.clients.add(tenants.own)
    browser, words = Browser(), {"email": person.email, "password": PASSWORD}
    assert browser.post("/sign-in/", words | {"password": "x"}).status_code == 422
    assert browser.post("/forgotten/", {"email": person.email}).status_code == 200
    assert Browser().get("/api/v1/me", headers={"Authorization": "Bearer x"}).status_code == 401
    assert browser.post("/sign-in/", words).status_code == 302
    with tenancy.seen_by(NOBODY):
        assert tenants.own.name in browser.get("/clients/").content.decode()
    with tenancy.as_platform():
        verbs = AuditEntry.objects.order_by("-number").values_list("verb", flat=True)[:4]
        told = ["person.signed_in", "api_token.refused", "person.reset_asked", "person.sign_in_failed"]
        assert list(verbs) == told


def test_what_is_streamed_is_read_in_a_transaction_of_its_viewer(tenants: TwoTenants, mine: Viewer) -> None:
    names = tenancy.streamed(mine, (row.name for row in Device.objects.order_by("name").iterator()))
    with tenancy.as_platform():
        own = list(tenants.rows_of(Device, tenants.own).order_by("name").values_list("name", flat=True))
    assert list(names) == own


def test_the_applications_role_cannot_take_the_wall_down(
    walled: Place, postgres_server: PostgresServer
) -> None:
    for statement in (
        "ALTER TABLE inventory_device DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE inventory_device NO FORCE ROW LEVEL SECURITY",
        f"DROP POLICY {row_security.POLICY} ON inventory_device",
        f"SET ROLE {OWNER}",
        "ALTER TABLE access_auditentry DISABLE TRIGGER ALL",
        "TRUNCATE access_auditentry",
        "DELETE FROM access_auditentry",
        "UPDATE access_auditentry SET name = 'x'",
        "DELETE FROM django_migrations",
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows(statement)


def test_migrating_again_builds_only_what_fell(
    walled_place: Place, walled: Place, postgres_server: PostgresServer
) -> None:
    postgres_server.sql("ALTER TABLE inventory_site NO FORCE ROW LEVEL SECURITY", "walled")
    postgres_server.sql(f"DROP POLICY {row_security.POLICY} ON monitoring_result", "walled")
    with looking_at(walled_place):
        built = []
        known = row_security.install
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(row_security, "install", lambda role: built.append(known(role)))
            migrate()
            migrate()
    assert built == [["inventory_site", "monitoring_result"], []]


@isolate_apps("predvid.modules.monitoring")
def test_a_new_table_is_behind_the_wall_at_once() -> None:
    class Own(models.Model):
        client = models.ForeignKey(Client, models.CASCADE)

        class Meta:
            app_label = "monitoring"

    class Hanging(models.Model):
        event = models.ForeignKey(Event, models.CASCADE)

        class Meta:
            app_label = "monitoring"

    class Nobodys(models.Model):
        person = models.ForeignKey(Person, models.CASCADE)

        class Meta:
            app_label = "monitoring"

    class TwoClients(models.Model):
        giver = models.ForeignKey(Client, models.CASCADE, related_name="+")
        taker = models.ForeignKey(Client, models.CASCADE, related_name="+")

        class Meta:
            app_label = "monitoring"

    own, hanging = row_security.wall_of(Own), row_security.wall_of(Hanging)
    assert own is not None
    assert "client_id = ANY" in own.seen
    assert hanging is not None
    assert "monitoring_event" in hanging.seen
    assert row_security.wall_of(Nobodys) is None
    with pytest.raises(TypeError, match="several clients"):
        row_security.wall_of(TwoClients)


def test_whoever_writes_a_deed_of_the_msp_need_not_read_it(
    tenants: TwoTenants, mine: Viewer, undone: None
) -> None:
    entries = AuditEntry.objects.filter(chain="msp")
    with tenancy.as_platform():
        known = entries.count()
    with tenancy.seen_by(mine):
        audit.record(mine, "person.changed", Subject("person", ""), None, timezone.now())
        assert not entries.exists()
    with tenancy.as_platform():
        assert entries.count() == known + 1


@pytest.mark.parametrize(("role", "state"), [(APP, "ok"), (OWNER, "warning"), ("postgres", "warning")])
def test_the_doctor_tells_under_which_role_the_application_connects(
    walled: Place, postgres_server: PostgresServer, role: str, state: str
) -> None:
    found = database(postgres_server.url("walled", role))
    assert found.state == state, found.seen()
    assert bool(found.do()) is (state == "warning")
    assert found.seen("hr") != found.seen("en")


def test_the_doctor_tells_of_a_wall_that_fell(walled: Place, postgres_server: PostgresServer) -> None:
    url = postgres_server.url("walled", APP)
    postgres_server.sql("ALTER TABLE monitoring_alert DISABLE ROW LEVEL SECURITY", "walled")
    try:
        found = database(url)
        assert (found.state, "monitoring_alert" in found.seen()) == ("bad", True)
    finally:
        postgres_server.sql("ALTER TABLE monitoring_alert ENABLE ROW LEVEL SECURITY", "walled")
    assert database(url).state == "ok"
    assert database("").state == "ok", "SQLite is one file of ours"
    assert database("postgresql://x:x@127.0.0.1:1/x").state == "bad"


def test_the_console_starts_blind_and_the_other_processes_do_not(walled_place: Place) -> None:
    for all_clients, seen in ((True, True), (False, False)):
        with looking_at(walled_place, all_clients=all_clients), closing(connection):
            assert Device.objects.exists() is seen
    options = walled_place.database(all_clients=False)
    url = {"host": options["HOST"], "port": options["PORT"], "user": APP, "dbname": options["NAME"]}
    with psycopg.connect(**url) as bare:
        assert bare.execute("SELECT count(*) FROM inventory_device").fetchone() == (0,)


def test_paths_to_clients_agree_with_the_wall(walled: Place) -> None:
    for model in tenant_tables():
        assert path_to_client(model)
        assert key_of(model, Client())
