"""Names of network interfaces that software makes for itself and that nobody plugs in."""

from collections.abc import Iterable
from fnmatch import fnmatch

LINUX = ("lo", "veth*", "docker*", "podman*", "br-*", "virbr*", "vnet*", "tap*", "macvtap*", "ifb*", "dummy*",
         "cni*", "flannel*", "cali*", "cilium*", "lxc*", "lxdbr*", "kube-*", "nodelocaldns", "fwbr*", "fwpr*",
         "fwln*", "ovs-system", "genev*", "vxlan*")  # fmt: skip
WINDOWS = ("Loopback*", "isatap*", "Teredo*")
MACOS = ("lo0", "awdl*", "llw*", "utun*", "gif*", "stf*", "anpi*", "ap[0-9]*")
VIRTUAL = LINUX + WINDOWS + MACOS
# Tunnels and bridges carry traffic worth a chart, but have no cable: they come and go with what uses them,
# and their speed is made up (tun(4) says 10 Mbit/s, whatever the line below it does).
CABLELESS = ("tun[0-9]*", "wg*", "ppp*", "tailscale*", "zt*", "nordlynx*", "ipsec*", "vti*", "gre*", "sit*",
             "tunl*", "ip6tnl*", "vmbr*", "br[0-9]*", "bridge*")  # fmt: skip


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether the interface `name` fits one of the shell-like `patterns`."""
    return any(fnmatch(name, pattern) for pattern in patterns)
