"""Names of network interfaces that software makes for itself and that nobody plugs in."""

from collections.abc import Iterable
from fnmatch import fnmatch

LINUX = ("lo", "veth*", "docker*", "br-*", "virbr*", "vnet*", "tap*", "ifb*", "dummy*", "cni*", "flannel*",
         "cali*", "cilium*", "lxc*", "lxdbr*", "kube-*")  # fmt: skip
WINDOWS = ("Loopback*", "isatap*", "Teredo*")
MACOS = ("lo0", "awdl*", "llw*", "utun*", "gif*", "stf*", "anpi*", "ap[0-9]*")
VIRTUAL = LINUX + WINDOWS + MACOS


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether the interface `name` fits one of the shell-like `patterns`."""
    return any(fnmatch(name, pattern) for pattern in patterns)
