"""Reads a publication from TOML: a script, its parameters with the values allowed, targets, rate and expiry.

`docs/trust.md` describes the form. Everything unknown or wrong is one clear UserError that names the field.
"""

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from predvid.core.authority import TaskRefused
from predvid.core.errors import UserError
from predvid.wire.authority import LONGEST_PUBLICATION, Content, Parameter, Publication, Targets
from predvid.wire.verifying import Limits, allowed_values, check_content, check_id

DAY = 86_400_000  # ms
ANY = Limits(languages=frozenset({"sh", "bash", "powershell", "python"}))


class Script(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The script: its text, or the file beside the TOML that holds it."""

    language: str
    body: str = ""
    file: str = ""
    timeout: int = 300


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; `days` is how long the publication holds, the rest is that of `wire.authority`."""

    id: str
    version: int
    title: str
    script: Script
    targets: Targets
    description: str = ""
    parameters: list[Parameter] = []
    rate: int = 24
    days: int = 365
    by_server: bool = True
    minutes_by_hand: int = 0


def read(path: Path, now: int) -> Publication:
    """Return the publication that `path` describes, issued at `now` (ms). Raises UserError."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        template = msgspec.convert(data, Template)
        _only_known(data)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise UserError(f"{path}: {error}") from None
    publication = _publication(template, _body(path, template.script), path, now)
    _check(publication, path)
    return publication


def _only_known(data: dict[str, Any]) -> None:
    """Refuse what the words of the wire have no place for: they grow, so that they pass over what is new."""
    parts: list[tuple[str, type[msgspec.Struct], dict[str, Any]]] = [("targets", Targets, data["targets"])]
    parts += [("parameters", Parameter, one) for one in data.get("parameters", ())]
    for where, kind, given in parts:
        if unknown := set(given) - {field.name for field in msgspec.structs.fields(kind)}:
            raise msgspec.ValidationError(f"[{where}] has no field '{min(unknown)}'")


def _body(path: Path, script: Script) -> str:
    if bool(script.body) == bool(script.file):
        raise UserError(f"{path}: give either 'body' or 'file' under [script]")
    if script.body:
        return script.body
    beside = path.parent / script.file
    try:
        return beside.read_bytes().decode("utf-8")
    except OSError as error:
        raise UserError(f"cannot read {beside}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{beside} is no text in UTF-8") from None


def _publication(template: Template, body: str, path: Path, now: int) -> Publication:
    if not 0 < template.days * DAY <= LONGEST_PUBLICATION:
        raise UserError(f"{path}: 'days' must be 1 to {LONGEST_PUBLICATION // DAY}")
    if template.rate < 1 or template.version < 1 or template.minutes_by_hand < 0:
        raise UserError(f"{path}: 'rate' and 'version' must be at least 1, 'minutes_by_hand' at least 0")
    language: Any = template.script.language
    return Publication(
        template.id,
        template.version,
        template.title,
        Content(language, body, template.script.timeout),
        template.targets,
        now,
        now + template.days * DAY,
        template.parameters,
        template.rate,
        template.by_server,
        template.minutes_by_hand,
        template.description,
    )


def _check(publication: Publication, path: Path) -> None:
    """Refuse here what every agent would refuse."""
    if not publication.title.strip() or len(publication.title) > 160:
        raise UserError(f"{path}: 'title' must have 1 to 160 characters")
    if publication.targets == Targets(platforms=publication.targets.platforms):
        raise UserError(
            f"{path}: [targets] names nothing: clients, sites, tags, agents, or everywhere = true"
        )
    filled = [msgspec.structs.replace(one, default=one.default or "") for one in publication.parameters]
    try:
        check_id(publication.id)
        check_content(publication.content, ANY)
        allowed_values(filled, {})
    except TaskRefused as refused:
        raise UserError(f"{path}: agents would refuse it ({refused.code})") from None
    if len({one.name for one in filled}) != len(filled):
        raise UserError(f"{path}: a parameter stands there twice")
