"""Tells whether what was signed may run on one device: pure, and refuses with TaskRefused and nothing else.

Everything of a hostile server ends here: `order` and `publication` take what it sent, the operators whom the
root named, what the device is, what its owner allows and the device's own time (ms), and return the work.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from predvid.core.authority import TaskRefused, check_times
from predvid.core.trust import KEY_BYTES, digest, fingerprint
from predvid.wire.authority import (
    ALONE,
    KEYSET_CONTEXT,
    LONGEST_ORDER,
    LONGEST_PUBLICATION,
    MAX_CONTENT,
    ORDER_CONTEXT,
    PLACEMENT_CONTEXT,
    PUBLICATION_CONTEXT,
    ROOT_CONTEXT,
    START_CONTEXT,
    Content,
    KeySet,
    OperatorKey,
    Order,
    Parameter,
    Placement,
    Publication,
    RootChange,
    Signed,
    Start,
    Targets,
)
from predvid.wire.signing import opened, signers_of

ORDERS, PUBLICATIONS = 2, 1  # the classes
LONGEST_RUN = 86_400  # seconds
LONGEST_VALUE = 4_096  # characters of a parameter's value
MOST_PARAMETERS, MOST_AGENTS = 64, 10_000
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,47}")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Here:
    """What a device is to those who sign: its ids, tags and platform, and the key of its own server."""

    agent: str
    platform: str
    server_key: bytes
    client: str = ""
    site: str = ""
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """What the device's owner allows: `operators` by name or fingerprint, None for all of the KeySet."""

    classes: frozenset[int] = frozenset()
    languages: frozenset[str] = frozenset()
    operators: frozenset[str] | None = None
    widening: bool = False

    def trusts(self, operator: OperatorKey) -> bool:
        """Tell whether the owner allows this operator."""
        named = self.operators
        return named is None or operator.name in named or fingerprint(operator.key) in named


