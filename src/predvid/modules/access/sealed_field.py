"""A column whose values are sealed. Rotation and verification find every such column by its type.

A value is put in by `vault.seal(row, name, plain)` and read by `vault.unseal(row, name)`; the row must have
its primary key by then, for the value is bound to it.
"""

from django.db import models


class SealedField(models.BinaryField):  # type: ignore[type-arg]  # generic in the stubs alone
    """Bytes of `envelope.seal`; empty where there is nothing."""
