"""The one error that reaches a person: a sentence that says what happened and what to do."""


class UserError(Exception):
    """Bad input or a state that the person can change; `status` is the exit status (2: bad usage).

    With `values`, `message` is a pattern with places like `%(name)s`: pages translate the pattern, then fill
    it in; everyone else reads the error's text, which is filled in already.
    """

    def __init__(self, message: str, status: int = 2, **values: str | int | float) -> None:
        super().__init__(message % values if values else message)
        self.pattern = message
        self.values = values
        self.status = status
