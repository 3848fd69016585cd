"""The rules that one file can break alone: each takes a Source and yields what is wrong with it."""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from house.tree import Function, Source

Rule = Callable[[Source], Iterator[str]]

EMPTY_NAMES = re.compile(r"^(utils?|helpers?|common|managers?)$")
ANSWERS_TO_API = {"applies", "collect", "judge"}  # documented once, in checks/v1.py
CLOCK = re.compile(r"^(datetime\.)?(datetime|date)\.(now|utcnow|today)$|^time\.")
BANNED_CALLS = re.compile(
    r"^(eval|exec|__import__|os\.(system|popen)|yaml\.(load|unsafe_load)|(pickle|marshal|shelve|dill)\..*)$"
)
BANNED_IMPORTS = re.compile(r"^(pickle|marshal|shelve|dill)\b")
SIGNALS = re.compile(r"^django\.(dispatch|db\.models\.signals|core\.signals|contrib\.auth\.signals)\b")


def short_file(source: Source) -> Iterator[str]:
    """No file is longer than 400 lines."""
    if (lines := source.text.count("\n")) > 400:
        yield f"{lines} lines"


def short_functions(source: Source) -> Iterator[str]:
    """No function is longer than 50 lines, docstring included."""
    for function in source.functions:
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > 50:
            yield f"{function.name}: {lines} lines"


def telling_names(source: Source) -> Iterator[str]:
    """No file or folder has a name that says nothing."""
    path = PurePosixPath(source.path)
    yield from (part for part in (*path.parent.parts, path.stem) if EMPTY_NAMES.match(part))


def imports_on_top(source: Source) -> Iterator[str]:
    """No function imports anything."""
    for function in source.functions:
        for node in ast.walk(function):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield f"line {node.lineno}: import inside {function.name}"


def module_docstring(source: Source) -> Iterator[str]:
    """Every module opens with a sentence that says what it is."""
    if source.by_django:
        return
    first = (ast.get_docstring(source.tree) or "").split("\n\n")[0]
    if not first.endswith("."):
        yield "no sentence on top"


def docstrings(source: Source) -> Iterator[str]:
    """Public functions, classes and methods of classes without a base say what they give."""
    if not source.by_django:
        yield from _undocumented(source, source.tree.body)


def _undocumented(source: Source, body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if not isinstance(node, Function | ast.ClassDef) or node.name.startswith("_"):
            continue
        in_check = source.under("checks/builtin")
        excused = in_check and (node.name in ANSWERS_TO_API or node.name.endswith("Params"))
        if ast.get_docstring(node) is None and not excused:
            yield f"line {node.lineno}: {node.name} has no docstring"
        if isinstance(node, ast.ClassDef) and not node.bases:
            yield from _undocumented(source, node.body)


def no_hidden_calls(source: Source) -> Iterator[str]:
    """No signals and no save() overrides: what happens is written where it happens."""
    yield from (f"line {line}: {name}" for line, name in source.imports if SIGNALS.match(name))
    if "/modules/" in source.path:
        yield from (f"line {f.lineno}: save()" for f in source.functions if f.name == "save")


def check_imports(source: Source) -> Iterator[str]:
    """A check imports the check API, readers and the standard library, nothing else."""
    if not source.under("checks/builtin"):
        return
    for line, name in source.imports:
        own = name.startswith(("predvid.checks.v1.", "predvid.checks.readers."))
        if not own and name.split(".")[0] not in sys.stdlib_module_names:
            yield f"line {line}: imports {name}"


def no_clock(source: Source) -> Iterator[str]:
    """The pure rooms are told the time; they never ask."""
    if not source.pure:
        return
    yield from (f"line {line}: imports time" for line, name in source.imports if CLOCK.match(f"{name}."))
    yield from (f"line {call.lineno}: {name}()" for call, name in source.calls if CLOCK.match(name))


def no_banned_calls(source: Source) -> Iterator[str]:
    """Nothing turns data into code: no pickle, eval, exec, shell or unsafe YAML."""
    yield from (f"line {line}: {name}" for line, name in source.imports if BANNED_IMPORTS.match(name))
    for call, name in source.calls:
        shell = any(
            word.arg == "shell" and not (isinstance(word.value, ast.Constant) and word.value.value is False)
            for word in call.keywords
        )
        if shell or BANNED_CALLS.match(name):
            yield f"line {call.lineno}: {name}"


def one_door_to_chdb(source: Source) -> Iterator[str]:
    """Only the store process opens chDB: one file of the server imports it."""
    if source.path.startswith("src/") and not source.under("server/chdb_engine.py"):
        found = (line for line, name in source.imports if name.split(".")[0] == "chdb")
        yield from (f"line {line}: imports chdb" for line in found)
