"""Secrets on their way to a check: what kinds there are, and the words inside `PlannedCheck.sealed`.

`Handed` is msgpack, sealed to the agent's X25519 key. It says for which agent, check and version of the plan
it was made: a box taken from one place of a plan opens nowhere else.
"""

from typing import Any, ClassVar, Literal

import msgspec

LONGEST = 16 << 10  # characters of one field: a private key is the longest


class _Value(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """The fields of one secret; none of them is ever shown by accident."""

    SECRET: ClassVar[frozenset[str]] = frozenset()  # the fields that are no mere name or choice

    def __repr__(self) -> str:
        return f"{type(self).__name__}(<secret>)"

    def __rich_repr__(self) -> Any:
        yield "<secret>"


class SnmpCommunity(_Value, frozen=True, tag="snmp_v2c"):
    """SNMP v1 and v2c (RFC 3584)."""

    SECRET = frozenset({"community"})
    community: str


class SnmpUser(_Value, frozen=True, tag="snmp_v3"):
    """SNMP v3, user-based security (RFC 3414, 3826, 7860)."""

    SECRET = frozenset({"auth_secret", "privacy_secret"})
    user: str
    auth: Literal["", "SHA-512", "SHA-384", "SHA-256", "SHA-224", "SHA-1", "MD5"] = ""
    auth_secret: str = ""
    privacy: Literal["", "AES-256", "AES-192", "AES-128", "DES"] = ""
    privacy_secret: str = ""


class SshPassword(_Value, frozen=True, tag="ssh_password"):
    """SSH by password."""

    SECRET = frozenset({"password"})
    user: str
    password: str


class SshKey(_Value, frozen=True, tag="ssh_key"):
    """SSH by a private key (OpenSSH or PEM), with its passphrase if it has one."""

    SECRET = frozenset({"key", "passphrase"})
    user: str
    key: str
    passphrase: str = ""


class DirectoryBind(_Value, frozen=True, tag="directory_bind"):
    """A directory (LDAP, Active Directory): the name to bind with and its password."""

    SECRET = frozenset({"password"})
    user: str
    password: str


class WebToken(_Value, frozen=True, tag="web_token"):
    """A token for an HTTP or cloud interface."""

    SECRET = frozenset({"token"})
    token: str


class CloudApplication(_Value, frozen=True, tag="cloud_app"):
    """An application registered at a cloud: its directory (tenant), its id and its secret."""

    SECRET = frozenset({"secret"})
    directory: str
    application: str
    secret: str


SecretValue = SnmpCommunity | SnmpUser | SshPassword | SshKey | DirectoryBind | WebToken | CloudApplication
KINDS: dict[str, type[SecretValue]] = {
    str(kind.__struct_config__.tag): kind
    for kind in (SnmpCommunity, SnmpUser, SshPassword, SshKey, DirectoryBind, WebToken, CloudApplication)
}


class HandedSecret(msgspec.Struct, frozen=True, array_like=True):
    """One secret for a check; `target` names what it is for where a check has several."""

    target: str
    value: SecretValue


class Handed(msgspec.Struct, frozen=True):
    """What a sealed box holds: the context it was made for, and the secrets."""

    agent: str
    check: str
    version: int
    secrets: list[HandedSecret]


def kind_of(value: SecretValue) -> str:
    """Return the kind of a secret, as tables and checks name it."""
    return str(value.__struct_config__.tag)
