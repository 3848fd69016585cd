"""The sentences of `predvid doctor` in both languages."""

from predvid.core.wording import Text

TEXTS = {
    "ok": Text("ok", "u redu"),
    "warning": Text("warning", "upozorenje"),
    "bad": Text("bad", "loše"),
    "Python": Text("Python", "Python"),
    "Data directory": Text("Data directory", "Mapa s podacima"),
    "Disk": Text("Disk", "Disk"),
    "Memory": Text("Memory", "Memorija"),
    "Port": Text("Port", "Mrežni port"),
    "Clock": Text("Clock", "Sat"),
    "Time service": Text("Time service", "Usklađivanje sata"),
    "smartctl": Text("smartctl", "smartctl"),
    "Logs": Text("Logs", "Zapisnici"),
    "Agent": Text("Agent", "Agent"),
    "Certificate": Text("Certificate", "Certifikat"),
    "Database": Text("Database", "Baza podataka"),
    "Secrets": Text("Key of the secrets", "Ključ tajni"),
    "secrets.none": Text("no secret was ever kept here", "ovdje još nema nijedne tajne"),
    "secrets.good": Text("{path} opens them", "otvara ih {path}"),
    "secrets.bad": Text("{said}", "{said}"),
    "secrets.do": Text(
        "Until then no secret opens; everything else works. See docs/secrets.md.",
        "Dotad se nijedna tajna ne otvara, a sve ostalo radi. Vidi docs/secrets.md.",
    ),
    "Notifications": Text("Notifications", "Obavijesti"),
    "notices.none": Text("no installation here yet", "ovdje još nema instalacije"),
    "notices.good": Text(
        "nothing waits; of every client somebody is told (routes: {n:int})",
        "ništa ne čeka; za svakog se klijenta nekomu javlja (putova: {n:int})",
    ),
    "notices.stuck": Text(
        "messages that do not go out: {late:int}, failed lately: {failed:int}. {why}",
        "poruka koje ne odlaze: {late:int}, nedavno neuspjelih: {failed:int}. {why}",
    ),
    "notices.stuck.do": Text(
        "Look at Notifications, Deliveries in the console: each says why, and can be tried again there.",
        "Pogledajte u konzoli Obavijesti, Isporuke: uz svaku piše zašto i može se ondje ponoviti.",
    ),
    "notices.no_route": Text(
        "there is no route: nobody is told of any alert",
        "nema puta obavijesti: nikomu se ne javlja ni o čemu",
    ),
    "notices.untold": Text(
        "clients of whose alerts nobody is told: {n:int} ({names})",
        "klijenata o čijim se upozorenjima nikomu ne javlja: {n:int} ({names})",
    ),
    "notices.route.do": Text(
        "Make a route under Notifications, Routes in the console.",
        "Izradite put u konzoli: Obavijesti, Putovi obavijesti.",
    ),
    "notices.no_mail": Text(
        "routes tell people by e-mail, but there is no mail server",
        "putovi vode do ljudi e-poštom, ali poslužitelja e-pošte nema",
    ),
    "notices.no_mail.do": Text(
        "Set up the mail server under Notifications, Channels in the console.",
        "Postavite poslužitelj e-pošte u konzoli: Obavijesti, Kanali.",
    ),
    "Authority": Text("Certificate authority", "Izdavatelj certifikata"),
    "look.failed": Text("could not look: {error}", "provjera nije uspjela: {error}"),
    "look.do": Text("Run the doctor as the data's owner.", "Pokrenite provjeru kao vlasnik podataka."),
    "python.is": Text("{version}", "{version}"),
    "python.other": Text(
        "{version}, but {prefix} was made with {made}",
        "{version}, ali {prefix} izrađen je inačicom {made}",
    ),
    "python.without": Text("{version}, but without {names}", "{version}, ali nedostaje: {names}"),
    "python.do": Text(
        "Make the virtual environment anew: make clean up",
        "Ponovno izradite virtualno okruženje: make clean up",
    ),
    "folder.none": Text(
        "{path} does not exist yet; predvid up makes it", "{path} još ne postoji; izradit će je predvid up"
    ),
    "folder.unusable": Text("{path} cannot be read and written", "u mapi {path} nije moguće čitati i pisati"),
    "folder.unusable.do": Text(
        "Run as its owner, or choose another --data.",
        "Pokrenite kao vlasnik mape ili odaberite drugu s pomoću --data.",
    ),
    "folder.alone": Text("{path}", "{path}"),
    "folder.open": Text("{path} can be read by others", "mapu {path} mogu čitati i drugi korisnici"),
    "folder.open.do": Text("chmod 700 {path}", "chmod 700 {path}"),
    "space": Text("{free:bytes} free on {path}", "slobodno {free:bytes}, mapa {path}"),
    "space.do": Text(
        "Free some space: batches are not acknowledged on a full disk (nothing is lost meanwhile).",
        "Oslobodite prostor: na punom disku primitak se paketa ne potvrđuje (dotad se ništa ne gubi).",
    ),
    "port.free": Text("{port} is free; predvid is not running", "port {port} je slobodan; predvid ne radi"),
    "port.ours": Text("{port} answers: predvid is running", "port {port} odgovara: predvid radi"),
    "port.taken": Text("{port} is taken by another program", "port {port} zauzeo je drugi program"),
    "port.do": Text(
        "Stop it, or start with predvid up --port N.",
        "Zaustavite ga ili pokrenite na drugom portu: predvid up --port N.",
    ),
    "logs.good": Text("no errors", "nema grešaka"),
    "logs.none": Text("none of the last day", "nema ih iz posljednjeg dana"),
    "logs.errors": Text(
        "errors in the log of {parts}; {part}: {line}", "greške u zapisniku: {parts}; {part}: {line}"
    ),
    "logs.do": Text("Look into {path}.", "Pogledajte u {path}."),
    "agent.none": Text("none in {path}", "nema ga u mapi {path}"),
    "agent.says": Text("{line}", "{line}"),
    "agent.says.do": Text(
        "Put that right, then start predvid again.", "Ispravite to, a zatim ponovno pokrenite predvid."
    ),
    "agent.stopped": Text(
        "not running; it keeps what it has not delivered", "ne radi; čuva ono što nije isporučio"
    ),
    "agent.stuck": Text("does not deliver: {said}", "ne isporučuje: {said}"),
    "agent.delivered": Text("delivered last at {time}", "posljednja isporuka: {time}"),
    "agent.nothing": Text("has delivered nothing yet", "još ništa nije isporučio"),
    "agent.do": Text("predvid agent selftest tells why.", "Zašto, reći će predvid agent selftest."),
    "certificate.none": Text("none of its own authority", "vlastitog izdavatelja nema"),
    "certificate.unreadable": Text("{path} cannot be read", "{path} nije moguće pročitati"),
    "certificate.unreadable.do": Text(
        "Delete it: the next start makes it.", "Izbrišite ga: pri sljedećem pokretanju izradit će se novi."
    ),
    "certificate.until": Text("good until {date}", "vrijedi do {date}"),
    "certificate.do": Text(
        "It renews itself while the gateway runs: start it, or restart it.",
        "Obnavlja se sam dok pristupnik radi: pokrenite ga ili ponovno pokrenite.",
    ),
    "database.sqlite": Text("SQLite in the data directory", "SQLite u mapi s podacima"),
    "database.apart": Text(
        "PostgreSQL keeps clients apart; the application connects as {role}, who owns no table",
        "PostgreSQL drži klijente odvojenima; aplikacija se spaja kao {role}, koji nije vlasnik tablica",
    ),
    "database.away": Text("does not answer: {reason}", "ne odgovara: {reason}"),
    "database.away.do": Text(
        "Start PostgreSQL, or put PREDVID_DATABASE_URL right.",
        "Pokrenite PostgreSQL ili ispravite PREDVID_DATABASE_URL.",
    ),
    "database.open": Text(
        "nothing keeps clients apart in {tables}", "ništa ne drži klijente odvojenima u tablicama {tables}"
    ),
    "database.open.do": Text("Run predvid serve migrate.", "Pokrenite predvid serve migrate."),
    "database.beyond": Text(
        "the application connects as {role}, for whom row-level security does not hold",
        "aplikacija se spaja kao {role}, za kojega razdvajanje redaka ne vrijedi",
    ),
    "database.owner": Text(
        "the application connects as {role}, who owns the tables and could open them",
        "aplikacija se spaja kao {role}, koji je vlasnik tablica i mogao bi ih otvoriti",
    ),
    "database.role.do": Text(
        "Give it a role of its own, and PREDVID_DATABASE_OWNER_URL to migrate: "
        "docs/operations.md, section 2.",
        "Dajte joj vlastitu ulogu, a naredbi migrate PREDVID_DATABASE_OWNER_URL: "
        "docs/operations.md, odjeljak 2.",
    ),
    "authority.do": Text(
        "Agents trust this authority alone. Before that day stop predvid, move ca.pem and ca.key out of "
        "{path}, start it again (a new authority is made), and put the new ca.pem into the state folder of "
        "every agent; until then they keep their data.",
        "Agenti vjeruju samo ovom izdavatelju. Prije tog dana zaustavite predvid, premjestite ca.pem i "
        "ca.key iz mape {path}, ponovno ga pokrenite (nastaje novi izdavatelj) i novi ca.pem stavite u "
        "mapu stanja svakog agenta; dotad agenti čuvaju svoje podatke.",
    ),
    "memory": Text("{free:bytes} available", "dostupno {free:bytes}"),
    "memory.do": Text(
        "The store alone takes about 0.4 GB; close something or add memory.",
        "Samo spremište mjerenja treba oko 0,4 GB; zatvorite nešto ili dodajte memoriju.",
    ),
    "clock.unknown": Text(
        "no time server answered, so it could not be compared",
        "nijedan poslužitelj vremena nije odgovorio, pa sat nije uspoređen",
    ),
    "clock.unknown.do": Text(
        "Allow NTP (UDP 123), name your own with --time-server, or check the clock by hand; "
        "wrong clocks shift every chart.",
        "Dopustite NTP (UDP 123), navedite svoj poslužitelj s pomoću --time-server ili provjerite sat ručno; "
        "pogrešan sat pomiče sve grafikone.",
    ),
    "clock.behind": Text("{seconds:num} s behind", "kasni {seconds:num} s"),
    "clock.ahead": Text("{seconds:num} s ahead", "žuri {seconds:num} s"),
    "clock.do": Text(
        "Switch on time synchronisation: timedatectl set-ntp true",
        "Uključite usklađivanje sata: timedatectl set-ntp true",
    ),
    "time.runs": Text("{name} runs", "radi {name}"),
    "time.none": Text("nothing here keeps the clock right", "ovdje ništa ne održava točnost sata"),
    "time.do": Text(
        "apt-get install systemd-timesyncd (not in a container: its host keeps the clock)",
        "apt-get install systemd-timesyncd (ne u kontejneru: ondje sat održava njegov domaćin)",
    ),
    "program.here": Text("installed", "instaliran"),
    "smart.missing": Text(
        "not installed: drive health cannot be read", "nije instaliran: stanje diskova nije moguće očitati"
    ),
    "program.do": Text("apt-get install {package}", "apt-get install {package}"),
}
