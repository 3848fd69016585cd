"""Enrolment over the wire: what a token is good for, one answer for every bad one, one agent for one key."""

from datetime import timedelta

import msgspec
import pytest

import fleet
from predvid.core.trust import public_key
from predvid.modules.inventory.enrolment import plan_seed
from predvid.modules.inventory.models import Agent, EnrolmentToken
from predvid.modules.inventory.models import Device as DeviceRow
from predvid.wire import v1
from simulated import Device, Link, refusal

pytestmark = pytest.mark.usefixtures("ground")


def enrolled(answer: tuple[int, bytes]) -> v1.Enrolled:
    assert answer[0] == 200, answer
    return msgspec.msgpack.decode(answer[1], type=v1.Enrolled)


def test_the_answer_names_agent_state_and_plan_key(link: Link) -> None:
    for approves, state in ((True, "approved"), (False, "pending")):
        got = enrolled(fleet.ask(link, Device(), fleet.token(fleet.new_site(), approves=approves)))
        assert (got.state, got.plan_key) == (state, public_key(plan_seed()))
        assert Agent.objects.get(pk=got.agent).state == state


def test_every_bad_token_gets_the_same_answer(link: Link) -> None:
    site = fleet.new_site()
    used = fleet.token(site)
    enrolled(fleet.ask(link, Device(), used))
    parts = fleet.token(site).split(".")
    bad = {
        "replayed": used,
        "expired": fleet.token(site, valid=timedelta(seconds=-1)),
        "foreign": ".".join([parts[0], "A" * len(parts[1]), *parts[2:]]),
        "garbage": "garbage",
        "empty": "",
        "long": "x" * 10_000,
        "odd": "pv1.\x00.ž.-",
    }
    answers = {name: fleet.ask(link, Device(), secret) for name, secret in bad.items()}
    assert {status for status, _ in answers.values()} == {403}
    assert len({answer for _, answer in answers.values()}) == 1
    assert refusal(answers["garbage"][1]).code == "token"
    assert Agent.objects.filter(client=site.client).count() == 1


def test_a_deployment_token_counts_its_uses(link: Link) -> None:
    site = fleet.new_site()
    secret = fleet.token(site, uses=3, approves=False)
    agents = {enrolled(fleet.ask(link, Device(), secret)).agent for _ in range(3)}
    assert len(agents) == 3
    assert fleet.ask(link, Device(), secret)[0] == 403
    assert EnrolmentToken.objects.get(site=site).uses_left == 0


def test_the_same_key_again_gets_the_same_agent_and_uses_nothing(link: Link) -> None:
    site, device = fleet.new_site(), Device()
    secret = fleet.token(site)
    first = enrolled(fleet.ask(link, device, secret))
    again = enrolled(fleet.ask(link, device, secret))
    assert (again.agent, again.state) == (first.agent, first.state)
    other = fleet.token(site, uses=2)
    assert enrolled(fleet.ask(link, device, other)).agent == first.agent
    assert EnrolmentToken.objects.get(site=site, uses_left__gt=0).uses_left == 2
    assert DeviceRow.objects.filter(site=site).count() == 1


def test_a_key_of_another_client_does_not_cross(link: Link) -> None:
    device, elsewhere = Device(), fleet.new_site()
    enrolled(fleet.ask(link, device, fleet.token(fleet.new_site())))
    assert fleet.ask(link, device, fleet.token(elsewhere))[0] == 403
    assert not Agent.objects.filter(client=elsewhere.client).exists()
    assert EnrolmentToken.objects.get(site=elsewhere).uses_left == 1


def test_a_revoked_agent_does_not_return_by_a_token(link: Link) -> None:
    device, site = Device(), fleet.new_site()
    device.agent = enrolled(fleet.ask(link, device, fleet.token(site))).agent
    Agent.objects.filter(pk=device.agent).update(state=Agent.State.REVOKED)
    device.agent = ""
    again = enrolled(fleet.ask(link, device, fleet.token(site)))
    assert again.state == "revoked"


def test_strong_claims_find_the_device_again_and_weak_ones_do_not(link: Link) -> None:
    site = fleet.new_site()
    strong, weak = [("machine_id", "m-1")], [("mac", "aa:bb"), ("hostname", "clone")]
    first = fleet.enrol(link, site, claims=strong + weak)
    again = fleet.enrol(link, site, claims=strong)
    clone = fleet.enrol(link, site, claims=weak)
    stranger = fleet.enrol(link, claims=strong)
    assert fleet.row(again) == fleet.row(first)
    assert len({fleet.row(device).pk for device in (first, clone, stranger)}) == 3


@pytest.mark.parametrize(
    "changed",
    [{"sign_key": bytes(31)}, {"sign_key": b""}, {"seal_key": bytes(33)}, {"sign_key": bytes(32)}],
)
def test_the_key_must_be_the_senders(link: Link, changed: dict[str, bytes]) -> None:
    site, device = fleet.new_site(), Device()
    asked = msgspec.msgpack.decode(device.enrolment(fleet.token(site)), type=v1.Enrolment)
    body = msgspec.msgpack.encode(msgspec.structs.replace(asked, **changed))
    status, answer = link.post(device, "enrol", body)
    assert (status, refusal(answer).code) == (401, "signature")
    assert EnrolmentToken.objects.get(site=site).uses_left == 1


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x90", msgspec.msgpack.encode({"token": 1})])
def test_an_enrolment_that_does_not_decode(link: Link, body: bytes) -> None:
    status, answer = link.post(Device(), "enrol", body)
    assert (status, refusal(answer).code) == (422, "undecodable")
