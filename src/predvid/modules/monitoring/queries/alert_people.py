"""Who alerts can be given to: people who may see to them, for this client."""

from uuid import UUID

from django.db.models import Q

from predvid.modules.access.models import Person
from predvid.modules.access.rules import VERBS, Viewer


def assignable(viewer: Viewer, client: UUID | None = None) -> list[Person]:
    """Return who has a hand in alerts of `client` (None: of any that the viewer sees), by name."""
    roles = sorted(VERBS["alert.acknowledge"])
    people = Person.objects.filter(is_active=True, invited=False, role__in=roles)
    if client is not None:
        if not viewer.sees(client):
            return []
        people = people.filter(Q(all_clients=True) | Q(clients=client))
    elif viewer.clients is not None:
        people = people.filter(Q(all_clients=True) | Q(clients__in=viewer.clients))
    return list(people.distinct().order_by("name", "pk"))
