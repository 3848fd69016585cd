"""Command-line options whose errors are one clear line, like every other error of the command line."""

import argparse
from typing import NoReturn

from predvid.core.errors import UserError


def sentence(what: str) -> str:
    """Return a help text as a sentence; only its first letter changes, for names such as SIGTERM stay."""
    return f"{what[:1].upper()}{what[1:]}."


class Options(argparse.ArgumentParser):
    """An ArgumentParser for the options of one verb; its subparsers are of this kind too."""

    def error(self, message: str) -> NoReturn:
        """Raise UserError: one line instead of a page of usage."""
        raise UserError(f"{message} (see {self.prog} --help)")
