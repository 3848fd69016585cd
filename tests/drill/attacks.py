"""What a hostile server can try with all that it has: plan key, a database of things once signed, TLS.

Each attack makes leases that would leave a line in the file of marks, if one of them were ever run.
"""

import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from operators import DAY, Office, now_ms, signer
from predvid.core.trust import Signer
from predvid.wire import authority as wire
from predvid.wire.signing import marked, seal
from predvid.wire.v1 import TaskLease

HOUR = 3_600_000


@dataclass
class Stage:
    """Both sides of the drill. The server has `plan` and whatever `office` signed before, not its keys."""

    office: Office
    plan: Signer
    agent: str
    client: str
    site: str
    marks: Path
    dice: random.Random
    first: wire.Signed  # the key set before Eva was removed
    newest: wire.Signed
    eva: Signer  # an operator of `first` only
    junior: Signer  # an operator of class 1 only
    revoked: wire.Signed
    limited: wire.Signed  # runs once in 24 hours, and ran
    ran: wire.Signed  # an order that ran

    def script(self, name: str) -> wire.Content:
        """Return a script that leaves `name` in the file of marks."""
        return wire.Content("sh", f"echo {name} >> '{self.marks}'\n", 30)

    def order(self, name: str, **words: Any) -> wire.Order:
        """Return an order for this agent, good for an hour, not signed yet."""
        now = now_ms()
        given = {"issued": now, "expires": now + HOUR, "agents": [self.agent]} | words
        return wire.Order(uuid4().hex, name, self.script(name), **given)

    def signed(self, order: wire.Order, *operators: Signer) -> wire.Signed:
        """Return an order signed by `operators`."""
        return seal(wire.ORDER_CONTEXT, order, operators)

    def started(self, template: wire.Signed, **words: Any) -> wire.Signed:
        """Return the server's own start of `template`: it may make any number of them."""
        body = template.body.removeprefix(wire.PUBLICATION_CONTEXT)
        known = msgspec.msgpack.decode(body, type=wire.Publication)
        now = now_ms()
        given = {
            "task": uuid4().hex,
            "agent": self.agent,
            "publication": known.id,
            "version": known.version,
            "issued": now,
            "expires": now + HOUR,
        } | words
        return seal(wire.START_CONTEXT, wire.Start(**given), [self.plan])

    def published(self, name: str, **words: Any) -> wire.Signed:
        """Return a template that leaves `name`, signed by Ana."""
        return self.office.publication(self.script(name).body, **words)


Attack = Callable[[Stage, str], wire.Leased]


def forged_by_plan_key(stage: Stage, name: str) -> wire.Leased:
    """An order signed with the only key that the server has."""
    return wire.Leased(order=stage.signed(stage.order(name), stage.plan))


def forged_by_new_key(stage: Stage, name: str) -> wire.Leased:
    """An order signed with a key that the server made."""
    return wire.Leased(order=stage.signed(stage.order(name), signer()))


def forged_mark(stage: Stage, name: str) -> wire.Leased:
    """An operator's public key beside a signature made up."""
    order = stage.signed(stage.order(name), stage.plan)
    return wire.Leased(order=wire.Signed(order.body, [wire.Mark(stage.office.ana.public, os.urandom(64))]))


def forged_keyset(stage: Stage, name: str) -> wire.Leased:
    """An own operator in an own key set, newer than all."""
    mine = signer()
    now = now_ms()
    keyset = wire.KeySet(10_000, now, now + DAY, [wire.OperatorKey("Ana", mine.public)])
    order = stage.signed(stage.order(name), mine)
    return wire.Leased(order=order, keyset=seal(wire.KEYSET_CONTEXT, keyset, [stage.plan]))


def forged_root(stage: Stage, name: str) -> wire.Leased:
    """A new root that only the new root signed, with all that hangs on it."""
    mine = signer()
    now = now_ms()
    change = wire.RootChange(stage.office.root.public, mine.public, 9, now)
    keyset = wire.KeySet(10_000, now, now + DAY, [wire.OperatorKey("Ana", mine.public)])
    return wire.Leased(
        order=stage.signed(stage.order(name), mine),
        roots=[seal(wire.ROOT_CONTEXT, change, [mine, stage.plan])],
        keyset=seal(wire.KEYSET_CONTEXT, keyset, [mine]),
    )


