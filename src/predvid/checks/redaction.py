"""Takes secrets out of what is recorded of a device, since a recording is made to be handed on.

What is replayed stays the same, for no check reads a secret (of a product key it tells the last letters).
Known forms go wherever they stand: private keys (RFC 7468 and kin), passwords and tokens in settings,
commands and addresses, SNMP communities, hashes of passwords, product keys of Windows. What has no known
form stays: whoever hands a recording on still looks at it.
"""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

REMOVED = "(removed)"
DEEPEST = 40
_KEY = r"(?:api|access|private|preshared|encryption)[_-]?key"
_WORD = rf"passw(?:or)?d|passwort|passphrase|lozinka|secret|token|{_KEY}"
_SHORT = r"pass|pwd|psk|requirepass|masterauth"
_NAME = rf"(?<![\w.-])(?!nopasswd\b)(?:[\w.-]{{0,60}}?(?:{_WORD})[\w.-]{{0,60}}|(?:{_SHORT}))"
_VALUE = r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s,;&'\"\]})]+"
# The value of a setting about secrets that is none itself; the last ones are those of nsswitch.conf.
_PLAIN = re.compile(
    r"[\"']?(?:yes|no|true|false|on|off|none|null|never|always|enabled|disabled|required|prompt|ask|[*x!]+"
    r"|files|compat|systemd|sss|ldap|winbind|)[\"']?",
    re.IGNORECASE,
)
# So is a small number, where the name goes on after the secret (password_expires=90, but not password=1234).
_NUMBER = re.compile(r"[\"']?\d{1,4}[\"']?")
_NAMES_IT = re.compile(rf"(?:{_WORD}|{_SHORT})[\"']?\s*[:=]>?\s*$", re.IGNORECASE)
_SETTING = re.compile(r"[:=]>?\s*$")
_SECRET_NAME = re.compile(
    rf"(?:[\w.-]*(?:{_WORD})|{_SHORT}|community|(?:default)?digitalproductid\d?|(?:oa3x?original)?productkey)",
    re.IGNORECASE,
)


def _after(pattern: str, flags: int = 0) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str]]:
    """Return a pattern whose groups `keep` and `value` stand for what stays and what goes."""
    return re.compile(pattern, flags | re.IGNORECASE | re.MULTILINE), _without_value


def _without_value(found: re.Match[str]) -> str:
    value, keep = found["value"], found["keep"]
    about = _SETTING.search(keep) and not _NAMES_IT.search(keep)
    if _PLAIN.fullmatch(value) or (about and _NUMBER.fullmatch(value)):
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{keep}{quote}{REMOVED}{quote}"


_FORMS = (
    _after(
        r"(?P<keep>-----BEGIN (?P<kind>(?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1))-----)"
        r"(?P<value>(?s:.+?))(?=-----END (?P=kind)-----|\Z)"
    ),
    _after(r"(?P<keep>^Private-Lines: \d+\n)(?P<value>(?:[A-Za-z0-9+/=]+\n?)+)"),  # PuTTY
    _after(r"(?P<keep>\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@\"']{0,100}:)(?P<value>[^\s@/\"']{1,200})(?=@)"),
    _after(r"(?P<keep>\bauthorization\b[\"']?\s*[:=]\s*[\"']?(?:basic|bearer|negotiate|digest)\s+)(?P<value>[^\s\"']+)"),
    _after(rf"(?P<keep>{_NAME}[\"']?\s*[:=]>?\s*)(?P<value>{_VALUE})"),
    _after(rf"(?P<keep>(?<!\S)--?(?:[\w-]{{0,60}}?(?:{_WORD})|pass|pwd|psk)\s+)(?P<value>(?!-)(?:{_VALUE}))"),
    _after(r"(?P<keep>\b(?:mysql\w*|mariadb\w*|sshpass|mongo\w*)\b[^\n]{0,400}?\s-p\s?)(?P<value>[^\s]+)"),
    _after(r"(?P<keep>\bcurl\b[^\n]{0,400}?\s-u\s?[^\s:]+:)(?P<value>\S+)"),
    _after(r"(?P<keep>\bsnmp\w+\b[^\n]{0,400}?\s-c\s?)(?P<value>\S+)"),
    _after(r"(?P<keep>\bsnmp\w+\b[^\n]{0,400}?\s-A\s?)(?P<value>\S+)"),
    _after(r"(?P<keep>\bsnmp\w+\b[^\n]{0,400}?\s-X\s?)(?P<value>\S+)"),
    _after(r"(?P<keep>^\s*(?:r[ow]community6?|trapcommunity|requirepass|masterauth)\s+)(?P<value>\S+)"),
    _after(r"(?P<keep>^\s*com2sec6?\s+(?:-\S+\s+\S+\s+)?\S+\s+\S+\s+)(?P<value>\S+)"),
    _after(r"(?P<keep>^\s*(?:trap2?sink|informsink)\s+\S+\s+)(?P<value>\S+)"),
    _after(r"(?P<keep>^\s*createUser\s+(?:-e\s+\S+\s+)?\S+\s+)(?P<value>.+)"),
    _after(r"(?P<keep>\bidentified\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?)(?P<value>'[^']*'|\"[^\"]*\")"),
    _after(r"(?P<keep>)(?P<value>\$(?:1|2[abxy]|5|6|7|y|gy|argon2\w*|apr1)\$[./A-Za-z0-9$=,+-]{8,})"),
    _after(r"(?P<keep>)(?P<value>\beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]*)"),  # JSON Web Token (RFC 7519)
    _after(r"(?P<keep>)(?P<value>\b(?:gh[opsu]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abp]-[\w-]{10,}|AKIA[0-9A-Z]{16})\b)"),
    _after(r"(?P<keep>)(?P<value>\b(?:[BCDFGHJKMNPQRTVWXY2346789]{5}-){4}[BCDFGHJKMNPQRTVWXY2346789]{5}\b)"),
)  # fmt: skip


def redacted(value: Any, depth: int = 0) -> Any:
    """Return JSON-like data of the same shape without secrets; what is deeper than DEEPEST goes whole."""
    if depth > DEEPEST:
        return REMOVED
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {
            name: REMOVED if _is_secret(name, held) else redacted(held, depth + 1)
            for name, held in value.items()
        }
    if isinstance(value, list | tuple):
        return _listed([redacted(held, depth + 1) for held in value])
    return value


def _is_secret(name: Any, held: Any) -> bool:
    known = isinstance(name, str) and isinstance(held, str) and _SECRET_NAME.fullmatch(name)
    return bool(known) and not _PLAIN.fullmatch(held)


def _listed(values: list[Any]) -> list[Any]:
    """Return a list without the words that follow an option for a secret (a command line in parts)."""
    for number, (before, word) in enumerate(pairwise(list(values)), 1):
        told = (
            isinstance(before, str) and before.startswith("-") and _SECRET_NAME.fullmatch(before.lstrip("-"))
        )
        if told and isinstance(word, str):
            values[number] = REMOVED
    return values


def _text(text: str) -> str:
    for pattern, instead in _FORMS:
        text = pattern.sub(instead, text)
    return text
