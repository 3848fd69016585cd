"""Reads whether a Linux device refuses what nobody asked for, from its rules (libnftables-json(5))."""

from typing import Any

from predvid.checks.readers import plain

DEEPEST = 8
REFUSING = ("drop", "reject")
Chain = tuple[str, str, str]  # family, table, name


def refuses(text: str) -> bool:
    """Tell whether some base chain of input refuses by its policy or by a rule without a condition.

    Rules that refuse only some senders (those of fail2ban) do not count. Raises CannotRead where `text` is no
    such JSON.
    """
    objects = plain.within(plain.parsed(text, "nft"), "nftables")
    chains = [row["chain"] for row in plain.records(objects) if isinstance(row.get("chain"), dict)]
    rules: dict[Chain, list[Any]] = {}
    for row in objects if isinstance(objects, list) else ():
        rule = plain.within(row, "rule")
        if isinstance(rule, dict):
            rules.setdefault(_place(rule, "chain"), []).append(rule.get("expr"))
    inputs = [chain for chain in chains if chain.get("hook") == "input" and chain.get("type") == "filter"]
    return any(
        chain.get("policy") == "drop" or _refused(rules, _place(chain, "name"), DEEPEST) for chain in inputs
    )


def _place(row: dict[str, Any], name: str) -> Chain:
    return plain.text(row.get("family")), plain.text(row.get("table")), plain.text(row.get(name))


def _refused(rules: dict[Chain, list[Any]], chain: Chain, deepest: int) -> bool:
    for expression in rules.get(chain, ()):
        statements = (
            [each for each in expression if isinstance(each, dict)] if isinstance(expression, list) else []
        )
        names = {name for statement in statements for name in statement}
        if "match" in names or "limit" in names:
            continue
        if names & set(REFUSING):
            return True
        for statement in statements:
            target = plain.within(statement, "jump", "target") or plain.within(statement, "goto", "target")
            inner = (chain[0], chain[1], plain.text(target))
            if target and deepest and _refused(rules, inner, deepest - 1):
                return True
    return False
