"""The sentences of `predvid window` in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "added": Text("Window {number} is planned: {reason}", "Prozor {number} je zakazan: {reason}"),
    "ended": Text("Window {number} is closed: {reason}", "Prozor {number} je zatvoren: {reason}"),
    "none": Text(
        "There is nothing of that name or number; look at `predvid window list`.",
        "Pod tim imenom ili brojem nema ničega; pogledajte `predvid window list`.",
    ),
    "list.none": Text("No maintenance window is planned.", "Nije zakazan nijedan prozor za održavanje."),
    "list.id": Text("no.", "br."),
    "list.where": Text("over", "obuhvaća"),
    "list.reason": Text("why", "razlog"),
    "list.repeat": Text("how often", "koliko često"),
    "list.open": Text("open until", "otvoren do"),
    "list.next": Text("next", "sljedeći put"),
    "list.all": Text("all clients", "svi klijenti"),
    "repeat.once": Text("once", "jednom"),
    "repeat.weekly": Text("every week", "svaki tjedan"),
    "repeat.monthly": Text("every month", "svaki mjesec"),
}
