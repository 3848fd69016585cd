"""Passkeys by the `webauthn` library: what the browser is asked, and whether what it answers is genuine."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from predvid.modules.access.factor_rules import Party

LONGEST = 20_000  # bytes of an answer: an attestation with its certificates
TIMEOUT = 120_000  # ms that a person may take
MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError)


class NotGenuine(Exception):
    """The browser's answer does not prove what was asked."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a browser has made."""

    credential: bytes
    public_key: bytes
    sign_count: int


def to_make(person: Any, known: Iterable[bytes], challenge: bytes, party: Party) -> str:
    """Return (as JSON) what asks a browser to make a passkey that signs in by itself, after unlocking it."""
    return options_to_json(
        generate_registration_options(
            rp_id=party.id,
            rp_name="Predvid",
            user_id=person.pk.bytes,
            user_name=person.email,
            user_display_name=person.name,
            challenge=challenge,
            timeout=TIMEOUT,
            exclude_credentials=_described(known),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
    )


def to_use(allowed: Iterable[bytes], challenge: bytes, party: Party) -> str:
    """Return (as JSON) what asks a browser for one of the `allowed` passkeys; of any when there are none."""
    return options_to_json(
        generate_authentication_options(
            rp_id=party.id,
            challenge=challenge,
            timeout=TIMEOUT,
            allow_credentials=_described(allowed),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
    )


def _described(credentials: Iterable[bytes]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=credential) for credential in credentials]


def made(answer: str, challenge: bytes, party: Party) -> NewPasskey:
    """Return the passkey that a browser has made. Raises NotGenuine."""
    _short(answer)
    try:
        verified = verify_registration_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotGenuine(str(error)) from None
    return NewPasskey(verified.credential_id, verified.credential_public_key, verified.sign_count)


def credential_of(answer: str) -> tuple[bytes, bytes]:
    """Return credential id and user handle that an answer names. Raises NotGenuine."""
    _short(answer)
    try:
        words = json.loads(answer)
        handle = words["response"].get("userHandle") or ""
        return base64url_to_bytes(words["rawId"]), base64url_to_bytes(handle)
    except MALFORMED as error:
        raise NotGenuine(str(error)) from None


def used(answer: str, challenge: bytes, party: Party, public_key: bytes) -> int:
    """Return the counter that a genuine answer tells. Raises NotGenuine.

    The counter is not judged here: the library would do so before it looks at the signature, and then
    anybody could have a passkey refused as cloned.
    """
    try:
        verified = verify_authentication_response(
            credential=answer,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except MALFORMED as error:
        raise NotGenuine(str(error)) from None
    return verified.new_sign_count


def _short(answer: str) -> None:
    if not 0 < len(answer) <= LONGEST:
        raise NotGenuine("empty or too long")
