"""What a message is, whatever way it goes out."""

from dataclasses import dataclass, field
from typing import Any


class NotSent(Exception):
    """A message did not go out, and the text says why, for people; it holds no secret.

    `final`: trying again would change nothing. `away`: the other side does not answer at all, so that the
    rest for it may wait too.
    """

    def __init__(self, text: str, *, final: bool = False, away: bool = False) -> None:
        super().__init__(text)
        self.final, self.away = final, away


@dataclass(frozen=True)
class Message:
    """One message in words: plain `text` and its `html`, for mail; `data` for programs.

    `key` is the same for each try, so that a receiver knows a repeated one; `answers` is the key of the
    message that it continues, empty for the first. `moment` (seconds since 1970) is that of the try.
    """

    key: str
    subject: str
    text: str
    moment: int
    html: str = ""
    to: str = ""
    answers: str = ""
    data: dict[str, Any] = field(default_factory=dict)
