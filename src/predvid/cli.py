"""The `predvid` command: finds each verb by entry point and turns every failure into one clear line."""

import io
import os
import sys
from importlib.metadata import EntryPoint, entry_points

from predvid import __version__
from predvid.core.errors import UserError

GROUP = "predvid.verbs"


def _usage(verbs: dict[str, EntryPoint]) -> str:
    width = max(map(len, verbs), default=0)
    lines = "\n".join(f"  {name:<{width}}  {_about(verbs[name])}" for name in sorted(verbs))
    return f"usage: predvid VERB ...\n\n{lines}\n\nversion {__version__}; each verb takes --help"


def _about(entry: EntryPoint) -> str:
    """Return what a verb does: the sentence on top of its module, without the command that it begins with."""
    try:
        entry.load()
    except ModuleNotFoundError:
        return "(needs the server's install)"
    sentence = (sys.modules[entry.module].__doc__ or "").split("\n\n")[0].strip()
    return sentence.partition("`: ")[2] or sentence


def main(arguments: list[str] | None = None) -> int:
    """Run one verb; return 0 done, 1 the thing looked at is bad, 2 bad usage (with one line on stderr)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal or file of an old encoding lacks some letters
        sys.stdout.reconfigure(errors="replace")
    verbs = {entry.name: entry for entry in entry_points(group=GROUP)}
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage(verbs))
        return 0 if arguments else 2
    if arguments[0] in ("-V", "--version"):
        print(f"predvid {__version__}")
        return 0
    entry = verbs.get(arguments[0])
    if entry is None:
        print(f"predvid: no verb '{arguments[0]}'; there are: {', '.join(sorted(verbs))}", file=sys.stderr)
        return 2
    return _run(entry, arguments[1:])


def _run(entry: EntryPoint, arguments: list[str]) -> int:
    try:
        verb = entry.load()
    except ModuleNotFoundError as error:
        print(
            f"predvid: '{entry.name}' needs the server's install (missing: {error.name}): "
            "pip install 'predvid[server]'",
            file=sys.stderr,
        )
        return 2
    try:
        status = int(verb(arguments) or 0)
        sys.stdout.flush()
        return status
    except UserError as error:
        print(f"predvid {entry.name}: {error}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
