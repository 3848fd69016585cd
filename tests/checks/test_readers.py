"""The parsers: real output in, rows out; garbage in, no crash."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.checks.readers.apt import parse_simulation
from predvid.checks.readers.dpkg import parse_status
from predvid.checks.readers.identity import meaningful, usable_mac
from predvid.checks.readers.kernels import newer_kernel
from predvid.checks.readers.meminfo import parse_meminfo
from predvid.checks.readers.mounts import distinct, parse_mountinfo
from predvid.checks.readers.os_files import (
    parse_cpu_model,
    parse_os_release,
    parse_temporary_addresses,
    parse_users,
)
from predvid.checks.readers.systemd import parse_show

WORDS = st.sampled_from([
    "Inst ", "[1.0]", "(2.0 Debian:12/stable [amd64])", "The following packages have been kept back:\n",
    "  ", "\n", "\n\n", "Package: a", "Status: install ok installed", "Id=", "=", " - ", "ext4", "MemTotal:",
    " kB", "٣", "-", ":", "0", "²", "\x00", "\\040", '"', "'", "x:0:0:", "1000",
])  # fmt: skip
NOISE = st.one_of(st.text(), st.lists(WORDS).map("".join))
PARSERS: list[Callable[[str], Any]] = [
    parse_simulation, parse_status, parse_meminfo, parse_mountinfo, parse_os_release, parse_cpu_model,
    parse_temporary_addresses, lambda text: list(parse_show(text)), lambda text: parse_users(text, text),
    meaningful, usable_mac, lambda text: newer_kernel(text, [text, "1", ""]),
]  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS)
@given(text=NOISE)
def test_garbage_is_skipped(parse: Callable[[str], Any], text: str) -> None:
    parse(text)


MOUNTINFO = r"""
22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
30 22 8:3 / /var/my\040data rw,relatime - ext4 /dev/sda3 ro,errors=remount-ro
31 22 8:4 / /usr ro,relatime - ext4 /dev/sda4 ro
32 22 8:2 /srv/x /very/long/bind rw,relatime - ext4 /dev/sda2 rw
33 22 0:20 / /proc rw - proc proc rw
34 22 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
35 22 0:51 / /mnt/nas rw - nfs4 nas:/x rw
36 22 8:5 / /new rw - ext4 /dev/sda5 rw,emergency_ro
torn line
"""


def test_mounts_that_matter_once_each_with_the_emergency_seen() -> None:
    rows = distinct(parse_mountinfo(MOUNTINFO))
    assert [(row["mount"], row["turned_read_only"], row["network"]) for row in rows] == [
        ("/", False, False),
        ("/mnt/nas", False, True),
        ("/new", True, False),
        ("/usr", False, False),
        ("/var/my data", True, False),
    ]


def test_files_of_a_container_and_hidden_mounts_are_left_out() -> None:
    text = """
1 0 0:9 / / rw - overlay overlay rw
2 1 8:1 /c/hosts /etc/hosts rw - ext4 /dev/sda1 rw
3 1 8:1 /c/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw
4 1 8:1 /data /srv/long/path rw - ext4 /dev/sda1 rw
5 1 8:7 / /mnt rw - ext4 /dev/sdb1 ro
6 1 8:8 / /mnt rw - xfs /dev/sdc1 rw
"""
    rows = distinct(parse_mountinfo(text))
    assert [(row["mount"], row["device"]) for row in rows] == [
        ("/", "overlay"), ("/mnt", "/dev/sdc1"), ("/srv/long/path", "/dev/sda1"),
    ]  # fmt: skip


def test_meminfo_of_old_kernels_has_an_estimate() -> None:
    text = "MemTotal: 100 kB\nMemFree: 10 kB\nBuffers: 5 kB\nCached: 20 kB\nHugePages_Total: 3\n"
    memory = parse_meminfo(text)
    assert (memory["total"], memory["available"]) == (102400, 35 * 1024)
    assert parse_meminfo(text + "MemAvailable: 50 kB\n")["available"] == 51200


@pytest.mark.parametrize(
    ("running", "installed", "newer"),
    [
        ("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-10-amd64"], "6.1.0-10-amd64"),
        ("6.1.0-10-amd64", ["6.1.0-9-amd64", "6.1.0-10-amd64"], None),
        ("6.1.0-9-amd64", ["6.1.0-9-amd64", "6.1.0-10-cloud-amd64"], None),
        ("5.14.0-362.8.1.el9_3.x86_64", ["5.14.0-362.8.1.el9_3.x86_64", "5.14.0-427.13.1.el9_4.x86_64"],
         "5.14.0-427.13.1.el9_4.x86_64"),
        ("5.14.0-362.el9.x86_64", ["5.14.0-362.el9.x86_64", "5.14.0-362.8.1.el9_3.x86_64"],
         "5.14.0-362.8.1.el9_3.x86_64"),
        ("6.1.21-v7+", ["6.1.21-v7+", "6.1.21-v8+", "6.1.21+", "6.1.21-v7l+"], None),
        ("6.1.21-v7+", ["6.1.21-v7+", "6.1.25-v8+", "6.1.25-v7+"], "6.1.25-v7+"),
        ("6.1.0-0.deb11.13-amd64", ["6.1.0-0.deb11.13-amd64", "6.1.0-0.deb11.21-amd64"],
         "6.1.0-0.deb11.21-amd64"),
        ("5.15.0-91-generic", ["5.15.0-91-generic", "6.5.0-14-generic", "0-rescue-5f0c"], "6.5.0-14-generic"),
        ("6.8.0-host", ["6.9.0-host"], None),
        ("6.8.0", [], None),
    ],
)  # fmt: skip
def test_newer_kernel(running: str, installed: list[str], newer: str | None) -> None:
    assert newer_kernel(running, installed) == newer


@pytest.mark.parametrize(
    "serial",
    [
        "",
        "To be filled by O.E.M.",
        "Default string",
        "0000000",
        "00-00-00",
        "None\n",
        "Not Specified",
        "x",
        "\x00",
    ],
)
def test_placeholders_are_no_serials(serial: str) -> None:
    assert meaningful(serial) == ""


def test_serials_and_addresses_that_count() -> None:
    assert meaningful(" 8XK2PL3\n") == "8XK2PL3"
    assert meaningful("VMware-56 4d 1c 02\x00") == "VMware-56 4d 1c 02"
    assert usable_mac("D0-8E-79-00-00-01") == "d0:8e:79:00:00:01"
    assert usable_mac("00:00:00:00:00:00") == usable_mac("ff:ff:ff:ff:ff:ff") == usable_mac("d0:8e") == ""
