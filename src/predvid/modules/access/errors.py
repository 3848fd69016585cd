"""What a query says of a row that the viewer may not see: it does not exist."""


class NotVisible(Exception):
    """No such row for this viewer; pages answer 404, whether it is foreign or missing."""
