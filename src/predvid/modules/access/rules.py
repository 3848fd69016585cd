"""Who may see and do what (`may`, the one policy function), and how the audit is chained and verified."""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from uuid import UUID


class Anywhere(Enum):
    """Stands for an object where none is meant yet: may this viewer do it to anything at all?"""

    ANYWHERE = "anywhere"


ANYWHERE = Anywhere.ANYWHERE

_LOOK = frozenset({"owner", "manager", "technician", "account_manager", "client_contact", "auditor"})
_STAFF = _LOOK - {"client_contact"}
_WORK = frozenset({"owner", "manager", "technician", "account_manager"})
_HANDS = frozenset({"owner", "manager", "technician"})
_HEADS = frozenset({"owner", "manager"})
_OWNER = frozenset({"owner"})
_AUDIT = frozenset({"owner", "manager", "auditor"})

# Every verb that there is, and the roles that have it: what is not listed is nobody's. A client's contact
# sees how their firm stands, without technical detail; the account manager looks, notes and wins clients, but
# has no hands on devices; the auditor reads everything, who has access included, and changes nothing.
VERBS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("client.view", "contact.view", "device.view", "alert.view", "profile.change"), _LOOK),
    **dict.fromkeys(("device.detail", "event.view", "policy.view", "task.view", "window.view"), _STAFF),
    **dict.fromkeys(("records.view",), _STAFF),
    **dict.fromkeys(("client.add", "alert.note", "records.edit"), _WORK),
    **dict.fromkeys(("device.enrol", "device.approve", "device.revoke", "device.release"), _HANDS),
    **dict.fromkeys(("device.move", "device.merge", "device.tag", "site.add", "import.run"), _HANDS),
    **dict.fromkeys(("task.request", "task.cancel"), _HANDS),
    **dict.fromkeys(("alert.acknowledge", "secret.view", "secret.write"), _HANDS),
    **dict.fromkeys(("alert.assign", "alert.snooze", "window.change"), _HANDS),
    **dict.fromkeys(("secret.delete", "task.approve", "policy.change", "records.define"), _HEADS),
    **dict.fromkeys(("person.invite", "person.change", "person.deactivate"), _HEADS),
    **dict.fromkeys(("session.end", "factor.remove"), _HEADS),  # another person's; one's own: profile.change
    **dict.fromkeys(("settings.change", "trust.change", "token.view", "token.revoke"), _OWNER),
    **dict.fromkeys(("person.view", "audit.view", "audit.export"), _AUDIT),
    **dict.fromkeys(("route.view", "delivery.view"), _STAFF),
    **dict.fromkeys(("route.change", "rota.change"), _HEADS),
    "delivery.retry": _HANDS,
    "release.roll": _HEADS,
    "release.view": _STAFF,
    "factor.change": _LOOK,  # one's own
    "board.change": _STAFF,  # one's own
    "view.save": _LOOK,  # one's own
    "view.share": _HEADS,
    **dict.fromkeys(("export.make", "token.make"), _STAFF),
}
# Verbs of the MSP as a whole: only those who see all clients have them.
MSP_WIDE = frozenset(
    {
        *("client.add", "settings.change", "trust.change", "token.view", "token.revoke"),
        *("release.view", "release.roll", "view.share", "records.define", "rota.change"),
    }
)
# Verbs for which a person proves once more that it is they, within the last minutes.
DANGEROUS = frozenset(
    {
        *("person.invite", "person.change", "person.deactivate", "session.end", "factor.remove"),
        *("settings.change", "trust.change"),
        *("token.make", "secret.write", "secret.delete", "task.request", "task.approve", "audit.export"),
        *("factor.change", "release.roll"),
    }
)
# What a program may be let do in a person's name: all that the API offers. No token proves that someone is
# there, so nothing that needs a second proof can be given to one.
FOR_TOKENS = (
    *("client.view", "device.view", "device.detail", "alert.view", "event.view", "policy.view", "task.view"),
    *("alert.assign", "alert.snooze", "window.view", "window.change"),
    *("alert.acknowledge", "alert.note", "device.approve", "device.revoke", "device.release"),
    *("device.move", "device.merge", "device.tag", "site.add", "client.add", "policy.change"),
)
LONGEST_TOKEN = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Someone who looks: a person, a token of theirs, or the platform itself. `clients` is None for all.

    `verbs` narrows what the role gives (a token's scope); None: all of it.
    """

    name: str
    role: str
    clients: frozenset[UUID] | None
    language: str = "hr"
    person: UUID | None = None
    address: str = ""  # the network address that they come from, for the audit
    verbs: frozenset[str] | None = None
    proved: bool | None = None  # proved lately that it is they; None: nobody to ask (a token, the platform)

    def sees(self, client: UUID | None) -> bool:
        """Tell whether rows of `client` are visible; MSP-wide rows (None) are for all-client viewers only."""
        return self.clients is None or (client is not None and client in self.clients)

    @property
    def sees_nothing(self) -> bool:
        """Tell whether no client has been given to this viewer."""
        return self.clients is not None and not self.clients

    def may(self, verb: str, client: "UUID | Anywhere | None" = ANYWHERE) -> bool:
        """Tell what `may` tells of this viewer."""
        return may(self, verb, client)


def may(viewer: Viewer, verb: str, client: UUID | Anywhere | None = ANYWHERE) -> bool:
    """Decide whether `viewer` may do `verb` to something of `client`: the one policy function, default deny.

    `client` is None for what belongs to the whole MSP. The platform itself may do everything that is a verb.
    """
    roles = VERBS.get(verb)
    if roles is None or (viewer.role != PLATFORM_ROLE and viewer.role not in roles):
        return False
    if viewer.verbs is not None and verb not in viewer.verbs:
        return False
    if verb in MSP_WIDE and viewer.clients is not None:
        return False
    return isinstance(client, Anywhere) or viewer.sees(client)


def scope(owner: Viewer, verbs: Iterable[str]) -> frozenset[str]:
    """Return those of `verbs` that `owner` can give to a token: never more than they may do themselves."""
    return frozenset(verb for verb in verbs if verb in FOR_TOKENS and may(owner, verb))


def through_token(owner: Viewer, name: str, verbs: Iterable[str], clients: frozenset[UUID] | None) -> Viewer:
    """Return the viewer that a token is today: its owner, as far as the token goes.

    `clients` None: all of theirs. What the owner lost since the token was made, the token has lost too.
    """
    mine = owner.clients
    if clients is not None:
        mine = clients if mine is None else mine & clients
    return replace(owner, name=f"{owner.name} · {name}", clients=mine, verbs=frozenset(verbs))


PLATFORM_ROLE = "platform"
PLATFORM = Viewer(name="Predvid", role=PLATFORM_ROLE, clients=None)

MSP = "msp"  # the chain of what belongs to no client
GENESIS = "0" * 64  # stands before the first entry of a chain
SEALED = (
    *("chain", "number", "at", "person", "name_hash", "verb", "object_kind", "object_id"),
    *("object_name", "before", "after", "why", "address", "previous"),
)
# Where a spreadsheet may begin a cell: in half of Europe it splits at semicolons, whatever we wrote.
_CELL = r"(?:^|(?<=[;\t\r\n]))"
FORMULA = re.compile(_CELL + r"(?=[\s\ufeff\u200b-\u200f\u2060\"]*['=+\-@＝＋－＠])|^(?=[\t\r\n])")


@dataclass(frozen=True, slots=True)
class Subject:
    """What a deed was done to: `kind` (person, client, site, token, agent, device, alert), id, name."""

    kind: str
    key: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the audit, exactly as it is stored (see `models.AuditEntry`); `at` in microseconds."""

    chain: str
    number: int
    at: int
    person: str
    name: str
    salt: str
    name_hash: str
    verb: str
    object_kind: str
    object_id: str
    object_name: str
    before: str
    after: str
    why: str
    address: str
    previous: str
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain had come: the number and hash of its newest entry; 0 and GENESIS of an empty one."""

    chain: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where something is wrong: `kind` is one of the keys of the words in `server.audit`."""

    chain: str
    number: int
    kind: str


def seal(entry: Entry) -> Entry:
    """Return `entry` with the hash of its name and of all its content, the previous entry's hash included."""
    named = replace(entry, name_hash=_name_hash(entry))
    return replace(named, hash=content_hash(named))


def canonical(entry: Entry) -> bytes:
    """Return the bytes that an entry's hash covers: a JSON array of its sealed columns, in a fixed order."""
    values = [getattr(entry, name) for name in SEALED]
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def content_hash(entry: Entry) -> str:
    """Return the SHA-256 of an entry's canonical bytes, in hexadecimal."""
    return hashlib.sha256(canonical(entry)).hexdigest()


def pseudonym(person: str) -> str:
    """Return the name under which an erased person stands in the audit."""
    return f"#{person[:8]}"


def _name_hash(entry: Entry) -> str:
    return hashlib.sha256(f"{entry.salt}\n{entry.name}".encode("utf-8", "surrogatepass")).hexdigest()


def _whole(entry: Entry) -> bool:
    """Tell whether an entry is what was sealed; the name of an erased person is their pseudonym."""
    name_fits = _name_hash(entry) == entry.name_hash if entry.salt else entry.name == pseudonym(entry.person)
    return name_fits and content_hash(entry) == entry.hash


def breaks(chain: str, rows: Iterable[Entry | int], heads: Iterable[Head]) -> Iterator[Break]:
    """Yield what is wrong with a chain; `rows` in order of number, an int where a row cannot be read.

    Kinds: `unreadable`, `altered` (the content is not what was sealed), `unlinked` (not made after the entry
    before it), `missing` (the first of a gap), `replaced` (another entry than the one that a head names),
    `cut` (the first that is missing at the end, by a head).
    """
    wanted: dict[int, set[str]] = {}
    for head in heads:
        if head.chain == chain and head.number:
            wanted.setdefault(head.number, set()).add(head.hash)
    number, last = 0, GENESIS
    for row in rows:
        here = row if isinstance(row, int) else row.number
        if here != number + 1:
            yield Break(chain, number + 1, "missing")
            last = ""
        number = here
        if isinstance(row, int):
            last = ""
            yield Break(chain, here, "unreadable")
            continue
        yield from _flaws(row, last)
        if wanted.get(here, set()) - {row.hash}:
            yield Break(chain, here, "replaced")
        last = row.hash
    if any(head > number for head in wanted):
        yield Break(chain, number + 1, "cut")


def _flaws(row: Entry, last: str) -> Iterator[Break]:
    if not _whole(row):
        yield Break(row.chain, row.number, "altered")
    elif last and row.previous != last:
        yield Break(row.chain, row.number, "unlinked")


def plain_cell(text: str) -> str:
    """Return `text` so that no spreadsheet takes it, or a part that it cuts out of it, for a formula.

    An apostrophe goes before each such place and before each apostrophe that stands in one, so that taking
    one away from every place that has it gives the text back.
    """
    return FORMULA.sub("'", text)
