"""What `predvid trust` says in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "ask.passphrase": Text("Passphrase:", "Zaporka:"),
    "ask.new_passphrase": Text("New passphrase:", "Nova zaporka:"),
    "ask.again": Text("Once more:", "Još jednom:"),
    "ask.publish": Text("Publish exactly this?", "Objaviti točno ovo?"),
    "ask.place": Text("Sign exactly this?", "Potpisati točno ovo?"),
    "ask.sign": Text("Sign exactly this?", "Potpisati točno ovo?"),
    "refused.short": Text(
        "a passphrase needs at least {n:int} characters", "zaporka mora imati najmanje {n:int} znakova"
    ),
    "refused.differ": Text("the two passphrases differ", "dvije zaporke nisu jednake"),
    "refused.no_prompt": Text(
        "no terminal to ask for the passphrase: give --passphrase-file FILE, or - for standard input",
        "nema terminala za upit o zaporci: navedite --passphrase-file DATOTEKA ili - za standardni ulaz",
    ),
    "refused.no_key": Text(
        "there is no operator key in {path}: run 'predvid trust init' or 'predvid trust operator add NAME'",
        "u mapi {path} nema osobnog ključa: pokrenite 'predvid trust init' ili "
        "'predvid trust operator add IME'",
    ),
    "refused.key_there": Text(
        "there is a key of {name} here already", "ovdje već postoji ključ osobe {name}"
    ),
    "refused.which": Text(
        "several operators have keys here ({names}): give --as NAME",
        "ovdje ključeve ima više osoba ({names}): navedite --as IME",
    ),
    "refused.no_server": Text(
        "the server's address is not known: give --server https://HOST[:PORT] [--ca FILE], or sign offline",
        "adresa poslužitelja nije poznata: navedite --server https://IME[:PRIKLJUČAK] [--ca DATOTEKA] "
        "ili potpišite bez veze",
    ),
    "init.what": Text(
        "This makes the root key and your own operator key, locked by one passphrase. Whoever has both\n"
        "can run scripts on every device that pins the root: keep the passphrase to yourself.",
        "Nastaju korijenski ključ i vaš osobni ključ, zaključani jednom zaporkom. Tko ima ključeve i\n"
        "zaporku, može pokretati skripte na svakom uređaju koji vjeruje korijenskom ključu: zaporku\n"
        "čuvajte za sebe.",
    ),
    "init.done": Text(
        "The authority is made in {path}; operator: {name}.",
        "Ovlasti su stvorene u mapi {path}; osoba: {name}.",
    ),
    "init.fingerprint": Text(
        "Fingerprint of the root: {fingerprint}", "Otisak korijenskog ključa: {fingerprint}"
    ),
    "init.left": Text(
        "The server takes over the public half by itself; no key that signs is on it.",
        "Poslužitelj sam preuzima javni dio; na njemu nema ključa kojim se potpisuje.",
    ),
    "init.not_left": Text(
        "No server has its data in {data}. On the server's machine run: predvid trust offer FILE, with the\n"
        "file 'public' of this folder, and --data where 'predvid up' was started with --data.",
        "Nijedan poslužitelj nema podatke u mapi {data}. Na njegovu računalu pokrenite: predvid trust offer\n"
        "DATOTEKA, s datotekom 'public' iz ove mape, i --data ako je i 'predvid up' pokrenut s --data.",
    ),
    "init.pinned": Text(
        "This machine's agent pins the root: automation is on for it.",
        "Agent ovog računala sada vjeruje tom ključu: automatizacija je na njemu uključena.",
    ),
    "init.devices": Text(
        "On devices enrolled before: predvid agent trust {fingerprint}\n"
        "Devices enrolled from now on pin it by their token.",
        "Na ranije prijavljenim uređajima: predvid agent trust {fingerprint}\n"
        "Uređaji prijavljeni od sada dobivaju ga s kodom za prijavu.",
    ),
    "init.backup": Text(
        "Keep a copy of {path} off this machine; without it and the passphrase every device must be "
        "pinned anew.",
        "Kopiju mape {path} čuvajte izvan ovog računala; bez nje i zaporke svaki uređaj treba iznova "
        "povezati s novim ključem.",
    ),
    "operator.own": Text(
        "The key of {name} is made. Give the root's holder this public key:\n  {key}\n"
        "They run: predvid trust operator add {name} --key {key}",
        "Ključ osobe {name} je stvoren. Onome tko čuva korijenski ključ dajte ovaj javni ključ:\n  {key}\n"
        "Treba pokrenuti: predvid trust operator add {name} --key {key}",
    ),
    "keyset.signed": Text(
        "Key set {version:int} is signed, good until {until}.",
        "Popis ovlaštenih osoba {version:int} potpisan je i vrijedi do {until}.",
    ),
    "keyset.left": Text(
        "The server has it or takes it over by itself.", "Poslužitelj ga ima ili sam preuzima."
    ),
    "keyset.not_left": Text(
        "No server was reached: on its machine run 'predvid trust offer FILE' with the file 'public'.",
        "Poslužitelj nije dostupan: na njegovu računalu pokrenite 'predvid trust offer DATOTEKA' "
        "s datotekom 'public'.",
    ),
    "offer.done": Text("The server takes it over by itself.", "Poslužitelj ga sam preuzima."),
    "rotate.done": Text(
        "The new root is signed by the old one. Fingerprint: {fingerprint}. Agents follow by themselves.",
        "Novi korijenski ključ potpisan je starim. Otisak: {fingerprint}. Agenti ga sami slijede.",
    ),
    "status.none": Text(
        "there is no authority in {path}: automation is off; 'predvid trust init' makes one in a minute",
        "u mapi {path} nema ovlasti: automatizacija je isključena; 'predvid trust init' stvara ih u minuti",
    ),
    "status.folder": Text("Folder: {path}", "Mapa: {path}"),
    "status.here": Text("key is here", "ključ je ovdje"),
    "status.server": Text(
        "The server holds key set {version:int}.", "Na poslužitelju je popis ovlaštenih osoba {version:int}."
    ),
    "nothing": Text("Nothing was signed.", "Ništa nije potpisano."),
    "signed.sent": Text("Signed; the server has it.", "Potpisano; poslužitelj ga ima."),
    "signed.written": Text("Signed and written to the file.", "Potpisano i zapisano u datoteku."),
    "fetch.done": Text(
        "{n:int} {n|request waits|requests wait}; written to the file.",
        "{n|Čeka|Čekaju|Čeka} {n:int} {n|zahtjev|zahtjeva|zahtjeva}; zapisano u datoteku.",
    ),
    "sign.none": Text("Nothing waits for a signature.", "Ništa ne čeka potpis."),
    "sign.asked": Text("Asked by {by}, {at}. Why: {why}", "Traži: {by}, {at}. Razlog: {why}"),
    "sign.already": Text("{name} has signed this already.", "Ovo je već potpisano ključem: {name}."),
    "sign.unreadable": Text(
        "The request {request} is not what an operator signs; left alone.",
        "Zahtjev {request} nije ono što se potpisuje; preskočen je.",
    ),
    "sign.missing": Text(
        "Signed; {n:int} more {n|operator|operators} must sign.",
        "Potpisano; {n|nedostaje|nedostaju|nedostaje} još {n:int} {n|potpis|potpisa|potpisa}.",
    ),
    "sign.released": Text("Signed; the task goes out.", "Potpisano; zadatak se izdaje."),
    "verify.good": Text("Signed by: {names}", "Potpisi: {names}"),
    "verify.bad": Text(
        "Not signed by anyone of the key set known here.", "Nema potpisa nikoga s poznatog popisa osoba."
    ),
    "show.order": Text("TASK  {title}   ({name})", "ZADATAK  {title}   ({name})"),
    "show.devices": Text(
        "Runs once on {n:int} {n|device|devices}:",
        "Pokreće se jednom na {n:int} {n|uređaju|uređaja|uređaja}:",
    ),
    "show.two": Text("Needs two operators.", "Potrebni su potpisi dviju osoba."),
    "show.widens": Text("WIDENS RIGHTS on the device.", "ŠIRI PRAVA na uređaju."),
    "show.until": Text("Good until: {until}", "Vrijedi do: {until}"),
    "show.content": Text(
        "Script ({language}, {n:int} bytes, at most {timeout:secs}):",
        "Skripta ({language}, {n:int} bajtova, najdulje {timeout:secs}):",
    ),
    "show.publication": Text(
        "PUBLICATION  {title}   ({name}, version {version:int})",
        "OBJAVA  {title}   ({name}, inačica {version:int})",
    ),
    "show.targets": Text("Where: {where}", "Gdje: {where}"),
    "show.rate": Text(
        "At most {n:int} {n|run|runs} on one device in 24 hours",
        "Najviše {n:int} {n|pokretanje|pokretanja|pokretanja} na jednom uređaju u 24 sata",
    ),
    "show.by_server": Text("The server may start it by itself.", "Poslužitelj ga smije pokretati sam."),
    "show.by_person": Text(
        "Every start needs an operator's signature.", "Svako pokretanje treba potpis ovlaštene osobe."
    ),
    "show.parameter": Text("  {name} = {values}", "  {name} = {values}"),
    "show.start": Text(
        "START of the publication {name}, version {version:int}, on:",
        "POKRETANJE objave {name}, inačica {version:int}, na:",
    ),
    "show.keyset": Text(
        "KEY SET {version:int}, good until {until}:",
        "POPIS OVLAŠTENIH OSOBA {version:int}, vrijedi do {until}:",
    ),
    "show.revoked": Text("  revoked: {name}", "  povučeno: {name}"),
    "show.placement": Text(
        "PLACEMENT of the agent {agent} (number {serial:int}):",
        "SMJEŠTAJ agenta {agent} (broj {serial:int}):",
    ),
    "show.place": Text("  client {client}, site {site}", "  klijent {client}, lokacija {site}"),
    "where.everywhere": Text("everywhere", "posvuda"),
    "where.clients": Text("clients", "klijenti"),
    "where.sites": Text("sites", "lokacije"),
    "where.tags": Text("tags", "oznake"),
    "where.agents": Text("agents", "agenti"),
    "where.platforms": Text("platforms", "platforme"),
    "show.root": Text(
        "NEW ROOT number {serial:int}; the old one, then the new one:",
        "NOVI KORIJENSKI KLJUČ broj {serial:int}; stari, pa novi:",
    ),
    "show.unnamed": Text("(the server gives no name)", "(poslužitelj ne daje naziv)"),
    "show.new": Text("(signed for the first time)", "(prvi put u potpisu)"),
    "show.renamed": Text("(CAREFUL: shown as {before} before)", "(OPREZ: ranije prikazan kao {before})"),
}
