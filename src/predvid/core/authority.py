"""Why an agent refuses a task: stable codes with their sentences in both languages, and times that hold."""

from predvid.core.model import Said, Value, say
from predvid.core.wording import Text

AHEAD = 10 * 60_000  # ms that a signer's clock may be ahead of the agent's

TEXTS: dict[str, Text] = {
    "task.refused.unpinned": Text(
        "this agent pins no trust root; only its plan runs",
        "agent ne vjeruje nijednom korijenskom ključu; izvršava se samo plan",
    ),
    "task.refused.class": Text(
        "tasks of class {cls:int} are not allowed on this device",
        "zadaci razreda {cls:int} na ovom uređaju nisu dopušteni",
    ),
    "task.refused.unreadable": Text("the task cannot be read", "zadatak nije moguće pročitati"),
    "task.refused.too_large": Text("the task is too large", "zadatak je prevelik"),
    "task.refused.signature": Text(
        "it is not signed by anyone who may sign it", "nije potpisao nitko tko to smije potpisati"
    ),
    "task.refused.start": Text(
        "the start is not signed by the server that this agent belongs to",
        "pokretanje nije potpisao poslužitelj kojem agent pripada",
    ),
    "task.refused.person": Text(
        "this publication runs only with an operator's signature on each start",
        "ova se objava pokreće samo uz potpis ovlaštene osobe za svako pokretanje",
    ),
    "task.refused.keyset": Text(
        "the set of operators is not the root's word",
        "popis ovlaštenih osoba nije potpisan korijenskim ključem",
    ),
    "task.refused.keyset_missing": Text(
        "this agent does not know any operator yet", "agent još ne poznaje nijednu ovlaštenu osobu"
    ),
    "task.refused.keyset_older": Text(
        "the set of operators is older (version {version:int}) than the one known ({known:int})",
        "popis ovlaštenih osoba stariji je (inačica {version:int}) od poznatog ({known:int})",
    ),
    "task.refused.keyset_expired": Text(
        "the set of operators has expired; the root must sign a new one",
        "popis ovlaštenih osoba istekao je; treba ga iznova potpisati korijenskim ključem",
    ),
    "task.refused.root": Text(
        "the new root is not signed by the old one and by itself",
        "novi korijenski ključ nije potpisan i starim i novim ključem",
    ),
    "task.refused.placement": Text(
        "the device's placement is another device's or an older one",
        "smještaj uređaja pripada drugom uređaju ili je stariji",
    ),
    "task.refused.revoked": Text("it was revoked", "povučeno je"),
    "task.refused.expired": Text(
        "it has expired by the device's own clock", "isteklo je prema satu samog uređaja"
    ),
    "task.refused.future": Text(
        "it was signed in the future by the device's own clock",
        "prema satu samog uređaja potpisano je u budućnosti",
    ),
    "task.refused.too_long": Text("it is valid for too long", "vrijedi predugo"),
    "task.refused.target": Text("it is not meant for this device", "nije namijenjeno ovom uređaju"),
    "task.refused.platform": Text(
        "it is not meant for this operating system", "nije namijenjeno ovom operacijskom sustavu"
    ),
    "task.refused.parameter": Text(
        "the value of the parameter {name} is not among those allowed",
        "vrijednost parametra {name} nije među dopuštenima",
    ),
    "task.refused.content": Text(
        "the script is empty, too large or not a text", "skripta je prazna, prevelika ili nije tekst"
    ),
    "task.refused.language": Text(
        "scripts in {language} are not allowed on this device",
        "skripte u jeziku {language} na ovom uređaju nisu dopuštene",
    ),
    "task.refused.version": Text(
        "the publication is older (version {version:int}) than the one known ({known:int})",
        "objava je starija (inačica {version:int}) od poznate ({known:int})",
    ),
    "task.refused.mismatch": Text(
        "start and publication do not belong together", "pokretanje i objava ne pripadaju zajedno"
    ),
    "task.refused.two_operators": Text(
        "it needs the signatures of two operators", "potrebni su potpisi dviju ovlaštenih osoba"
    ),
    "task.refused.widening": Text(
        "the device's own policy does not allow rights to be widened",
        "vlastita pravila uređaja ne dopuštaju širenje prava",
    ),
    "task.refused.rate": Text(
        "it ran {most:int} {most|time|times} in 24 hours already, no more is allowed",
        "u 24 sata već je pokrenuto {most:int} {most|put|puta|puta}, više nije dopušteno",
    ),
    "task.refused.hourly": Text(
        "the device's own policy allows no more than {most:int} {most|task|tasks} an hour",
        "vlastita pravila uređaja dopuštaju najviše {most:int} {most|zadatak|zadatka|zadataka} na sat",
    ),
    "task.refused.repeated": Text("it was begun before", "već je jednom započeto"),
    "task.refused.before_ledger": Text(
        "it was signed before this device began its present record of what has run",
        "potpisano je prije nego što je uređaj započeo sadašnji zapis o pokrenutim zadacima",
    ),
    "task.refused.ledger": Text(
        "what has run cannot be written down on this device, so nothing runs",
        "na uređaju nije moguće zabilježiti što je pokrenuto, pa se ništa ne pokreće",
    ),
}


class TaskRefused(Exception):
    """A task that does not run: `code` is the stable end of the sentence's id, `said` says why."""

    def __init__(self, code: str, /, **values: Value) -> None:
        super().__init__(code)
        self.code = code
        self.said: Said = say(f"task.refused.{code}", **values)


def check_times(issued: int, expires: int, now: int, longest: int) -> None:
    """Raise TaskRefused unless what was signed at `issued` holds at `now`, for `longest` at most (all ms)."""
    if expires <= now:
        raise TaskRefused("expired")
    if issued > now + AHEAD:
        raise TaskRefused("future")
    if not 0 < expires - issued <= longest:
        raise TaskRefused("too_long")
