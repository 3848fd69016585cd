"""Shows exactly what a signature would stand under: read from the very bytes, nothing of the server's page.

Every character that a terminal would not show as itself (control codes, marks that turn writing round) is
written out, so that no line of a script can hide another.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from predvid.core.trust import digest, fingerprint
from predvid.server.speech import Speech
from predvid.wire.authority import (
    KEYSET_CONTEXT,
    ORDER_CONTEXT,
    PLACEMENT_CONTEXT,
    PUBLICATION_CONTEXT,
    ROOT_CONTEXT,
    START_CONTEXT,
    Content,
    KeySet,
    Order,
    Parameter,
    Placement,
    Publication,
    RootChange,
    Signed,
    Start,
    Targets,
)
from predvid.wire.operator import Aimed
from predvid.wire.signing import opened
from predvid.wire.verifying import needs_two

Message = Order | Publication | Start | KeySet | Placement | RootChange
CONTEXTS: Mapping[bytes, type[Message]] = {
    ORDER_CONTEXT: Order,
    PUBLICATION_CONTEXT: Publication,
    START_CONTEXT: Start,
    KEYSET_CONTEXT: KeySet,
    PLACEMENT_CONTEXT: Placement,
    ROOT_CONTEXT: RootChange,
}


def message_of(signed: Signed) -> Message:
    """Return what `signed` holds, whoever signed it. Raises TaskRefused where it is none of our words."""
    for context, kind in CONTEXTS.items():
        if signed.body.startswith(context):
            return opened(signed, context, kind)
    return opened(signed, ORDER_CONTEXT, Order)


def visible(text: str) -> str:
    """Return `text` with every character written out that a terminal would not show as itself."""
    return "".join(char if char.isprintable() else _written(char) for char in text)


def _written(char: str) -> str:
    return f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"


def moment(ms: int) -> str:
    """Return a moment as RFC 3339 (UTC); a number that is none stays as it is."""
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(ms)


def lines(message: Message, tell: Speech, devices: Iterable[str] = ()) -> Iterator[str]:
    """Yield what `message` says, line by line; `devices` are lines for the agents of an order or start."""
    match message:
        case Order():
            yield from _order(message, tell, devices)
        case Publication():
            yield from _publication(message, tell)
        case Start():
            yield tell("show.start", name=visible(message.publication), version=message.version)
            yield from devices or [f"  {visible(message.agent)}"]
            yield from _params(message.params, tell)
            yield tell("show.until", until=moment(message.expires))
        case KeySet():
            yield from _keyset(message, tell)
        case Placement():
            yield tell("show.placement", agent=visible(message.agent), serial=message.serial)
            yield tell("show.place", client=visible(message.client), site=visible(message.site))
            yield f"  {tell('where.tags')} {visible(', '.join(message.tags)) or '-'}"
        case RootChange():
            yield tell("show.root", serial=message.serial)
            yield f"  {fingerprint(message.old)}"
            yield f"  {fingerprint(message.new)}"


def _order(order: Order, tell: Speech, devices: Iterable[str]) -> Iterator[str]:
    yield tell("show.order", title=visible(order.title), name=visible(order.id))
    yield tell("show.devices", n=len(order.agents))
    yield from devices or [f"  {visible(agent)}" for agent in order.agents]
    if needs_two(order):
        yield tell("show.two")
    if order.widens:
        yield tell("show.widens")
    yield from _params(order.params, tell)
    yield tell("show.until", until=moment(order.expires))
    yield from _content(order.content, tell)


def _publication(publication: Publication, tell: Speech) -> Iterator[str]:
    title, id = visible(publication.title), visible(publication.id)
    yield tell("show.publication", title=title, name=id, version=publication.version)
    yield tell("show.targets", where=_where(publication.targets, tell))
    yield tell("show.rate", n=publication.rate)
    yield tell("show.by_server" if publication.by_server else "show.by_person")
    for parameter in publication.parameters:
        yield tell("show.parameter", name=visible(parameter.name), values=_allowed(parameter))
    yield tell("show.until", until=moment(publication.expires))
    yield from _content(publication.content, tell)


def _where(targets: Targets, tell: Speech) -> str:
    parts = [tell("where.everywhere")] if targets.everywhere else []
    named = (
        (targets.clients, tell("where.clients")),
        (targets.sites, tell("where.sites")),
        (targets.tags, tell("where.tags")),
        (targets.agents, tell("where.agents")),
        (targets.platforms, tell("where.platforms")),
    )
    parts += [f"{word} {', '.join(map(visible, values))}" for values, word in named if values]
    return "; ".join(parts) or "-"


def _allowed(parameter: Parameter) -> str:
    parts = [visible(value) for value in parameter.values]
    if parameter.low is not None and parameter.high is not None:
        parts.append(f"{parameter.low} .. {parameter.high}")
    if parameter.longest:
        parts.append(f"text ({parameter.longest})")
    default = "" if parameter.default is None else f" [{visible(parameter.default)}]"
    return " | ".join(parts) + default


def _params(params: Mapping[str, str], tell: Speech) -> Iterator[str]:
    for name, value in params.items():
        yield tell("show.parameter", name=visible(name), values=visible(value))


def _content(content: Content, tell: Speech) -> Iterator[str]:
    body = content.body.encode(errors="replace")
    sha = digest(body).hex()
    yield tell("show.content", language=visible(content.language), n=len(body), timeout=content.timeout)
    yield f"  sha256 {sha}"
    for number, line in enumerate(content.body.split("\n"), 1):
        yield f"  {number:>4} | {visible(line)}"


def _keyset(keyset: KeySet, tell: Speech) -> Iterator[str]:
    yield tell("show.keyset", version=keyset.version, until=moment(keyset.expires))
    for operator in keyset.operators:
        classes = ", ".join(map(str, operator.classes))
        yield f"  {visible(operator.name)}: {fingerprint(operator.key)} ({classes})"
    for id in keyset.revoked:
        yield tell("show.revoked", name=visible(id))


def devices(
    agents: Iterable[str], aimed: Iterable[Aimed], book: Mapping[str, str], tell: Speech
) -> Iterator[str]:
    """Yield a line for each agent that is signed for: the server's name for it beside its id.

    The name is the server's word, the id is what is signed. A name that is not the one of an earlier signing
    (`book`), or that the server does not give, is said.
    """
    names = {one.agent: one for one in aimed}
    for agent in agents:
        one = names.get(agent)
        if one is None:
            yield f"  {visible(agent)}  {tell('show.unnamed')}"
            continue
        name, before = visible(f"{one.device} / {one.client}"), book.get(agent)
        note = tell("show.new") if before is None else ""
        if before is not None and before != f"{one.device} / {one.client}":
            note = tell("show.renamed", before=visible(before))
        yield f"  {name}  {visible(agent)}  {note}".rstrip()