def altered_order(stage: Stage, name: str) -> wire.Leased:
    """A byte of a real order turned over."""
    real = stage.signed(stage.order(name), stage.office.ana)
    body = bytearray(real.body)
    body[stage.dice.randrange(len(body))] ^= 1 << stage.dice.randrange(8)
    return wire.Leased(order=wire.Signed(bytes(body), real.marks))


def rewritten_order(stage: Stage, name: str) -> wire.Leased:
    """The marks of a real order under another script."""
    real = stage.signed(stage.order("harmless"), stage.office.ana, stage.office.ivo)
    other = stage.signed(stage.order(name))
    return wire.Leased(order=wire.Signed(other.body, real.marks))


def content_changed(stage: Stage, name: str) -> wire.Leased:
    """Class 1: the script of a published template changed after it was signed."""
    real = stage.office.publication("exit 0\n")
    published = msgspec.msgpack.decode(
        real.body.removeprefix(wire.PUBLICATION_CONTEXT), type=wire.Publication
    )
    changed = msgspec.structs.replace(published, content=stage.script(name))
    body = wire.PUBLICATION_CONTEXT + msgspec.msgpack.encode(changed)
    return wire.Leased(publication=wire.Signed(body, real.marks), start=stage.started(real))


def replayed(stage: Stage, name: str) -> wire.Leased:
    """An order that ran, once more."""
    return wire.Leased(order=stage.ran)


def expired(stage: Stage, name: str) -> wire.Leased:
    """A real order that nobody delivered in time."""
    now = now_ms()
    order = stage.order(name, issued=now - 2 * HOUR, expires=now - 1)
    return wire.Leased(order=stage.signed(order, stage.office.ana))


def from_the_future(stage: Stage, name: str) -> wire.Leased:
    """A real order kept for later: it does not hold yet."""
    now = now_ms()
    order = stage.order(name, issued=now + HOUR, expires=now + 2 * HOUR)
    return wire.Leased(order=stage.signed(order, stage.office.ana))


def too_long(stage: Stage, name: str) -> wire.Leased:
    """An order good for a year."""
    order = stage.order(name, expires=now_ms() + 365 * DAY)
    return wire.Leased(order=stage.signed(order, stage.office.ana))


def retargeted_order(stage: Stage, name: str) -> wire.Leased:
    """A real order for other devices."""
    order = stage.order(name, agents=[uuid4().hex, uuid4().hex])
    return wire.Leased(order=stage.signed(order, stage.office.ana))


def retargeted_publication(stage: Stage, name: str) -> wire.Leased:
    """A template for another client, site, tag or platform."""
    elsewhere = (
        wire.Targets(clients=["other"]),
        wire.Targets(sites=["other"]),
        wire.Targets(tags=["kiosk"]),
        wire.Targets(agents=["other"]),
        wire.Targets(everywhere=True, platforms=["plan9"]),
        wire.Targets(),
    )
    real = stage.published(name, targets=stage.dice.choice(elsewhere))
    return wire.Leased(publication=real, start=stage.started(real))


def moved(stage: Stage, name: str) -> wire.Leased:
    """The server says that the device belongs where the template runs."""
    real = stage.published(name, targets=wire.Targets(clients=["other"]))
    place = wire.Placement(stage.agent, "other", "other", now_ms(), now_ms())
    signed = seal(wire.PLACEMENT_CONTEXT, place, [stage.plan])
    return wire.Leased(publication=real, start=stage.started(real), placement=signed)


def downgraded_keyset(stage: Stage, name: str) -> wire.Leased:
    """The older key set, in which a removed operator still stands, with an order of theirs."""
    return wire.Leased(order=stage.signed(stage.order(name), stage.eva), keyset=stage.first)


def removed_operator(stage: Stage, name: str) -> wire.Leased:
    """An order of an operator who was removed."""
    return wire.Leased(order=stage.signed(stage.order(name), stage.eva))


def wrong_class(stage: Stage, name: str) -> wire.Leased:
    """An order signed by one who may publish only."""
    return wire.Leased(order=stage.signed(stage.order(name), stage.junior))


