"""The language of the server's own verbs: `--lang`, else that of the environment's locale, else English."""

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass

from predvid.core.model import Said, Value
from predvid.core.wording import LANGUAGES, Texts, plainly


@dataclass(frozen=True, slots=True)
class Speech:
    """Words the sentences of `texts` in `language` (hr or en)."""

    language: str
    texts: Texts

    def __call__(self, id: str, **values: Value) -> str:
        """Return the sentence `id` with `values` in it."""
        return plainly(Said(id, values), self.language, self.texts)


def of_environment(env: Mapping[str, str]) -> str:
    """Return `hr` where the locale (POSIX: LC_ALL, then LC_MESSAGES, then LANG) is Croatian, else `en`."""
    chosen = env.get("LC_ALL") or env.get("LC_MESSAGES") or env.get("LANG") or ""
    return "hr" if chosen.lower().startswith("hr") else "en"


def add_language(parser: argparse.ArgumentParser) -> None:
    """Give a verb the option `--lang`."""
    parser.add_argument(
        "--lang", choices=LANGUAGES, default=of_environment(os.environ), help="language of what is said"
    )
