"""The facts of one device stay within a budget, and what does not fit is told."""

import fleet
from predvid.wire import v1
from simulated import Device, Link

BIG = "x" * 1_000_000
MANY = [f"system.{n}" for n in range(9)]  # eight have room


def send(link: Link, device: Device, name: str, value: str) -> None:
    link.ack(device, device.batch("inventory", [], facts=[v1.FactRow("inventory", name, value)]))


def test_facts_beyond_the_budget_are_left_out_and_told_and_one_that_shrinks_makes_room(link: Link) -> None:
    device = fleet.enrol(link)
    for name in MANY:
        send(link, device, name, BIG)
    row = fleet.row(device)
    assert {fact.name for fact in row.facts.all()} == set(MANY[:8])
    assert [event.target for event in row.events.filter(kind="agent.fact_refused")] == [MANY[8]]
    send(link, device, MANY[0], "small")
    send(link, device, MANY[8], BIG)
    assert {fact.name for fact in row.facts.all()} == set(MANY)