def wrong_purpose(stage: Stage, name: str) -> wire.Leased:
    """What was signed as one thing, handed over as another."""
    order = seal(wire.PLACEMENT_CONTEXT, stage.order(name), [stage.office.ana])
    return wire.Leased(order=order)


def over_rate(stage: Stage, name: str) -> wire.Leased:
    """A template that may run once in 24 hours, started again."""
    return wire.Leased(publication=stage.limited, start=stage.started(stage.limited))


def revoked(stage: Stage, name: str) -> wire.Leased:
    """A template that was revoked."""
    return wire.Leased(publication=stage.revoked, start=stage.started(stage.revoked))


def wrong_value(stage: Stage, name: str) -> wire.Leased:
    """A value that its publisher does not allow."""
    days = wire.Parameter("days", low=1, high=30)
    real = stage.published(name, parameters=[days])
    value = stage.dice.choice(["0", "31", "1; rm -rf /", "$(reboot)", "", "01", "9" * 40])
    return wire.Leased(publication=real, start=stage.started(real, params={"days": value}))


def unknown_value(stage: Stage, name: str) -> wire.Leased:
    """A parameter that the template does not have, such as one that a shell would read."""
    real = stage.published(name)
    return wire.Leased(publication=real, start=stage.started(real, params={"LD_PRELOAD": "x.so"}))


def without_start(stage: Stage, name: str) -> wire.Leased:
    """A template that nothing starts, or started by a key that is not the server's."""
    real = stage.published(name)
    start = stage.started(real)
    foreign = marked(wire.Signed(start.body, []), signer())
    return wire.Leased(publication=real, start=stage.dice.choice([None, foreign]))


def other_start(stage: Stage, name: str) -> wire.Leased:
    """A start of another template, another version, or for another device."""
    real = stage.published(name)
    other: dict[str, Any] = stage.dice.choice([{"publication": "x"}, {"version": 7}, {"agent": "other"}])
    return wire.Leased(publication=real, start=stage.started(real, **other))


def by_a_person_only(stage: Stage, name: str) -> wire.Leased:
    """A template that needs an operator for each start, started by the server."""
    real = stage.published(name, by_server=False)
    return wire.Leased(publication=real, start=stage.started(real))


def bulk_by_one(stage: Stage, name: str) -> wire.Leased:
    """An order for a whole fleet with one signature, or with one operator's twice."""
    order = stage.order(name, agents=[stage.agent, *(uuid4().hex for _ in range(wire.ALONE))])
    real = stage.signed(order, stage.office.ana)
    return wire.Leased(order=wire.Signed(real.body, real.marks * stage.dice.randint(1, 3)))


def widening(stage: Stage, name: str) -> wire.Leased:
    """An order that widens rights, on a device whose owner did not allow that."""
    order = stage.order(name, widens=True)
    return wire.Leased(order=stage.signed(order, stage.office.ana, stage.office.ivo))


def two_at_once(stage: Stage, name: str) -> wire.Leased:
    """An order and a publication in one lease."""
    real = stage.published(name)
    order = stage.signed(stage.order(name), stage.office.ana)
    return wire.Leased(order=order, publication=real, start=stage.started(real))


ATTACKS: tuple[Attack, ...] = (
    *(forged_by_plan_key, forged_by_new_key, forged_mark, forged_keyset, forged_root, altered_order),
    *(rewritten_order, content_changed, replayed, expired, from_the_future, too_long, retargeted_order),
    *(retargeted_publication, moved, downgraded_keyset, removed_operator, wrong_class, wrong_purpose),
    *(over_rate, revoked, wrong_value, unknown_value, without_start, other_start, by_a_person_only),
    *(bulk_by_one, widening, two_at_once),
)


def leases(stage: Stage, count: int) -> Iterator[tuple[str, TaskLease]]:
    """Yield `count` hostile leases with the names of their attacks, one attack after the other."""
    for number in range(count):
        if number % (len(ATTACKS) + 1) == len(ATTACKS):
            yield "junk", TaskLease(f"junk-{number}", stage.dice.randbytes(stage.dice.randint(0, 300)))
            continue
        attack = ATTACKS[number % (len(ATTACKS) + 1)]
        name = f"{attack.__name__}-{number}"
        yield attack.__name__, TaskLease(name, msgspec.msgpack.encode(attack(stage, name)))
