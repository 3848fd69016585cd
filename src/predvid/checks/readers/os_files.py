"""Reads small files that describe a Unix device: os-release(5), passwd(5), group(5), cpuinfo, if_inet6."""

import contextlib
import ipaddress
import shlex

ADMIN_GROUPS = ("root", "sudo", "wheel", "admin")
IFA_F_TEMPORARY = 0x01  # linux/if_addr.h: an RFC 8981 privacy address, replaced every day


def parse_os_release(text: str) -> dict[str, str]:
    """Return the assignments of os-release(5), unquoted; lines that are not assignments are skipped."""
    values = {}
    for line in text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            try:
                values[name] = "".join(shlex.split(value))
            except ValueError:
                values[name] = value
    return values


def parse_users(passwd: str, group: str) -> list[dict[str, object]]:
    """Return the local people: `key` (name), `uid`, `shell`, `admin`; no accounts of services.

    People have uid 0 or 1000 to 59999 (login.defs(5)); `admin` tells of root and of the members of root,
    sudo, wheel and admin.
    """
    admins, admin_gids = {"root"}, {"0"}
    for line in group.splitlines():
        fields = line.split(":")
        if len(fields) == 4 and fields[0] in ADMIN_GROUPS:
            admins.update(name for name in fields[3].split(",") if name)
            admin_gids.add(fields[2])
    users: list[dict[str, object]] = []
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) != 7 or not (fields[2].isascii() and fields[2].isdigit()):
            continue
        name, uid, gid, shell = fields[0], int(fields[2]), fields[3], fields[6]
        if uid == 0 or 1000 <= uid < 60000:
            admin = uid == 0 or name in admins or gid in admin_gids
            users.append({"key": name, "uid": uid, "shell": shell, "admin": admin})
    return sorted(users, key=lambda user: str(user["key"]))


def parse_cpu_model(text: str) -> str:
    """Return the name of the processor from /proc/cpuinfo; empty where it has none (many ARM boards)."""
    names = dict.fromkeys(("model name", "Model", "Hardware", "cpu model"), "")
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in names and not names[name.strip()]:
            names[name.strip()] = " ".join(value.split())
    return next((value for value in names.values() if value), "")


def parse_temporary_addresses(text: str) -> set[str]:
    """Return the temporary addresses of /proc/net/if_inet6: address, index, prefix, scope, flags, name."""
    found = set()
    for line in text.splitlines():
        fields = line.split()
        with contextlib.suppress(ValueError):
            if len(fields) == 6 and int(fields[4], 16) & IFA_F_TEMPORARY:
                found.add(str(ipaddress.IPv6Address(int(fields[0], 16))))
    return found
