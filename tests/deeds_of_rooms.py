"""Deeds in the rooms beside devices: notifications, boards and views, records of clients."""

from collections.abc import Callable
from datetime import date, timedelta

from console_fixture import World
from deeds import Deed
from predvid.modules.access.models import Person
from predvid.modules.access.queries import secret_hash
from predvid.modules.access.rules import PLATFORM
from predvid.modules.monitoring.models import Pin, SavedView
from predvid.modules.notifying import actions as notice_actions
from predvid.modules.notifying.models import AcknowledgeLink, Channel, Delivery, Rota, Route, StandIn, Turn


def channel(world: World) -> Channel:
    """Keep a webhook that leads nowhere."""
    return notice_actions.keep_channel(
        PLATFORM, "webhook", "Dežurni", {"url": "http://192.0.2.1/", "key": "k" * 16}, world.now
    )


def new_channel(world: World) -> Deed:
    words = {"name": "Dežurni", "url": "https://hooks.example.com/x", "key": "k" * 16}
    return "/notifications/channels/?kind=webhook", words


def on_channel(verb: str) -> Callable[[World], Deed]:
    return lambda world: (f"/notifications/channels/{channel(world).pk}/{verb}", {})


def new_route(world: World) -> Deed:
    words = {
        "name": "Dežurni", "where": str(world.clients[0].pk), "floor": "3", "days": ["0"], "since": "08:00",
        "until": "16:00", "timezone": "Europe/Zagreb", "people": [str(Person.objects.get(role="owner").pk)],
    }  # fmt: skip
    return "/notifications/routes/", words


def on_route(verb: str = "") -> Callable[[World], Deed]:
    """Return a deed on a route: with the form of a new one it is changed."""

    def deed(world: World) -> Deed:
        made = Route.objects.create(client=world.clients[0], name="Dežurni")
        return f"/notifications/routes/{made.pk}/{verb}", {} if verb else new_route(world)[1]

    return deed


def new_rota(world: World) -> Deed:
    words = {
        "name": "Noći", "begins": world.now.date().isoformat(), "at": "08:00", "days": "7",
        "timezone": "Europe/Zagreb", "turn_1": str(Person.objects.get(role="owner").pk),
    }  # fmt: skip
    return "/notifications/rotas/", words


def rota() -> Rota:
    made = Rota.objects.create(name="Vikendi", begins=date(2026, 1, 5))
    Turn.objects.create(rota=made, number=0, person=Person.objects.get(role="owner"))
    return made


def on_rota(verb: str = "") -> Callable[[World], Deed]:
    """Return a deed on a rota: with the form of a new one it is changed."""
    return lambda world: (f"/notifications/rotas/{rota().pk}/{verb}", {} if verb else new_rota(world)[1])


def stands_in(world: World) -> Deed:
    words = {"person": str(Person.objects.get(role="owner").pk)}
    times = {"since": "2030-01-01T08:00", "until": "2030-01-02T08:00"}
    return f"/notifications/rotas/{rota().pk}/stand-ins", words | times


def stands_in_no_more(world: World) -> Deed:
    owner, until = Person.objects.get(role="owner"), world.now + timedelta(days=1)
    made = StandIn.objects.create(rota=rota(), person=owner, since=world.now, until=until)
    return f"/notifications/rotas/{made.rota_id}/stand-ins/{made.pk}/remove", {}


def on_delivery(world: World) -> Deed:
    alert = world.alerts[0]
    made = Delivery.objects.create(
        client=world.clients[0], alert=alert, event=alert.events.get(), queued_at=world.now,
        next_at=world.now,
    )  # fmt: skip
    return f"/notifications/{made.pk}/retry", {}


def from_mail(world: World) -> Deed:
    alert, owner = world.alerts[0], Person.objects.get(role="owner")
    AcknowledgeLink.objects.create(
        client=alert.client, alert=alert, person=owner, secret_hash=secret_hash("iz pisma"),
        expires_at=world.now + timedelta(hours=1),
    )  # fmt: skip
    return "/acknowledge/iz pisma", {}


def chart_pinned(world: World) -> Deed:
    return f"/devices/{world.devices[0].pk}/pin", {"metric": "cpu_used_percent", "range": "7d"}


def on_pin(verb: str, **words: str) -> Callable[[World], Deed]:
    def deed(world: World) -> Deed:
        owner = Person.objects.get(role="owner")
        pins = [
            Pin.objects.create(person=owner, device=world.devices[0], metric="x", range="24h", place=place)
            for place in (1, 2)
        ]
        return f"/board/{pins[0].pk}/{verb}", words

    return deed


SAVED = {"room": "devices", "name": "Zovem", "query": "type=server"}


def on_view(verb: str, **words: str) -> Callable[[World], Deed]:
    def deed(world: World) -> Deed:
        row = SavedView.objects.create(person=Person.objects.get(role="owner"), **SAVED)
        return f"/views/{row.pk}/{verb}", words

    return deed
