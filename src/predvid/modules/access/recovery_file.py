"""The recovery file: the master keys under a passphrase (Argon2id, RFC 9106; XSalsa20-Poly1305), as JSON.

Whoever has it and the passphrase has the keys; it belongs on paper or into a safe, not beside the backups.
"""

import base64
import json
from typing import Any

from nacl import pwhash, secret
from nacl.exceptions import CryptoError
from nacl.utils import random

from predvid.core.errors import UserError
from predvid.modules.access.envelope import BadKeyFile, Masters, read, written

TITLE = "predvid secrets recovery 1"
MIN_PASSPHRASE = 12
OPERATIONS, MEMORY = pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE  # 3 passes, 256 MiB
MOST_OPERATIONS, MOST_MEMORY = 10, 1 << 30  # that a file may ask of us


class RecoveryRefused(UserError):
    """The passphrase is too short or wrong, or the file is none of ours or damaged."""


def wrap(masters: Masters, passphrase: str) -> str:
    """Return the text of a recovery file. Raises RecoveryRefused for a short passphrase."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise RecoveryRefused("The passphrase must have at least %(n)s characters.", n=MIN_PASSPHRASE)
    salt = random(pwhash.argon2id.SALTBYTES)
    box = secret.SecretBox(_key(passphrase, salt, OPERATIONS, MEMORY)).encrypt(written(masters).encode())
    rows = {
        "file": TITLE,
        "keys": [master.id for master in masters],
        "operations": OPERATIONS,
        "memory": MEMORY,
        "salt": base64.b64encode(salt).decode(),
        "box": base64.b64encode(bytes(box)).decode(),
    }
    return json.dumps(rows, indent=1) + "\n"


def unwrap(text: str, passphrase: str) -> Masters:
    """Return the master keys in the text of a recovery file. Raises RecoveryRefused."""
    try:
        rows: dict[str, Any] = json.loads(text)
        operations, memory = int(rows["operations"]), int(rows["memory"])
        salt, box = (base64.b64decode(rows[name], validate=True) for name in ("salt", "box"))
        if rows["file"] != TITLE or not 1 <= operations <= MOST_OPERATIONS or memory > MOST_MEMORY:
            raise ValueError
        key = _key(passphrase, salt, operations, memory)
    except (ValueError, TypeError, KeyError, RecursionError, CryptoError):
        raise RecoveryRefused("This is no recovery file of secrets, or it is damaged.") from None
    try:
        return read(secret.SecretBox(key).decrypt(box).decode("ascii"))
    except (CryptoError, UnicodeDecodeError, BadKeyFile):
        raise RecoveryRefused("The passphrase is wrong, or the recovery file is damaged.") from None


def _key(passphrase: str, salt: bytes, operations: int, memory: int) -> bytes:
    size = secret.SecretBox.KEY_SIZE
    key: bytes = pwhash.argon2id.kdf(size, passphrase.encode(), salt, opslimit=operations, memlimit=memory)
    return key
