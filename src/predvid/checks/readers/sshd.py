"""Reads how an OpenSSH server lets people in: `sshd -T` (sshd(8)), else its files (sshd_config(5)).

In the files the first value of a word counts, and what stands in a `Match` block counts for some only: it is
passed over. Defaults are those of sshd_config(5).
"""

import posixpath
from dataclasses import dataclass
from fnmatch import fnmatchcase

from predvid.checks.errors import CannotRead, NotHere
from predvid.checks.readers import plain
from predvid.checks.source import Source

CONFIG = {"windows": "C:/ProgramData/ssh/sshd_config"}
USUAL = "/etc/ssh/sshd_config"
DEFAULTS = {
    "permitrootlogin": "prohibit-password",
    "passwordauthentication": "yes",
    "kbdinteractiveauthentication": "yes",
    "usepam": "no",
    "port": "22",
}
MOST_LINES, MOST_FILES = 2000, 50


@dataclass(frozen=True, slots=True)
class Server:
    """Whether anybody, and whether root, may come in with a password; the ports that it is set to."""

    password: bool
    root_password: bool
    ports: tuple[int, ...]


def read(source: Source) -> Server:
    """Return how the server is set; raise NotHere where there is none, CannotRead where it cannot be told."""
    path = CONFIG.get(source.platform, USUAL)
    text = source.text(path)
    if source.platform == "linux":
        try:
            return server(source.run("sshd", "-T"))
        except CannotRead:
            pass  # not root, or the folder /run/sshd is missing: the files tell nearly as much
    return server(_with_included(source, path, text))


def _with_included(source: Source, path: str, text: str) -> str:
    """Return the text with the files of its `Include`s (one level) where they stand."""
    lines = []
    for line in text.splitlines()[:MOST_LINES]:
        words = line.split()
        if len(words) > 1 and words[0].lower() == "include":
            for pattern in words[1:]:
                lines += _included(source, posixpath.join(posixpath.dirname(path), pattern.strip('"')))
        else:
            lines.append(line)
    return "\n".join(lines)


def _included(source: Source, pattern: str) -> list[str]:
    folder, _, last = pattern.rpartition("/")
    try:
        names = [name for name in source.listing(folder) if fnmatchcase(name, last)]
        return [line for name in names[:MOST_FILES] for line in source.text(f"{folder}/{name}").splitlines()]
    except NotHere:
        return []


def server(text: str) -> Server:
    """Return what a configuration, or the output of `sshd -T`, says."""
    found: dict[str, str] = {}
    ports: list[int] = []
    for line in text.splitlines()[:MOST_LINES]:
        words = line.replace("=", " ", 1).split()
        if len(words) < 2 or words[0].startswith("#"):
            continue
        name, value = words[0].lower(), words[1].strip('"').lower()
        if name == "match":
            break
        if name == "port" and (port := plain.whole(value)) and 0 < port < 65536:
            ports.append(port)
        found.setdefault(name.replace("challengeresponse", "kbdinteractive"), value)
    settings = DEFAULTS | found
    by_pam = settings["kbdinteractiveauthentication"] == "yes" and settings["usepam"] == "yes"
    password = settings["passwordauthentication"] == "yes" or by_pam
    root = password and settings["permitrootlogin"] == "yes"
    return Server(password, root, tuple(dict.fromkeys(ports)) or (22,))
