"""What a message is, whatever way it goes out."""

from dataclasses import dataclass, field
from typing import Any


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
