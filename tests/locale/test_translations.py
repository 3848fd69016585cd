"""Every text of the pages exists in Croatian, with its three plural forms and the same values in it."""

import ast
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from django.contrib.auth import password_validation
from django.core import validators
from django.forms import fields
from django.utils.translation.template import templatize

SRC = Path(__file__).parents[2] / "src" / "predvid"
PO = SRC / "locale" / "hr" / "LC_MESSAGES" / "django.po"
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
PLACES = re.compile(r"%\(\w+\)[sd]")
RAISERS = {
    *("UserError", "LockedOut", "SignInRefused", "Denied", "ProofNeeded", "KeyUnusable", "RecoveryRefused"),
    *("Outrun", "Unfit"),
}
Key = tuple[str | tuple[str, ...], str | None]


def used() -> Iterator[tuple[str, Key]]:
    """Yield (where, (message, context)) for every text in templates and code."""
    for path in sorted(SRC.rglob("*.html")):
        code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
        yield from _found(path, "\n".join(line.strip() for line in code.splitlines()))
    for path in sorted(SRC.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "django" in text:
            yield from _found(path, text)


def _found(path: Path, code: str) -> Iterator[tuple[str, Key]]:
    for line, message, _, context in extract("python", io.BytesIO(code.encode()), KEYWORDS):
        if message:
            yield f"{path.relative_to(SRC)}:{line}", (message, context)


def refusals() -> Iterator[tuple[str, str]]:
    """Yield (where, sentence) of each sentence with which a verb refuses; whoever shows it translates it."""
    for path in sorted([*(SRC / "modules").rglob("*.py"), *(SRC / "server").glob("secrets_*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RAISERS:
                for argument in node.args[:1]:
                    if isinstance(argument, ast.Constant):
                        yield f"{path.relative_to(SRC)}:{node.lineno}", str(argument.value)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="hr")


@pytest.fixture(scope="module")
def framework() -> set[str]:
    """Return what Django's own checks of forms and passwords say: its Croatian lacks some of it."""
    sources = (password_validation, validators, fields)
    found = set()
    for module in sources:
        code = Path(str(module.__file__)).read_text(encoding="utf-8")
        rows = extract("python", io.BytesIO(code.encode()), KEYWORDS)
        found |= {message if isinstance(message, str) else message[0] for _, message, _, _ in rows if message}
    return found


def _strings(entry: Message | None) -> list[str]:
    if entry is None:
        return []
    return [entry.string] if isinstance(entry.string, str) else list(entry.string)


def test_no_text_of_the_pages_is_untranslated(catalog: Catalog) -> None:
    missing = []
    for where, (message, context) in used():
        entry = catalog.get(message if isinstance(message, str) else message[0], context)
        strings = (
            [entry.string] if entry and isinstance(entry.string, str) else list(entry.string) if entry else []
        )
        if not strings or not all(strings) or len(strings) != (1 if isinstance(message, str) else 3):
            missing.append(f"{where}: {message!r}")
    assert not missing, "\n".join(missing)


def test_no_refusal_is_untranslated(catalog: Catalog) -> None:
    missing = [place for place in refusals() if not (found := catalog.get(place[1])) or not found.string]
    assert not missing


def test_every_text_stands_once() -> None:
    """Of two entries of one text the last wins silently; merges by union make such pairs."""
    blocks = PO.read_text(encoding="utf-8").split("\n\n")
    heads = [
        re.sub(r"^#.*\n", "", block, flags=re.M).split("\nmsgstr")[0] for block in blocks if "msgid" in block
    ]
    assert len(heads) > 500
    assert not [head for head in set(heads) if heads.count(head) > 1]


def test_translations_show_the_same_values(catalog: Catalog, framework: set[str]) -> None:
    wrong = []
    for message in catalog:
        if message.id in framework:  # names a field of ours by its English name: our sentence says it itself
            continue
        sources = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = [message.string] if isinstance(message.string, str) else list(message.string)
        expected = set(PLACES.findall(sources[-1]))
        wrong += [text for text in strings if message.id and set(PLACES.findall(text)) != expected]
    assert not wrong


def test_nothing_is_translated_that_no_page_says(catalog: Catalog, framework: set[str]) -> None:
    said = framework | {message if isinstance(message, str) else message[0] for _, (message, _) in used()}
    said |= {sentence for _, sentence in refusals()}
    ids = [message.id if isinstance(message.id, str) else message.id[0] for message in catalog if message.id]
    assert not [text for text in ids if text not in said]
