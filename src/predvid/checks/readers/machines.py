"""Tells a virtual machine by the names that its host gives it, and a usable SMBIOS UUID from a filler."""

import re

_HOSTS = (
    ("hyper-v", "microsoft", "virtual machine"), ("vmware", "vmware", ""), 
    ("virtualbox", "innotek", ""),
    ("virtualbox", "", "virtualbox"), ("kvm", "qemu", ""), ("kvm", "", "kvm"), ("kvm", "", "standard pc ("),
    ("kvm", "red hat", "rhev"), ("kvm", "ovirt", ""), ("kvm", "proxmox", ""), ("xen", "xen", ""),
    ("xen", "", "hvm domu"), ("parallels", "parallels", ""), ("amazon ec2", "amazon ec2", ""),
    ("google cloud", "google", "google compute engine"), ("nutanix", "nutanix", "ahv"),
    ("bochs", "bochs", ""),
    ("apple", "apple", "apple virtual"), ("bhyve", "", "bhyve"), ("openstack", "openstack", ""),
    ("openstack", "", "openstack"),
)  # fmt: skip


def virtual_kind(vendor: str, model: str) -> str:
    """Return the kind of host of a virtual machine (`hyper-v`, `vmware`, `kvm`), nothing for others."""
    maker, name = vendor.lower(), model.lower()
    found = (kind for kind, one, other in _HOSTS if one in maker and other in name and (one or other))
    return next(found, "")


def usable_uuid(value: str) -> str:
    """Return an SMBIOS UUID in lower case, nothing where it identifies no machine (all zeros, all ones)."""
    uuid = value.strip().lower()
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", uuid):
        return ""
    digits = uuid.replace("-", "")
    # 03000200-0400-0500-0006-000700080009 stands in many boards that nobody set (American Megatrends).
    return "" if len(set(digits)) < 3 or uuid.startswith("03000200-0400-0500-0006") else uuid
