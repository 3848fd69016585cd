"""Runs one of the harnesses here under libFuzzer, beginning with its seeds."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import atheris


def feed(options: list[str], one_input: Callable[[bytes], None], seeds: Sequence[bytes]) -> None:
    """Fuzz `one_input` from `seeds`; libFuzzer ends the process, with status 77 if an exception got out."""
    corpus = Path(tempfile.mkdtemp(prefix="predvid-corpus-"))
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([*options, str(corpus)], one_input)
    atheris.Fuzz()
