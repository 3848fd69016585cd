"""The sentences of `agent selftest` in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "title": Text("Predvid agent, self-test of {host}", "Predvid agent, samoprovjera uređaja {host}"),
    "section.reports": Text("What this device reports", "Što ovaj uređaj javlja"),
    "section.needs": Text("Something is missing", "Gdje nešto nedostaje"),
    "section.absent": Text("What is not here", "Čega ovdje nema"),
    "facts": Text(
        "{n:int} {n|fact|facts} about the device",
        "{n:int} {n|činjenica|činjenice|činjenica} o uređaju",
    ),
    "nothing": Text("nothing to report at the moment", "trenutačno nema što javiti"),
    "hidden": Text("not visible to this user", "ovaj korisnik to ne vidi"),
    "need.package": Text("Install the package {package}.", "Instalirajte paket {package}."),
    "need.rights": Text(
        "Only root may read this: sudo predvid agent selftest.",
        "To smije čitati samo root: sudo predvid agent selftest.",
    ),
    "others": Text(
        "{n:int} more {n|check is|checks are} for other systems: {systems}.",
        "Još {n:int} {n|provjera namijenjena je|provjere namijenjene su|provjera namijenjeno je} "
        "drugim sustavima: {systems}.",
    ),
    "summary": Text(
        "{reports:int} of {all:int} {all|check|checks} {reports|reports|report} here, "
        "{needs:int} {needs|needs|need} something, {absent:int} {absent|does|do} not apply, "
        "{other:int} {other|is|are} for other systems",
        "Ovdje {reports|javlja|javljaju|javlja} {reports:int} od {all:int} {all|provjere|provjere|provjera}, "
        "za {needs:int} nešto nedostaje, "
        "{absent:int} {absent|nije primjenjiva|nisu primjenjive|nije primjenjivo}, "
        "a {other:int} {other|je|su|je} za druge sustave",
    ),
    "server": Text("Server", "Poslužitelj"),
    "server.well": Text(
        "connected to {server}, round trip {trip:int} ms", "veza s {server} radi, odziv {trip:int} ms"
    ),
    "server.not_enrolled": Text(
        "not enrolled yet: predvid agent enroll URL --token TOKEN",
        "uređaj još nije prijavljen: predvid agent enroll URL --token TOKEN",
    ),
    "server.hidden": Text(
        "not known: the agent of this machine keeps its state in {message}, which this user may not read",
        "nepoznato: agent ovog uređaja čuva stanje u mapi {message}, koju ovaj korisnik ne smije čitati",
    ),
    "server.unreadable": Text("not known: {message}", "nepoznato: {message}"),
    "server.pending": Text(
        "{server} knows this device; it waits for approval in the console",
        "{server} poznaje ovaj uređaj; čeka se odobrenje u konzoli",
    ),
    "server.revoked": Text("{server} has revoked this agent", "{server} povukao je pravo ovom agentu"),
    "server.locked": Text(
        "{server} has locked this agent: its identity was seen on two machines",
        "{server} zaključao je ovog agenta: njegov identitet viđen je na dvama uređajima",
    ),
    "server.new": Text("{server} was not reached yet", "{server} još nije dosegnut"),
    "server.unreachable": Text("not reachable: {message}", "nije dostupan: {message}"),
    "server.outbox": Text("not tried: {message}", "nije provjereno: {message}"),
    "server.other": Text("{server} refuses: {message} ({state})", "{server} odbija: {message} ({state})"),
    "clock": Text("Clock", "Sat"),
    "clock.good": Text("agrees with the server's", "slaže se s poslužiteljevim"),
    "clock.ahead": Text(
        "ahead of the server's by {seconds:secs}", "žuri u odnosu na poslužiteljev, razlika: {seconds:secs}"
    ),
    "clock.behind": Text(
        "behind the server's by {seconds:secs}", "kasni u odnosu na poslužiteljev, razlika: {seconds:secs}"
    ),
    "clock.unknown": Text("not compared yet", "još nije uspoređen"),
    "outbox": Text("Outbox", "Spremnik"),
    "outbox.empty": Text("everything was delivered", "sve je isporučeno"),
    "outbox.waiting": Text(
        "{n:int} {n|batch waits|batches wait} for delivery ({bytes:bytes})",
        "{n|Čeka|Čekaju|Čeka} {n:int} {n|paket|paketa|paketa} za isporuku ({bytes:bytes})",
    ),
    "outbox.none": Text("none yet", "još ga nema"),
    "outbox.dead": Text(
        ", {n:int} set aside because the server could not read {n|it|them}",
        ", odloženo jer ih poslužitelj ne može pročitati: {n:int}",
    ),
    "outbox.dropped": Text(
        ", {n:int} {n|sample|samples} dropped for want of room",
        ", odbačeno zbog manjka prostora: {n:int} {n|mjerenje|mjerenja|mjerenja}",
    ),
    "rights": Text("Rights", "Prava"),
    "rights.root": Text("root: everything can be read", "root: sve se može čitati"),
    "rights.user": Text(
        "ordinary user: some readings need root (sudo predvid agent selftest)",
        "obični korisnik: za neka čitanja treba root (sudo predvid agent selftest)",
    ),
    "agent": Text("Agent", "Agent"),
    "agent.running": Text("running", "radi"),
    "agent.stopped": Text("not running", "ne radi"),
}
