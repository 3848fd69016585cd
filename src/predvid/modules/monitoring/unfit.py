"""Tells whether a value can be kept as a setting, and names the field of one that cannot."""

import json
import re
from typing import Any

from predvid.checks import registry
from predvid.core.errors import UserError
from predvid.core.policy import BadSetting, checked
from predvid.modules.monitoring.rules import runs_by_default

NAME = re.compile(r"@?[A-Za-z_][A-Za-z0-9_]*(\.[a-z_]+)?")
LONGEST = 4_000  # characters of one value as JSON


class Unfit(UserError):
    """A value does not fit the field that it is for; `field` names it, `why` says what is wrong."""

    @property
    def field(self) -> str:
        """Return the name of the field."""
        return str(self.values["field"])

    @property
    def why(self) -> str:
        """Return what is wrong with the value."""
        return str(self.values["why"])


def fit(check: str, name: str, value: Any) -> None:
    """Return if a value can be kept for a field; raise Unfit. Of a check that is not installed any waits."""
    why = _flaw(check, name, value)
    if why:
        raise Unfit("%(field)s: this value does not fit (%(why)s).", field=name[:60], why=why)


def _flaw(check: str, name: str, value: Any) -> str:
    if not NAME.fullmatch(name) or len(name) > 60 or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,59}", check):
        return "no such field"
    if value is None:
        return "null is no value; reset the field instead"
    if len(json.dumps(value)) > LONGEST:
        return f"at most {LONGEST} characters"
    found = registry.checks().get(check)
    try:
        if found is not None:
            checked(check, found.params, runs_by_default(found, ""), name, value)
    except BadSetting as error:
        return str(error)
    return ""
