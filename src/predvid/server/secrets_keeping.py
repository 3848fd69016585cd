"""What `predvid secrets` does once the models are loaded: rotation, recovery, verification, the list."""

import os
from datetime import UTC, datetime
from pathlib import Path

from django.db import DatabaseError, transaction
from django.utils import translation
from django.utils.translation import gettext

from predvid.core.errors import UserError
from predvid.modules.access import audit, key_file, queries_secrets, recovery_file, rotation, vault
from predvid.modules.access.envelope import Masters
from predvid.modules.access.key_file import KeyUnusable
from predvid.modules.access.rules import PLATFORM, Subject

rotate, verify = rotation.rotate, rotation.verify


def write_recovery(path: Path, passphrase: str, now: datetime) -> str:
    """Write a new recovery file, for our eyes only; return the id of the key in force. Raises UserError."""
    vault.prepare()
    masters = vault.held_masters()
    text = recovery_file.wrap(masters, passphrase)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError("%(path)s cannot be written: %(reason)s.", path=str(path), reason=reason) from None
    key = masters[0].id
    with transaction.atomic():
        subject, after = Subject("key", "", key), {"key": key}
        audit.record(PLATFORM, "secrets.recovery_made", subject, None, now, after=after, why="command line")
    return key


def restore(path: Path, passphrase: str) -> tuple[str, str]:
    """Put the keys of a recovery file before those that are there; return the key file and the first's id.

    Raises UserError: a wrong passphrase, or keys that do not open this installation's secrets (then nothing
    is written).
    """
    try:
        masters = recovery_file.unwrap(path.read_text(encoding="utf-8"), passphrase)
    except (OSError, UnicodeDecodeError):
        raise UserError("%(path)s cannot be read: name a text file.", path=str(path)) from None
    home = vault.key_path()
    with key_file.held(home):
        present = _present(home)
        keys = (*masters, *(master for master in present if master not in masters))
        vault.fits(keys)
        key_file.write(home, keys)
    return str(home), masters[0].id


def _present(home: Path) -> Masters:
    """Return the keys that are there; a file that cannot be read as keys is put aside, not lost."""
    try:
        return key_file.masters(home) if home.exists() else ()
    except KeyUnusable:
        os.replace(home, home.with_name(f"{home.name}.damaged"))
        return ()


def listed() -> list[dict[str, str]]:
    """Return all secrets as rows of text: never what they hold."""
    return [
        {
            "id": str(row.pk),
            "client": row.client.name,
            "name": row.name,
            "kind": row.kind,
            "changed": row.changed_at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            "who": row.changed_by.name if row.changed_by else "",
        }
        for row in queries_secrets.every(PLATFORM)
    ]


def worded(error: UserError, language: str) -> str:
    """Return what an error says, in `language`."""
    with translation.override(language):
        said = gettext(error.pattern)
    return said % error.values if error.values else said


def looked_at() -> tuple[KeyUnusable | None, str]:
    """Return why no secret can be opened now (None: all is well) and the file of the key, empty if unused.

    Raises UserError where the database cannot be asked.
    """
    try:
        return vault.trouble(), str(vault.key_path()) if vault.in_use() else ""
    except DatabaseError as error:
        raise unusable(error) from None


def unusable(error: DatabaseError) -> UserError:
    """Return the one line that tells people of an error of the database."""
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return UserError("The database cannot be used: %(reason)s.", reason=reason)
