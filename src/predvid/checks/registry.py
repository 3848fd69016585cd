"""All installed checks: those of the builtin folder and of the entry-point group `predvid.checks`."""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, partial
from importlib.metadata import entry_points
from types import MappingProxyType
from typing import Any

from predvid.checks import builtin
from predvid.checks.shared_texts import TEXTS
from predvid.checks.v1 import Check
from predvid.core.model import Levels
from predvid.core.policy import BadSetting, with_values
from predvid.core.wording import Text

GROUP = "predvid.checks"


@dataclass(frozen=True, slots=True)
class BrokenPlugin:
    """A check that could not be loaded: disabled, shown with the reason, harmless to the others."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Loaded:
    checks: Mapping[str, Check]
    broken: tuple[BrokenPlugin, ...]
    texts: Mapping[str, Text]


def checks() -> Mapping[str, Check]:
    """Return the working checks by name, in the order of their names."""
    return _load().checks


def broken() -> list[BrokenPlugin]:
    """Return the checks that were disabled, each with one line of reason."""
    return list(_load().broken)


def texts() -> Mapping[str, Text]:
    """Return every sentence that a check or a source may say, by id."""
    return _load().texts


def reload() -> None:
    """Forget what was loaded: the next question looks at the installed packages again."""
    _load.cache_clear()


@cache
def _load() -> _Loaded:
    found: dict[str, Check] = {}
    bad: list[BrokenPlugin] = []
    for name, load in _candidates():
        try:
            check = load()
            reason = flaw(check) or ("a check of this name exists already" if check.name in found else None)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        if reason is None:
            found[check.name] = check
        else:
            bad.append(BrokenPlugin(name, reason))
    ordered = {name: found[name] for name in sorted(found)}
    return _Loaded(MappingProxyType(ordered), tuple(bad), MappingProxyType(_texts(ordered)))


def _candidates() -> Iterator[tuple[str, Callable[[], Any]]]:
    for module in pkgutil.iter_modules(builtin.__path__):
        yield module.name, partial(_builtin, module.name)
    for entry in entry_points(group=GROUP):
        yield entry.name, entry.load


def _builtin(name: str) -> Any:
    return importlib.import_module(f"{builtin.__name__}.{name}").check


def _texts(found: Mapping[str, Check]) -> dict[str, Text]:
    merged = dict(TEXTS)
    for check in found.values():
        for said, text in check.texts.items():
            merged.setdefault(said, text)
        merged.setdefault(f"check.{check.name}.title", check.title)
    return merged


def flaw(check: object) -> str | None:
    """Return what is wrong with the make of `check`, in one line, or None: plug-ins come from anywhere."""
    if not isinstance(check, Check):
        return f"`check` is a {type(check).__name__}, not a predvid.checks.v1.Check"
    if not check.name.isidentifier():
        return f"the name {check.name!r} is not an identifier"
    if check.params is not None and (not is_dataclass(check.params) or isinstance(check.params, type)):
        return "params is not an instance of a dataclass"
    intervals = check.intervals.values() if isinstance(check.intervals, Mapping) else [0]
    if min(check.interval, check.timeout, *intervals) <= 0 or check.hold < 0:
        return "interval and timeout must be positive, hold not negative"
    return _text_flaw(check) or _words_flaw(check) or _watch_flaw(check) or _defaults_flaw(check)


def _text_flaw(check: Check) -> str | None:
    texts = check.texts if isinstance(check.texts, Mapping) else {"": None}
    if not isinstance(check.title, Text) or not all(isinstance(text, Text) for text in texts.values()):
        return "title and every value of texts must be a Text in both languages"
    return None


def _settings(check: Check) -> set[str]:
    return {field.name for field in fields(check.params)} if check.params is not None else set()


def _words_flaw(check: Check) -> str | None:
    if check.runbook is not None and not isinstance(check.runbook, Text):
        return "runbook must be a Text in both languages"
    for name, words in (("words", check.words), ("explained", check.explained)):
        if not isinstance(words, Mapping) or not all(isinstance(text, Text) for text in words.values()):
            return f"every value of {name} must be a Text in both languages"
        if unknown := sorted(words.keys() - _settings(check)):
            return f"{name} names {unknown[0]!r}, which is not a field of params"
    return None


def _watch_flaw(check: Check) -> str | None:
    known = _settings(check)
    for metric, name in check.watches.items():
        if name not in known or not isinstance(getattr(check.params, name), Levels):
            return f"watches: {metric} names {name!r}, which is not a Levels field of params"
    if check.watches and check.judge is None:
        return "watches without judge"
    return None


def _defaults_flaw(check: Check) -> str | None:
    try:
        for device_type, values in check.defaults.items():
            with_values(f"defaults of {device_type}", check.params, values)
    except BadSetting as error:
        return str(error)
    return None
