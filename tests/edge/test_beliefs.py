"""What an agent believes: key sets that only grow, roots that follow each other, where its device belongs."""

from operators import Office, signer
from predvid.core.trust import digest
from predvid.edge.update_verb import root_of_releases
from predvid.wire import authority as wire
from predvid.wire.signing import seal
from trusting_fixture import Device, code


def test_key_sets_only_grow_and_live_on(device: Device) -> None:
    old = device.office.keyset()
    newer = device.office.keyset(operators=[wire.OperatorKey("Ivo", device.office.ivo.public)])
    assert device.authority.admit(device.lease(keyset=newer), device.now) is None
    device.again()
    assert device.authority.held().keyset == 3
    assert code(lambda: device.run(device.lease(order=device.order()))) == "signature"
    assert code(lambda: device.run(device.lease(order=device.order(), keyset=old))) == "keyset_older"
    device.run(device.lease(order=device.order(device.office.ivo), keyset=newer))


def test_a_root_hands_over_and_agents_that_slept_follow_the_chain(device: Device) -> None:
    one, two, three = device.office.root, signer(), signer()
    first = seal(wire.ROOT_CONTEXT, wire.RootChange(one.public, two.public, 1, device.now), [one, two])
    second = seal(wire.ROOT_CONTEXT, wire.RootChange(two.public, three.public, 2, device.now), [two, three])
    device.office.root = three
    keyset = device.office.keyset()
    assert code(lambda: device.run(device.lease(order=device.order(), keyset=keyset))) == "keyset"
    assert code(lambda: device.run(device.lease(order=device.order(), roots=[second]))) == "root"
    alone = device.lease(order=device.order(), root=first)
    assert code(lambda: device.run(alone)) == "keyset_missing", (
        "the old root's operators are not the new one's"
    )
    device.run(device.lease(order=device.order(), roots=[first, second], keyset=keyset))
    device.run(device.lease(order=device.order(), roots=[first, second], root=second, keyset=keyset))
    device.again()
    held = device.authority.held()
    assert (held.root, held.root_serial, held.keyset) == (digest(three.public), 2, 2)
    assert root_of_releases(device.state) == digest(three.public), "releases of a root that went are none"
    device.run(device.lease(order=device.order()))


def test_a_false_companion_spoils_a_right_task(device: Device) -> None:
    other = Office()
    forged = other.keyset()
    place = wire.Placement("agent-1", "client-2", "s", 9, device.now)
    bad = (
        {"keyset": forged},
        {"placement": seal(wire.PLACEMENT_CONTEXT, place, [other.ana])},
        {"roots": [seal(wire.ROOT_CONTEXT, wire.RootChange(b"x" * 32, b"y" * 32, 5, 0), [other.root])]},
    )
    for companion in bad:
        assert code(lambda c=companion: device.run(device.lease(order=device.order(), **c))) in {  # type: ignore[misc]
            "keyset",
            "signature",
            "root",
        }
    assert device.authority.held().placement == 0
    device.run(device.lease(order=device.order()))


def test_a_device_belongs_where_it_was_enrolled_until_an_operator_moves_it(device: Device) -> None:
    here = device.publication(targets=wire.Targets(clients=["client-1"], platforms=["linux"]))
    site = device.publication(targets=wire.Targets(sites=["site-1"]))
    moved = device.publication(targets=wire.Targets(clients=["client-2"]))
    device.run(device.lease(publication=site, start=device.start(site)))
    there = device.publication(targets=wire.Targets(sites=["site-2"]))
    tagged = device.publication(targets=wire.Targets(tags=["till"]))
    device.run(device.lease(publication=here, start=device.start(here)))
    assert code(lambda: device.run(device.lease(publication=there, start=device.start(there)))) == "target"
    place = wire.Placement("agent-1", "client-2", "site-2", 7, device.now, ["till"])
    placement = seal(wire.PLACEMENT_CONTEXT, place, [device.office.ivo])
    device.run(device.lease(publication=there, start=device.start(there), placement=placement))
    device.again()
    device.run(device.lease(publication=tagged, start=device.start(tagged), placement=placement))
    device.run(device.lease(publication=moved, start=device.start(moved)))
    assert code(lambda: device.run(device.lease(publication=here, start=device.start(here)))) == "target"
    assert device.authority.held().placement == 7
    back = wire.Placement("agent-1", "client-1", "site-1", 6, device.now)
    older = seal(wire.PLACEMENT_CONTEXT, back, [device.office.ivo])
    assert code(lambda: device.authority.admit(device.lease(placement=older), device.now)) == "placement"
