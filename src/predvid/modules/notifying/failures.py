"""Why a message did not go out, in both languages: stored as an id with values, worded when shown."""

from collections.abc import Mapping
from typing import Any

from predvid.core.model import Said
from predvid.core.wording import Text, word

TEXTS = {
    "not_sent.no_server": Text("No mail server is set up.", "Poslužitelj e-pošte nije postavljen."),
    "not_sent.no_kind": Text(
        "There is no kind of channel called {kind}.", "Ne postoji vrsta kanala koja se zove {kind}."
    ),
    "not_sent.sealed": Text(
        "The settings of the channel cannot be opened; see predvid secrets verify.",
        "Postavke kanala ne mogu se otvoriti; vidi predvid secrets verify.",
    ),
    "not_sent.no_mail": Text(
        "The addresses or the subject make no mail.", "Od adresa ili naslova ne može nastati poruka."
    ),
    "not_sent.no_sign_in": Text(
        "The mail server offers no way of signing in that is known here.",
        "Poslužitelj e-pošte ne nudi nijedan poznat način prijave.",
    ),
    "not_sent.sign_in": Text(
        "The mail server refuses the sign-in: {code:int}.", "Poslužitelj e-pošte odbija prijavu: {code:int}."
    ),
    "not_sent.recipient": Text(
        "The mail server refuses the recipient: {code:int} {said}",
        "Poslužitelj e-pošte odbija primatelja: {code:int} {said}",
    ),
    "not_sent.answer": Text(
        "The mail server answers: {code:int} {said}", "Poslužitelj e-pošte odgovara: {code:int} {said}"
    ),
    "not_sent.tls": Text(
        "The server's certificate or TLS is not accepted: {said}",
        "Certifikat ili TLS poslužitelja nije prihvatljiv: {said}",
    ),
    "not_sent.too_slow": Text("The server does not answer in time.", "Poslužitelj ne odgovara na vrijeme."),
    "not_sent.cannot": Text(
        "The mail server cannot do what is asked: {said}", "Poslužitelj e-pošte ne može što se traži: {said}"
    ),
    "not_sent.unreachable": Text("The server does not answer: {said}", "Poslužitelj ne odgovara: {said}"),
    "not_sent.address": Text(
        "The server may not call this address: {said}", "Poslužitelj ne smije zvati tu adresu: {said}"
    ),
    "not_sent.http": Text("It answers with HTTP {code:int}.", "Odgovara s HTTP {code:int}."),
    "not_sent.call": Text(
        "The call was not made or not answered: {said}", "Poziv nije uspio ili nije odgovoren: {said}"
    ),
}


class NotSent(Exception):
    """A message did not go out: an id of TEXTS with values, for people; they hold no secret.

    `final`: trying again would change nothing. `away`: the other side does not answer at all, so that the
    rest for it may wait too.
    """

    def __init__(self, why: str, *, final: bool = False, away: bool = False, **values: str | int) -> None:
        self.said = Said(f"not_sent.{why}", {key: _short(value) for key, value in values.items()})
        self.final, self.away = final, away
        super().__init__(in_words(self.said.id, self.said.values, "en"))


def _short(value: str | int) -> str | int:
    return " ".join(value.split())[:200] if isinstance(value, str) else value


def in_words(said_id: str, values: Mapping[str, Any], language: str) -> str:
    """Return a stored reason in words; empty for none."""
    return word(Said(said_id, values), language, TEXTS) if said_id else ""
