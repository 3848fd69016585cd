"""`predvid check list | run | scaffold`: checks at the desk, live or on a recording, and new ones."""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from predvid.checks import registry
from predvid.checks.collecting import Collected, collect, inapplicable, judge
from predvid.checks.recording import MAX_RECORDING, Outcome, Recording, RecordingSource, load, replay
from predvid.checks.source import Source
from predvid.checks.v1 import Check
from predvid.core.errors import UserError
from predvid.core.model import State
from predvid.core.options import Options
from predvid.core.policy import BadSetting, with_values
from predvid.edge import scaffolding
from predvid.edge.check_list import columns, page
from predvid.edge.check_report import check_row, outcome_data, outcome_tables
from predvid.edge.decoding import decoded
from predvid.edge.sources.local import local_source

RATE_PAUSE = 1.0  # seconds between the two runs that a rate needs


def _parser() -> argparse.ArgumentParser:
    shared = Options(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON instead of tables")
    shared.add_argument("--lang", choices=("hr", "en"), help="language of messages (default: by LANG)")
    parser = Options(prog="predvid check", description="Lists the checks, runs one, or begins a new one.")
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="list|run|scaffold", parser_class=Options
    )
    verbs.add_parser("list", parents=[shared], help="checks, their parameters, whether they apply here")
    run = verbs.add_parser("run", parents=[shared], help="run one check once, live or on a recording")
    run.add_argument("name", help="name of the check")
    run.add_argument("--replay", metavar="FILE", help="run on a recording instead of this device")
    run.add_argument("--record", metavar="FILE", help="write a recording of this live run")
    run.add_argument("--param", action="append", default=[], metavar="FIELD=VALUE",
                     help="set a parameter; used.warning=80 reaches into levels")  # fmt: skip
    _scaffold_options(verbs.add_parser("scaffold", parents=[shared], help="write a new check that works"))
    worse = "exit with status 1 if a result is at least this bad; UNKNOWN is worse than warning"
    run.add_argument("--fail-on", choices=("warning", "critical"), help=worse)
    return parser


def _scaffold_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", help="name of the new check: small letters, digits and _")
    parser.add_argument(
        "--platform", default="linux,windows,macos", help="where it runs (default: all three)"
    )
    parser.add_argument("--into", type=Path, default=Path(), metavar="DIR",
                        help="the checkout, or the package's folder (default: the current one)")  # fmt: skip
    parser.add_argument("--plugin", action="store_true", help="write a package of its own")


def check(arguments: list[str]) -> int:
    """Run the verb; return 0 done, 1 a result is as bad as --fail-on says. Raises UserError on bad input."""
    options = _parser().parse_args(arguments)
    language = options.lang or _language()
    for plugin in registry.broken():
        print(f"predvid check: plug-in {plugin.name} is disabled: {plugin.reason}", file=sys.stderr)
    verbs = {"list": _list, "run": _run, "scaffold": _scaffold}
    return verbs[options.verb](options, language)


def _language() -> str:
    """Return the language that the environment asks for (locale(7): LC_ALL, LC_MESSAGES, LANG)."""
    chosen = next(
        (value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), ""
    )
    return "hr" if chosen.lower().startswith("hr") else "en"


def _list(options: argparse.Namespace, language: str) -> int:
    source, texts = local_source(), registry.texts()
    rows = [
        check_row(each, inapplicable(each, source), language, texts) for each in registry.checks().values()
    ]
    if options.json:
        print(json.dumps(rows, ensure_ascii=False))
    else:
        print("\n".join(page(rows, source.platform, language, columns())))
    return 0


def _run(options: argparse.Namespace, language: str) -> int:
    found = registry.checks().get(options.name)
    if found is None:
        raise UserError(f"no check '{options.name}'; there are: {', '.join(registry.checks())}")
    params = _params(found, options.param)
    if options.replay and options.record:
        raise UserError("--replay and --record exclude each other")
    if options.replay:
        outcome = replay(found, read_recording(options.replay, found), params)
    else:
        outcome = _live(found, params, options.record)
    data = outcome_data(found, outcome, language, registry.texts())
    if options.json:
        print(json.dumps(data, ensure_ascii=False))
    elif shown := outcome_tables(data, language):
        print(shown)
    if data["error"]:
        print(f"predvid check: {data['error']}", file=sys.stderr)
    return _status(outcome, options.fail_on)


def _scaffold(options: argparse.Namespace, language: str) -> int:
    name, on = scaffolding.checked_name(options.name), scaffolding.platforms(options.platform)
    make = scaffolding.plugin_files if options.plugin else scaffolding.builtin_files
    files = make(name, options.into.absolute())
    scaffolding.write(name, on, files)
    if options.json:
        print(json.dumps({"check": name, "files": [str(path) for path in files]}, ensure_ascii=False))
    else:
        print("\n".join(scaffolding.next_steps(name, files, options.plugin, language)))
    return 0


def _params(found: Check, given: list[str]) -> Any:
    values = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UserError(f"--param {pair}: give FIELD=VALUE")
        values[name] = value
    try:
        return with_values(found.name, found.params, values)
    except BadSetting as error:
        raise UserError(str(error)) from None


def read_recording(path: str, found: Check) -> Recording:
    """Return the recording in the file `path`, or the one that `found` makes of its tool's raw output.

    Raises UserError naming the file and what is wrong with it.
    """
    try:
        with Path(path).open("rb") as file:
            content = file.read(MAX_RECORDING + 1)
        return load(decoded(content), found.replay)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: the recording is not UTF-8 text") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _live(found: Check, params: Any, record: str | None) -> Outcome:
    """Run once; a check that gives nothing yet, since it measures rates, runs again a second later."""
    source: Source = local_source()
    recorder = RecordingSource(source) if record else None
    source = recorder or source
    reason = inapplicable(found, source)
    state: dict[str, Any] = {}
    got = Collected(error=reason) if reason else collect(found, source, params, state)
    events = list(got.events)
    if not (got.samples or got.facts or got.error):
        time.sleep(RATE_PAUSE)
        if recorder:
            recorder.next_run()
        got = collect(found, source, params, state)
        events += got.events
    if record and recorder:
        _write(record, recorder.recording())
    results, failure = judge(found, got.samples, params)
    return Outcome(got.facts, got.samples, events, results, got.error or failure)


def _write(path: str, recording: dict[str, Any]) -> None:
    try:
        Path(path).write_text(json.dumps(recording, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from None


def _status(outcome: Outcome, fail_on: str | None) -> int:
    if fail_on is None:
        return 0
    worst = max((result.state for result in outcome.results), default=State.OK)
    if outcome.error is not None:
        worst = max(worst, State.UNKNOWN)
    return int(worst >= State[fail_on.upper()])
