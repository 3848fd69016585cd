"""Draws damaged versions of a recording: what a hostile, torn or foreign device might answer.

Text of files and programs, bodies of services and Windows' answers are damaged freely; the agent's own tables
keep their shape, and only their values change.
"""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

TOKENS = [
    "", " ", "\n", "\n\n", "\t", "\x00", "\ufffd", "-", "--", "=", ":", ",", ";", "|", "/", '"', "'", "(",
    ")", "[", "]", "{", "}", "0", "-1", "1e999", "NaN", "inf", "99999999999999999999999999", "٣", "²", "½",
    "1.2.3", "0x", "%", "N/A", "unknown", "null", "true", "č", "日本", "a" * 5000, "9" * 5000, "[" * 5000,
    "\u202e", "{n}", "2026-02-30T25:61:61Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
]  # fmt: skip
LEAVES: list[Any] = [
    None, True, False, 0, -1, 1, 10**30, -(10**30), 2**63, 1e308, -0.5, float("inf"), float("nan"), "", "x",
    "-", "٣", "{n}", "9" * 5000, [], {}, [None], [[]], [{}], {"": None}, {"x": {"x": {}}}, ["x", 1, None],
    "0001-01-01T00:00:00Z",
]  # fmt: skip
OWN = ("list:", "query:ping", "query:resolve", "query:sntp", "query:connect", "query:status", "table:")
ERRORS: list[Any] = [
    {"error": {"id": "read.permission_denied", "values": {"what": "x"}}},
    {"error": {"id": "read.timed_out", "values": {"what": "x", "seconds": 5}}},
    {"error": {"id": "read.missing", "values": {"what": "x"}}, "not_here": True},
]
Draw = Callable[[st.SearchStrategy[Any]], Any]


def damaged_text(draw: Draw, text: str) -> str:
    """Return `text` cut, torn, doubled, reordered, or with a strange token in it."""
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(len(text), begin + draw(st.sampled_from([1, 3, 20, 400])))))
    match draw(st.sampled_from(["cut", "tear", "double", "token", "shuffle"])):
        case "cut":
            return text[:begin]
        case "tear":
            return text[:begin] + text[end:]
        case "double":
            return text[:end] + text[begin:]
        case "shuffle":
            lines = text.split("\n")
            at = draw(st.integers(0, len(lines) - 1))
            return "\n".join(lines[at:] + lines[:at])
        case _:
            return text[:begin] + draw(st.sampled_from(TOKENS)) + text[end:]


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value in a JSON-like tree, the tree itself excluded."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [found for key, value in pairs for found in ((*path, key), *places(value, (*path, key)))]


def damaged_tree(draw: Draw, tree: Any, keep_shape: bool) -> Any:
    """Return a copy of `tree` with one value replaced or removed; `keep_shape`: by one of its kind."""
    found = places(tree)
    if keep_shape:
        found = [path for path in found if not isinstance(at(tree, path), dict | list | bool | None)]
    if not found:
        return tree if keep_shape else draw(st.sampled_from(LEAVES))
    path = draw(st.sampled_from(found))
    tree = copy.deepcopy(tree)
    holder, before = at(tree, path[:-1]), at(tree, path)
    if keep_shape:
        holder[path[-1]] = alike(draw, before)
    elif isinstance(before, str) and draw(st.booleans()):
        holder[path[-1]] = damaged_text(draw, before)
    elif draw(st.booleans()):
        holder[path[-1]] = draw(st.sampled_from(LEAVES))
    else:
        del holder[path[-1]]
    return tree


def alike(draw: Draw, value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, str):
        return value + draw(st.sampled_from(["x", "č{n}", "\n"]))
    if isinstance(value, int):
        return draw(st.sampled_from([0, 1, value + 1, 2**63]))
    return draw(st.sampled_from([0.0, 1.0, value * 2, 1e18]))


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    """Return the value at `path`."""
    for key in path:
        tree = tree[key]
    return tree


def damaged(draw: Draw, key: str, answer: Any) -> Any:
    """Return a damaged version of one recorded answer."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from(ERRORS))
    if isinstance(answer, dict) and "error" in answer and len(answer) <= 2:
        return draw(st.sampled_from(ERRORS))
    if key.startswith("query:bytes") and isinstance(answer, str):
        content = damaged_text(draw, base64.b64decode(answer).decode("latin-1"))
        return base64.b64encode(content.encode("latin-1", "replace")).decode()
    if key.startswith("query:http") and isinstance(answer, dict):
        return answer | {"body": damaged_string(draw, str(answer.get("body", "")))}
    if isinstance(answer, str):
        return damaged_string(draw, answer)
    return damaged_tree(draw, answer, key.startswith(OWN))


def damaged_string(draw: Draw, text: str) -> str:
    """Return `text` damaged as a text or, where it is JSON, as a tree."""
    if text.lstrip()[:1] in ("{", "[") and draw(st.booleans()):
        try:
            return json.dumps(damaged_tree(draw, json.loads(text), keep_shape=False))
        except (ValueError, RecursionError):
            pass
    return damaged_text(draw, text)


def damaged_recording(draw: Draw, recording: dict[str, Any]) -> dict[str, Any]:
    """Return a recording like this one with one to three of its answers damaged."""
    recording = copy.deepcopy({key: value for key, value in recording.items() if key != "expected"})
    steps = [recording.get("answers", {}), *(step.get("answers", {}) for step in recording.get("steps", []))]
    spots = [(step, key) for step in steps for key in step]
    for _ in range(draw(st.integers(1, 3))):
        if spots:
            step, key = draw(st.sampled_from(spots))
            step[key] = damaged(draw, key, step[key])
    return recording
