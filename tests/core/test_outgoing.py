"""Which addresses the server may call: special ranges, odd ways of writing one, whatever is typed."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.core.outgoing import NEVER, PRIVATE, UNICAST, NotAllowed, judge, opened, target

PUBLIC = ("1.1.1.1", "8.8.8.8", "2606:4700:4700::1111", "::ffff:9.9.9.9", "64:ff9b::808:808")
HIDDEN = st.sampled_from([network for network in (*PRIVATE, *NEVER) if isinstance(network, IPv4Network)])


def written(address: IPv4Address) -> list[str]:
    """Return the ways in which an IPv4 address hides: as a number, in parts, within an IPv6 address."""
    number, parts = int(address), address.packed
    octal = ".".join(f"0{part:o}" for part in parts)
    wide = str(address).translate({ord(digit): ord("０") + int(digit) for digit in "0123456789"} | {46: "。"})
    within = (f"::ffff:{address}", f"64:ff9b::{address}", f"2002:{number >> 16:x}:{number & 0xFFFF:x}::1")
    more = (f"::{address}", f"2a00:1::5efe:{address}", f"fe80::{address}", f"64:ff9b:1::{address}")
    return [
        str(address), f"{number}", f"0x{number:x}", f"0{number:o}", octal, wide, f"{address}.",
        f"{parts[0]:#x}.{number & 0xFFFFFF}", f"{parts[0]}.{parts[1]}.{number & 0xFFFF}",
        *(f"[{text}]" for text in within + more),
    ]  # fmt: skip


def leads_nowhere(url: str) -> bool:
    """Tell whether an address is refused where it is read or where it is judged."""
    try:
        asked = target(url, {80})
        judge(asked.host)
    except NotAllowed:
        return True
    return False


@given(HIDDEN, st.integers(min_value=0))
def test_an_address_inside_is_refused_however_it_is_written(network: IPv4Network, at: int) -> None:
    address = network[at % network.num_addresses]
    for text in written(address):
        assert leads_nowhere(f"http://{text}/"), text


@given(st.integers(min_value=0, max_value=(1 << 128) - 1))
def test_of_ipv6_only_global_unicast_is_called(number: int) -> None:
    address = IPv6Address(number)
    if leads_nowhere(f"http://[{address}]/"):
        return
    assert address in UNICAST or address in IPv6Network("64:ff9b::/96") or address.ipv4_mapped is not None
    assert not any(address in network for network in (*NEVER, *PRIVATE))


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_called(text: str) -> None:
    assert judge(text) == ip_address(text)


def test_an_operator_opens_private_ranges_and_nothing_else() -> None:
    inside = (opened("10.1.0.0/16"), opened("fd00:1::/32"))
    for text in ("10.1.2.3", "fd00:1::5", "::ffff:10.1.2.3"):
        assert judge(text, inside)
    for text in ("10.2.0.1", "127.0.0.1", "169.254.169.254", "fd00:ec2::254", "fd00:1::1%eth0"):
        with pytest.raises(NotAllowed):
            judge(text, inside)
    for text in ("169.254.0.0/16", "0.0.0.0/0", "8.8.8.8/32", "::/0", "224.0.0.0/4", "x", "10.0.0.1/8"):
        with pytest.raises(ValueError, match=r"."):
            opened(text)
    for text in ("100.100.100.200", "fd00:ec2::254"):  # metadata stays shut in an opened range
        with pytest.raises(NotAllowed):
            judge(text, PRIVATE)


@given(st.one_of(st.text(), st.text().map(lambda text: f"http://{text}")))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        asked = target(text)
    except NotAllowed:
        return
    assert asked.host.isascii()
    assert asked.path.isascii()
    assert asked.path.startswith("/")
    assert not set(asked.host) & set("@/\\ %?#[]")
    assert target(asked.url) == asked


def test_names_are_read_as_people_write_them() -> None:
    assert target("https://ČAKOVEC.hr./a?b=c#d").url == "https://xn--akovec-h2a.hr/a?b=c"
    assert target("http://[2606:4700::1]:8080").url == "http://[2606:4700::1]:8080/"
