"""The taxonomy of event kinds: dotted, stable, each with its sentence in both languages.

A kind may be extended below a listed one (`service.installed.driver`); `known` accepts those.
"""

from predvid.core.wording import Text

KINDS: dict[str, Text] = {
    "alert.opened": Text("Alert opened: {what}", "Otvoreno upozorenje: {what}"),
    "alert.changed": Text("Alert changed: {what}", "Promijenjeno upozorenje: {what}"),
    "alert.acknowledged": Text("{who} acknowledged: {what}", "{who} preuzima: {what}"),
    "alert.resolved": Text("Alert resolved: {what}", "Riješeno upozorenje: {what}"),
    "alert.due": Text(
        "Still open now that people are told again: {n:int} {n|alert|alerts}",
        "I dalje {n|je otvoreno|su otvorena|je otvoreno} {n:int} {n|upozorenje|upozorenja|upozorenja}",
    ),
    "alert.reopened": Text(
        "Open again, for it was not solved in time: {what}", "Nije riješeno na vrijeme: {what}"
    ),
    "alert.reopened.woken": Text("No longer snoozed: {what}", "Odgoda je istekla: {what}"),
    "alert.snoozed": Text("{who} snoozed: {what}", "{who} odgađa: {what}"),
    "alert.snoozed.woken": Text("{who} ended the snooze of: {what}", "{who} prekida odgodu: {what}"),
    "alert.assigned": Text("{who} gave to {to}: {what}", "{who} dodjeljuje (prima {to}): {what}"),
    "alert.assigned.nobody": Text("{who} gave to nobody: {what}", "{who} skida s dodjele: {what}"),
    "alert.assigned.left": Text(
        "{to} has left, and this is nobody's: {what}", "{to} više nema pristup, pa je bez nositelja: {what}"
    ),
    "alert.changed.site": Text(
        "The whole site does not answer, {n:int} {n|device|devices} silent: {what}",
        "Ne javlja se cijela lokacija, {n:int} {n|uređaj|uređaja|uređaja} bez glasa: {what}",
    ),
    "result.noted": Text("{what}", "{what}"),
    "agent.enrolled": Text("Agent enrolled on {host}", "Agent prijavljen na {host}"),
    "agent.enrolled.twin": Text(
        "The machine {host} has the identity of {device}, which reports already: a clone, perhaps; it waits "
        "for approval as a device of its own",
        "Računalo {host} ima identitet uređaja {device}, koji se već javlja: možda je klon; čeka odobrenje "
        "kao zaseban uređaj",
    ),
    "agent.approved": Text("{who} approved the agent", "{who} odobrava agenta"),
    "agent.revoked": Text("{who} revoked the agent", "{who} povlači pravo agentu"),
    "agent.locked": Text("Agent locked: {why}", "Agent zaključan: {why}"),
    "agent.released": Text("{who} released the locked agent", "{who} otključava agenta"),
    "agent.started": Text("Agent started, version {version}", "Agent pokrenut, inačica {version}"),
    "release.halted": Text(
        "Release {version} was halted in ring {ring:int}: {bad:int} of {ended:int} failed",
        "Izdanje {version} zaustavljeno je u {ring:int}. krugu: neuspješnih {bad:int} od {ended:int}",
    ),
    "agent.updated": Text("Agent renewed to version {version}", "Agent obnovljen na inačicu {version}"),
    "agent.update_refused": Text(
        "The agent did not take release {version}: {why}", "Agent nije preuzeo izdanje {version}: {why}"
    ),
    "agent.update_reverted": Text(
        "Release {version} did not prove itself; the agent runs {running} again",
        "Izdanje {version} nije se potvrdilo; agent ponovno radi u inačici {running}",
    ),
    "agent.clock_skewed": Text(
        "The device's clock is off by {seconds:secs}", "Sat uređaja odstupa, razlika: {seconds:secs}"
    ),
    "agent.audit_disputed": Text(
        "The server tells another audit than the device keeps ({chain})",
        "Poslužitelj iskazuje drukčiji revizijski trag od onoga koji uređaj čuva ({chain})",
    ),
    "agent.batch_refused": Text(
        "The server could not read a batch of the agent ({code}); it was set aside on the device",
        "Poslužitelj nije mogao pročitati paket agenta ({code}); paket je odložen na uređaju",
    ),
    "agent.fact_refused": Text(
        "The inventory part {fact} was left out: {size:bytes}, all parts of a device may hold {most:bytes}",
        "Dio popisa {fact} nije preuzet: {size:bytes}, a svi dijelovi uređaja smiju imati {most:bytes}",
    ),
    "agent.outbox_damaged": Text(
        "The agent's outbox was damaged and begun anew ({why})",
        "Spremnik agenta bio je oštećen i započet je nov ({why})",
    ),
    "agent.samples_dropped": Text(
        "The agent's outbox was full: {n:int} {n|sample|samples} dropped",
        "Spremnik agenta bio je pun: {n|odbačeno je|odbačena su|odbačeno je} {n:int} "
        "{n|mjerenje|mjerenja|mjerenja}",
    ),
    "agent.samples_quarantined": Text(
        "{n:int} {n|sample|samples} with an implausible time set aside",
        "{n:int} {n|mjerenje|mjerenja|mjerenja} s nemogućim vremenom "
        "{n|izdvojeno je|izdvojena su|izdvojeno je}",
    ),
    "device.added": Text("Device added: {device}", "Dodan uređaj: {device}"),
    "device.merged": Text("{other} was merged into {device}", "{other} pripojen je uređaju {device}"),
    "device.moved": Text("Moved to {client} from {date}", "Od {date} pripada klijentu {client}"),
    "device.crashed": Text(
        "The device started without having been shut down",
        "Uređaj se pokrenuo, a prije toga nije bio uredno ugašen",
    ),
    "device.rebooted": Text("The device restarted", "Uređaj se ponovno pokrenuo"),
    "inventory.added": Text("{fact}: added {what}", "{fact}: dodano {what}"),
    "inventory.removed": Text("{fact}: removed {what}", "{fact}: uklonjeno {what}"),
    "inventory.changed": Text(
        "{fact}: {what} changed from {before} to {after}", "{fact}: {what} promijenjeno iz {before} u {after}"
    ),
    "program.crashed": Text("The program {what} crashed", "Srušio se program {what}"),
    "task.requested": Text("{who} requested: {title}", "{who} zadaje zadatak: {title}"),
    "task.approved": Text("{who} approved the task {title}", "{who} odobrava zadatak: {title}"),
    "task.signed": Text("{who} signed the task {title}", "{who} potpisuje zadatak: {title}"),
    "task.declined": Text("{who} declined the task {title}", "{who} odbija zadatak: {title}"),
    "task.started": Text("Task started: {title}", "Zadatak pokrenut: {title}"),
    "task.done": Text("Task done: {title}", "Zadatak obavljen: {title}"),
    "task.failed": Text(
        "Task failed, exit status {code}: {title}", "Zadatak nije uspio, izlazni status {code}: {title}"
    ),
    "task.refused": Text(
        "The device refused the task {title}: {reason}", "Uređaj odbija zadatak {title}: {reason}"
    ),
    "task.unknown": Text(
        "The agent ended while the task ran, and it is not repeated: {title}",
        "Agent se ugasio dok je zadatak trajao, pa se ne ponavlja: {title}",
    ),
    "task.cancelled": Text("Task stopped: {title}", "Zadatak zaustavljen: {title}"),
    "task.expired": Text(
        "Nobody agreed in time to the task {title}", "Nitko na vrijeme ne odobrava zadatak: {title}"
    ),
    "campaign.halted": Text(
        "Campaign halted in ring {ring:int}, {bad:int} of {ended:int} failed: {title}",
        "Niz zadataka zaustavljen u krugu {ring:int}, neuspjelih {bad:int} od {ended:int}: {title}",
    ),
    "trust.keyset": Text(
        "{who} brought the set of operators, version {version:int}, with {n:int} {n|operator|operators}",
        "{who} donosi popis ovlaštenih osoba, inačica {version:int}; na njemu {n|je|su|je} {n:int} "
        "{n|osoba|osobe|osoba}",
    ),
    "trust.published": Text(
        "{who} published the template {title}, version {version:int}",
        "{who} objavljuje predložak {title}, inačica {version:int}",
    ),
    "notification.failed": Text(
        "A notification did not reach {who}", "Obavijest nije stigla, primatelj: {who}"
    ),
    "person.signed_in": Text("{who} signed in", "{who} prijavljuje se"),
    "security.task_refused": Text(
        "The device refused {n:int} {n|task|tasks}: {why}",
        "Uređaj je odbio {n:int} {n|zadatak|zadatka|zadataka}: {why}",
    ),
    "person.created": Text("{who} was given access", "{who} dobiva pristup"),
}


# What only the platform itself may tell: an agent that sends one of these, or one below it, is not believed.
PLATFORM_ONLY = (
    "alert",
    "result",
    "person",
    "inventory",
    "task",
    "campaign",
    "trust",
    "notification",
    "agent.enrolled",
    "agent.approved",
    "agent.revoked",
    "agent.locked",
    "agent.released",
    "agent.fact_refused",
    "agent.samples_quarantined",
    "device.added",
    "device.merged",
    "device.moved",
    "release",
)
MAX_KIND = 60  # characters, as the table of events holds


def known(kind: str) -> bool:
    """Tell whether `kind` (at most MAX_KIND characters) is a listed kind or lies below one."""
    if len(kind) > MAX_KIND:
        return False
    parts = kind.split(".")
    return any(".".join(parts[:n]) in KINDS for n in range(len(parts), 1, -1))


def from_agents(kind: str) -> bool:
    """Tell whether an agent may send an event of `kind`: a known one that is not the platform's own word."""
    return known(kind) and not any(kind == one or kind.startswith(f"{one}.") for one in PLATFORM_ONLY)
