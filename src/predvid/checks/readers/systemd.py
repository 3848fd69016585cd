"""Reads the output of `systemctl show` (systemctl(1)): blocks of `Property=value`, one block per unit."""

from collections.abc import Iterator


def parse_show(text: str) -> Iterator[dict[str, str]]:
    """Yield the properties of each unit that has an `Id`; lines without `=` are skipped."""
    for block in text.split("\n\n"):
        pairs = (line.partition("=") for line in block.splitlines())
        unit = {name: value for name, equals, value in pairs if equals}
        if unit.get("Id"):
            yield unit
