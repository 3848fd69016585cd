"""The one error that reaches a person: a sentence that says what happened and what to do."""


class UserError(Exception):
    """Bad input or a state that the person can change; `status` is the exit status (2: bad usage)."""

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status
