"""The table of roles in docs/people.md is the one in the code."""

from house.tree import ROOT
from predvid.modules.access.models import Person
from predvid.modules.access.rules import DANGEROUS, MSP_WIDE, VERBS


def table() -> list[str]:
    """Return the table as the code has it."""
    roles = [str(role) for role in Person.Role.values]
    heads = " | ".join(role.replace("_", " ") for role in roles)
    lines = [f"| verb | {heads} | needs |", "| --- |" + " :-: |" * len(roles) + " --- |"]
    for verb in sorted(VERBS):
        marks = " | ".join("x" if role in VERBS[verb] else "" for role in roles)
        needs = [
            words
            for words, verbs in (("all clients", MSP_WIDE), ("a fresh proof", DANGEROUS))
            if verb in verbs
        ]
        lines.append(f"| `{verb}` | {marks} | {', '.join(needs)} |")
    return lines


def test_the_table_of_roles_is_not_stale() -> None:
    text = (ROOT / "docs" / "people.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in text if line.startswith("|")] == table()
