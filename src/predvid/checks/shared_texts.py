"""Sentences that any check or source may say: why a reading failed, why a check gives no result."""

from predvid.core.wording import Text

TEXTS = {
    "read.missing": Text("{what} does not exist on this device", "{what} ne postoji na ovom uređaju"),
    "read.tool_missing": Text("The program {tool} is not installed", "Program {tool} nije instaliran"),
    "read.tool_refused": Text(
        "The program {tool} is not on the agent's list of allowed programs",
        "Program {tool} nije na agentovu popisu dopuštenih programa",
    ),
    "read.permission_denied": Text("No permission to read {what}", "Nema prava čitanja: {what}"),
    "read.timed_out": Text(
        "{what} gave no answer within {seconds:secs}", "{what} ne odgovara; isteklo vrijeme: {seconds:secs}"
    ),
    "read.refused": Text("Nobody answers there: {what}", "Ondje nitko ne odgovara: {what}"),
    "read.no_answer": Text("No answer in time: {what}", "Nema odgovora na vrijeme: {what}"),
    "read.resting": Text(
        "{what} failed just now and is asked again in {seconds:secs}",
        "{what} maloprije nije uspio; ponovni pokušaj za {seconds:secs}",
    ),
    "read.failed": Text(
        "{what} failed with exit status {status:int}: {detail}",
        "{what} ne uspijeva, izlazni status {status:int}: {detail}",
    ),
    "read.too_large": Text(
        "{what} is larger than the limit of {limit:bytes}", "{what} premašuje ograničenje od {limit:bytes}"
    ),
    "read.unexpected": Text("{what} could not be read: {detail}", "Čitanje nije uspjelo ({what}): {detail}"),
    "read.not_supported": Text(
        "The table {what} does not exist on this operating system",
        "Tablica {what} ne postoji na ovom operacijskom sustavu",
    ),
    "read.not_recorded": Text(
        "The recording holds no answer to {what}", "Snimka ne sadrži odgovor na {what}"
    ),
    "check.raised": Text(
        "The check {check} failed inside: {error}",
        "Provjera {check} prekinuta je zbog unutarnje pogreške: {error}",
    ),
    "check.no_data": Text("No data for {seconds:secs}", "Bez podataka; proteklo vrijeme: {seconds:secs}"),
    "check.gone": Text(
        "{item} is no longer seen; that is no sign that all is well",
        "Više se ne vidi: {item}; to ne znači da je sve u redu",
    ),
    "agent.identity": Text(
        "Two machines report under one identity; the agent is locked until a person releases it",
        "Dva se računala javljaju pod istim identitetom; agent je zaključan dok ga netko ne otključa",
    ),
    "agent.task_refused": Text(
        "Somebody tried to run something here that was not signed as it must be; the agent refused it",
        "Netko je ovdje pokušao pokrenuti nešto što nije propisno potpisano; agent je to odbio",
    ),
    # Said once and kept while the silence grows: since when, the page tells beside it.
    "agent.offline": Text("The agent does not report", "Agent se ne javlja"),
    "check.too_many_items": Text(
        "The check names {n:int} {n|item|items}; only the first {most:int} are watched",
        "Provjera navodi {n:int} {n|stavku|stavke|stavki}; prati se samo prvih {most:int}",
    ),
    "check.not_here": Text(
        "The check {check} does not apply to this device", "Provjera {check} nije primjenjiva na ovaj uređaj"
    ),
    "check.platform": Text(
        "The check {check} does not run on {platform}", "Provjera {check} ne radi na sustavu {platform}"
    ),
    "check.no_secret": Text(
        "No credential is bound to this check on this device",
        "Ovoj provjeri na ovom uređaju nije dodijeljena nijedna vjerodajnica",
    ),
    "check.secrets_refused": Text(
        "The credentials sealed in the plan were not made for the check {check} of this agent",
        "Vjerodajnice zapečaćene u planu nisu namijenjene provjeri {check} ovog agenta",
    ),
    "check.bad_params": Text("Wrong parameters: {why}", "Pogrešni parametri: {why}"),
    "check.not_a_probe": Text(
        "The check {check} has targets, but this agent is not a site probe",
        "Provjera {check} ima odredišta, a ovaj agent nije sonda lokacije",
    ),
    "check.not_allowed": Text(
        "The device's local policy does not allow the check {check}",
        "Lokalna politika uređaja ne dopušta provjeru {check}",
    ),
    "check.target_not_allowed": Text(
        "The device's local policy does not allow probing {target}",
        "Lokalna politika uređaja ne dopušta ispitivanje odredišta {target}",
    ),
    "check.timed_out": Text(
        "The check {check} did not finish within {seconds:secs}",
        "Provjera {check} nije završila na vrijeme; ograničenje: {seconds:secs}",
    ),
    "check.too_many": Text(
        "The device's local policy allows {most:int} {most|check|checks} only",
        "Lokalna politika uređaja dopušta najviše {most:int} {most|provjeru|provjere|provjera}",
    ),
    "check.not_installed": Text(
        "The check {check} is not installed here", "Provjera {check} ovdje nije instalirana"
    ),
}
