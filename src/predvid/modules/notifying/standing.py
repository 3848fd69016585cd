"""How telling people stands, for `predvid doctor` and `status`: what goes out, of whom nobody is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from predvid.modules.access.guard import require
from predvid.modules.access.models import Client
from predvid.modules.access.rules import Viewer
from predvid.modules.inventory.models import Device
from predvid.modules.notifying.failures import in_words
from predvid.modules.notifying.models import Delivery, Route
from predvid.modules.notifying.queries import mail_server

LATE = timedelta(minutes=10)
LATELY = timedelta(days=2)  # a message is tried for a day before it has failed
LIVE = (
    Q(people__is_active=True)
    | Q(channel__isnull=False)
    | Q(rota__turns__person__is_active=True)
    | Q(rota__stand_ins__person__is_active=True)
)


@dataclass(frozen=True, slots=True)
class Standing:
    """`routes` that reach somebody; `needs_mail`: one names people, and there is no mail server.

    `untold` are names of clients with devices whose alerts reach nobody. `waiting`: messages that are due and
    have not gone out, `late` those of them for 10 minutes or longer; `failed` of the last two days. `why`
    says the newest reason, in the viewer's language.
    """

    routes: int
    needs_mail: bool
    untold: tuple[str, ...]
    waiting: int
    late: int
    failed: int
    why: str


def standing(viewer: Viewer, now: datetime) -> Standing:
    """Return how telling stands at `now`, over the whole installation. Raises Denied."""
    require(viewer, "delivery.view", None)
    live = Route.objects.filter(LIVE).distinct()
    named = Q(people__is_active=True) | Q(rota__isnull=False)
    queued = Delivery.objects.filter(state=Delivery.State.QUEUED)
    late = Q(attempts=0, next_at__lte=now - LATE) | Q(attempts__gt=0, queued_at__lte=now - LATE)
    failed = Delivery.objects.filter(state=Delivery.State.FAILED, queued_at__gte=now - LATELY)
    newest = (
        Delivery.objects.exclude(error="").exclude(state__in=("sent", "suppressed")).order_by("-pk").first()
    )
    return Standing(
        live.count(),
        mail_server() is None and live.filter(named).exists(),
        _untold(),
        queued.filter(Q(next_at__lte=now) | Q(attempts__gt=0)).count(),
        queued.filter(late).count(),
        failed.count(),
        in_words(newest.error, newest.error_values, viewer.language) if newest else "",
    )


def _untold() -> tuple[str, ...]:
    whole = Route.objects.filter(LIVE, site=None)
    if whole.filter(client=None).exists():
        return ()
    watched = Device.objects.filter(merged_into=None).values("client")
    rows = Client.objects.filter(pk__in=watched).exclude(pk__in=whole.values("client"))
    return tuple(rows.order_by("name").values_list("name", flat=True))
