"""Finds the default gateways and known neighbours of a Linux device in /proc/net (proc_net(5))."""

import ipaddress

MOST = 4
COMPLETE = 0x2  # ATF_COM: the neighbour's hardware address is known


def gateways(route: str) -> list[str]:
    """Return the IPv4 default gateways in the text of /proc/net/route, the preferred one first."""
    found = []
    for line in route.splitlines()[1:]:
        words = line.split()
        if len(words) > 7 and words[1] == "00000000" and words[7] == "00000000" and len(words[2]) == 8:
            try:
                address = ipaddress.IPv4Address(int.from_bytes(bytes.fromhex(words[2]), "little"))
                found.append((int(words[6]), str(address)))
            except ValueError:
                continue
    unique = dict.fromkeys(address for _, address in sorted(found) if address != "0.0.0.0")  # noqa: S104
    return list(unique)[:MOST]


def neighbours(arp: str) -> set[str]:
    """Return the addresses in the text of /proc/net/arp that answered lately."""
    found = set()
    for line in arp.splitlines()[1:]:
        words = line.split()
        try:
            if len(words) >= 4 and int(words[2], 16) & COMPLETE:
                found.add(words[0])
        except ValueError:
            continue
    return found
