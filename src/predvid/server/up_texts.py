"""What `predvid up` says in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "starting": Text("Starting …", "Pokretanje …"),
    "step.store": Text("Opening the store of samples …", "Otvara se spremište mjerenja …"),
    "step.tables": Text("Bringing the tables up to date …", "Ažuriraju se tablice …"),
    "step.wait": Text("Waiting for the store …", "Čeka se spremište …"),
    "step.parts": Text(
        "Starting gateway, console and worker …", "Pokreću se pristupnik, konzola i radni proces …"
    ),
    "step.agent": Text("Enrolling this machine …", "Prijavljuje se ovo računalo …"),
    "step.samples": Text(
        "Waiting for the first samples of this machine …", "Čekaju se prva mjerenja ovog računala …"
    ),
    "leftovers": Text(
        "waited for {n:int} {n|process|processes} of an earlier start that was killed",
        "pričekan je kraj: {n:int} {n|proces|procesa|procesa} ranijeg pokretanja koje je nasilno prekinuto",
    ),
    "up": Text("Predvid is up", "Predvid radi"),
    "after": Text(
        "after {n:int} s; this machine is monitored.", "nakon {n:int} s; ovo je računalo pod nadzorom."
    ),
    "console": Text("Console", "Konzola"),
    "sign_in": Text("Sign in", "Prijava"),
    "once": Text(
        "(one use, 24 hours: it makes the first owner)",
        "(jednokratna poveznica, vrijedi 24 sata: njome nastaje prvi vlasnik)",
    ),
    "password": Text(
        "with your address and password (forgot it? {command})",
        "svojom adresom i lozinkom (zaboravljena lozinka: {command})",
    ),
    "data": Text("Data", "Podaci"),
    "tasks": Text("Tasks", "Zadaci"),
    "tasks.off": Text(
        "automation is off: nothing runs on any device until you run, in a second terminal (a minute):\n"
        "            {command}",
        "automatizacija je isključena: ništa se ne pokreće dok u drugom terminalu ne pokrenete (minuta):\n"
        "            {command}",
    ),
    "stop": Text("Stop", "Kraj"),
    "stopped": Text("all stopped", "sve je zaustavljeno"),
    "refused.port": Text(
        "--port {port}: give a port from 1 to 65535.", "--port {port}: navedite port od 1 do 65535."
    ),
    "refused.data": Text(
        "The data directory {path} cannot be used: {reason}. Choose another with --data.",
        "Mapu s podacima {path} nije moguće upotrijebiti: {reason}. Odaberite drugu s pomoću --data.",
    ),
    "refused.running": Text(
        "Predvid already runs on {path} ({who}). Stop it first, or choose another --data.",
        "Predvid na mapi {path} već radi ({who}). Najprije ga zaustavite ili odaberite drugu (--data).",
    ),
    "refused.writing": Text(
        "The data directory {path} cannot be written: {reason}.",
        "U mapu s podacima {path} nije moguće pisati: {reason}.",
    ),
    "refused.address": Text(
        "--listen {listen}: give an address of this machine, or 0.0.0.0 for all.",
        "--listen {listen}: navedite adresu ovog računala ili 0.0.0.0 za sve.",
    ),
    "refused.taken": Text(
        "Port {port} on {listen} cannot be used ({reason}). Choose another with --port; more is told by: "
        "{doctor}",
        "Port {port} na adresi {listen} nije moguće upotrijebiti ({reason}). Odaberite drugi s pomoću "
        "--port; više govori: {doctor}",
    ),
}