@dataclass(frozen=True, slots=True)
class Work:
    """What may run: see `edge.authority.Admitted`, which adds the lease's id."""

    once: str
    title: str
    content: Content
    params: dict[str, str]
    cls: int
    issued: int
    expires: int
    signed_at: int  # when an operator signed it last (ms), by the operator's clock
    operators: tuple[str, ...]
    publication: str = ""
    version: int = 0
    rate: int = 0


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges for one device by one KeySet at one moment."""

    keyset: KeySet
    here: Here
    limits: Limits
    now: int
    _keys: dict[bytes, OperatorKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._keys.update({operator.key: operator for operator in self.keyset.operators})

    def _allowed(self, cls: int) -> None:
        if cls not in self.limits.classes:
            raise TaskRefused("class", cls=cls)
        if self.keyset.expires <= self.now:
            raise TaskRefused("keyset_expired")

    def _operators(self, signed: Signed, cls: int) -> tuple[str, ...]:
        """Return the names of those who signed, may sign that class, and are allowed here; at least one."""
        keys = signers_of(signed, self._keys)
        signers = [self._keys[key] for key in keys]
        names = {one.name for one in signers if cls in one.classes and self.limits.trusts(one)}
        if not names:
            raise TaskRefused("signature")
        return tuple(sorted(names))

    def order(self, signed: Signed) -> Work:
        """Return the work of a class 2 Order. Raises TaskRefused."""
        self._allowed(ORDERS)
        names = self._operators(signed, ORDERS)
        order = opened(signed, ORDER_CONTEXT, Order)
        check_times(order.issued, order.expires, self.now, LONGEST_ORDER)
        self._not_revoked(order.id)
        check_content(order.content, self.limits)
        _check_given(order.params)
        if len(order.agents) > MOST_AGENTS or self.here.agent not in order.agents:
            raise TaskRefused("target")
        if needs_two(order) and len(names) < 2:
            raise TaskRefused("two_operators")
        if order.widens and not self.limits.widening:
            raise TaskRefused("widening")
        return Work(
            once=f"order:{order.id}",
            title=order.title,
            content=order.content,
            params=dict(order.params),
            cls=ORDERS,
            issued=order.issued,
            expires=order.expires,
            signed_at=order.issued,
            operators=names,
        )

    def publication(self, signed: Signed, start: Signed | None) -> Work:
        """Return the work of a class 1 Publication that the server started. Raises TaskRefused."""
        self._allowed(PUBLICATIONS)
        names = self._operators(signed, PUBLICATIONS)
        published = opened(signed, PUBLICATION_CONTEXT, Publication)
        check_times(published.issued, published.expires, self.now, LONGEST_PUBLICATION)
        self._not_revoked(published.id)
        check_content(published.content, self.limits)
        check_reach(published.targets, self.here)
        started = self._start(start, published)
        return Work(
            once=f"start:{started.task}",
            title=published.title,
            content=published.content,
            params=allowed_values(published.parameters, started.params),
            cls=PUBLICATIONS,
            issued=started.issued,
            expires=min(started.expires, published.expires),
            signed_at=published.issued,
            operators=names,
            publication=published.id,
            version=published.version,
            rate=max(published.rate, 0),
        )

    def _start(self, signed: Signed | None, published: Publication) -> Start:
        if signed is None or not signers_of(signed, (self.here.server_key,)):
            raise TaskRefused("start")
        if not published.by_server and not self._by_person(signed):
            raise TaskRefused("person")
        start = opened(signed, START_CONTEXT, Start)
        if (start.publication, start.version) != (published.id, published.version):
            raise TaskRefused("mismatch")
        if start.agent != self.here.agent:
            raise TaskRefused("target")
        check_id(start.task)
        check_times(start.issued, start.expires, self.now, LONGEST_ORDER)
        return start

    def _by_person(self, signed: Signed) -> bool:
        try:
            return bool(self._operators(signed, PUBLICATIONS))
        except TaskRefused:
            return False

    def _not_revoked(self, id: str) -> None:
        check_id(id)
        if id in self.keyset.revoked:
            raise TaskRefused("revoked")

    def placement(self, signed: Signed, serial: int) -> Placement:
        """Return where the device belongs, by an operator of class 2; `serial` is the one held so far."""
        if self.keyset.expires <= self.now:
            raise TaskRefused("keyset_expired")
        self._operators(signed, ORDERS)
        placement = opened(signed, PLACEMENT_CONTEXT, Placement)
        if placement.agent != self.here.agent or placement.serial <= serial:
            raise TaskRefused("placement")
        return placement


def needs_two(order: Order) -> bool:
    """Tell whether an order needs two operators: it widens rights, or is for more than ALONE agents."""
    return order.widens or len(order.agents) > ALONE


def check_id(id: str) -> None:
    """Raise TaskRefused unless `id` can name something signed or a task."""
    if not _ID.fullmatch(id):
        raise TaskRefused("unreadable")


def check_content(content: Content, limits: Limits) -> None:
    """Raise TaskRefused unless the script is a text of the size allowed, in a language allowed."""
    if content.language not in limits.languages:
        raise TaskRefused("language", language=content.language)
    size = len(content.body.encode(errors="replace"))
    if not 0 < size <= MAX_CONTENT or "\x00" in content.body or not 0 < content.timeout <= LONGEST_RUN:
        raise TaskRefused("content")


def check_reach(targets: Targets, here: Here) -> None:
    """Raise TaskRefused unless the device is among `targets`; without a single target nowhere is meant."""
    if targets.platforms and here.platform not in targets.platforms:
        raise TaskRefused("platform")
    named = (
        here.agent in targets.agents,
        here.client != "" and here.client in targets.clients,
        here.site != "" and here.site in targets.sites,
        not here.tags.isdisjoint(targets.tags),
    )
    if not (targets.everywhere or any(named)):
        raise TaskRefused("target")


def allowed_values(parameters: Iterable[Parameter], given: dict[str, str]) -> dict[str, str]:
    """Return a value for every parameter: the one given where it is allowed, else the default."""
    known = {parameter.name: parameter for parameter in parameters}
    _check_given(given)
    for name in given:
        if name not in known:
            raise TaskRefused("parameter", name=name)
    values = {name: given.get(name, known[name].default) for name in known}
    for name, value in values.items():
        if value is None or (name in given and not _allows(known[name], value)):
            raise TaskRefused("parameter", name=name)
    complete = {name: value for name, value in values.items() if value is not None}
    _check_given(complete)
    return complete


def _check_given(params: dict[str, str]) -> None:
    """Refuse what cannot be an environment variable, or would be the same one twice."""
    for name, value in params.items():
        if not _NAME.fullmatch(name) or len(value) > LONGEST_VALUE or "\x00" in value:
            raise TaskRefused("parameter", name=name[:48])
    if len(params) > MOST_PARAMETERS or len({name.upper() for name in params}) != len(params):
        raise TaskRefused("parameter", name="*")


def _allows(parameter: Parameter, value: str) -> bool:
    if value in parameter.values or value == parameter.default:
        return True
    if parameter.low is not None and parameter.high is not None and _WHOLE.fullmatch(value):
        return parameter.low <= int(value) <= parameter.high
    return 0 < len(value) <= parameter.longest


def believed(signed: Signed, root: bytes) -> KeySet:
    """Return the KeySet that the root of digest `root` (SHA-256) signed, whatever its version and time."""
    if not signers_of(signed, _roots(signed, root)):
        raise TaskRefused("keyset")
    return opened(signed, KEYSET_CONTEXT, KeySet)


def keyset(signed: Signed, root: bytes, version: int, now: int) -> KeySet:
    """Return the KeySet that holds at `now` (ms), not older than `version`. Raises TaskRefused."""
    found = believed(signed, root)
    if found.version < max(version, 1):
        raise TaskRefused("keyset_older", version=found.version, known=version)
    check_keyset(found, now)
    return found


def _roots(signed: Signed, root: bytes) -> Collection[bytes]:
    return [mark.key for mark in signed.marks if digest(mark.key) == root]


def check_keyset(found: KeySet, now: int) -> None:
    """Raise TaskRefused unless the KeySet holds at `now` (ms) and each name and key stands in it once."""
    check_times(found.issued, found.expires, now, LONGEST_PUBLICATION)
    names = {operator.name for operator in found.operators}
    keys = {operator.key for operator in found.operators}
    if not len(names) == len(keys) == len(found.operators):
        raise TaskRefused("keyset")
    for operator in found.operators:
        if len(operator.key) != KEY_BYTES or not operator.name or not {1, 2}.issuperset(operator.classes):
            raise TaskRefused("keyset")


def root_change(signed: Signed, root: bytes, serial: int) -> RootChange:
    """Return the change away from the root of digest `root`, signed by the old key and by the new one."""
    found = opened(signed, ROOT_CONTEXT, RootChange)
    both = {found.old, found.new}
    if digest(found.old) != root or found.serial <= serial or len(both) != 2:
        raise TaskRefused("root")
    if signers_of(signed, both) != both:
        raise TaskRefused("root")
    return found
