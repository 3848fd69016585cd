"""The words of `predvid status` in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "devices": Text("devices", "uređaji"),
    "agents": Text("agents", "agenti"),
    "alerts": Text("alerts", "upozorenja"),
    "reactions": Text("reactions", "reakcije"),
    "store": Text("store", "spremište"),
    "samples_per_s": Text("samples per s", "mjerenja u sekundi"),
    "store_rows": Text("store rows", "redaka u spremištu"),
    "store_bytes": Text("store bytes", "veličina spremišta"),
    "last_batch": Text("last batch", "posljednji paket"),
    "version": Text("version", "inačica"),
    "url": Text("url", "adresa"),
    "running": Text("running", "radi"),
    "devices.total": Text("total {n:int}", "ukupno {n:int}"),
    "devices.online": Text("online {n:int}", "dostupno {n:int}"),
    "devices.offline": Text("offline {n:int}", "nedostupno {n:int}"),
    "agents.approved": Text("approved {n:int}", "odobreno {n:int}"),
    "agents.pending": Text("pending {n:int}", "čeka odobrenje {n:int}"),
    "agents.revoked": Text("revoked {n:int}", "odbijeno {n:int}"),
    "agents.locked": Text("locked {n:int}", "zaključano {n:int}"),
    "alerts.critical": Text("critical {n:int}", "kritično {n:int}"),
    "alerts.warning": Text("warning {n:int}", "upozorenje {n:int}"),
    "alerts.unknown": Text("unknown {n:int}", "nepoznato {n:int}"),
    "alerts.acknowledged": Text("acknowledged {n:int}", "preuzeto {n:int}"),
    "reactions.pending": Text("pending {n:int}", "na čekanju {n:int}"),
    "reactions.failed": Text("failed {n:int}", "neuspjelo {n:int}"),
    "store.ok": Text("ok", "u redu"),
    "store.unreachable": Text("unreachable", "nedostupno"),
    "stopped": Text(
        "Predvid with its data in {path} is not running. Start it: {command}",
        "Predvid s podacima u mapi {path} ne radi. Pokrenite ga: {command}",
    ),
    "database": Text(
        "The database of {path} does not answer: {reason}. More is told by predvid doctor.",
        "Baza podataka instalacije {path} ne odgovara: {reason}. Više govori predvid doctor.",
    ),
    "number": Text("{n:int}", "{n:int}"),
    "rate": Text("{n:num}", "{n:num}"),
    "size": Text("{n:bytes}", "{n:bytes}"),
}
