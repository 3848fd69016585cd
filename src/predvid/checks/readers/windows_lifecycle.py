"""Until when a build of Windows gets security updates (learn.microsoft.com/lifecycle/products).

Clients have two dates: Home and Pro, then Enterprise and Education. Editions of long service (LTSC) and
servers have their own. Bought extensions (ESU) are not known here.
"""

from typing import Any

from predvid.checks.readers import moments, plain

KEY = "HKEY_LOCAL_MACHINE/SOFTWARE/Microsoft/Windows NT/CurrentVersion"
CLIENTS = {
    "7601": ("2020-01-14", "2020-01-14"), "9600": ("2023-01-10", "2023-01-10"),
    "17763": ("2020-11-10", "2021-05-11"), "18363": ("2021-05-11", "2022-05-10"),
    "19041": ("2021-12-14", "2021-12-14"), "19042": ("2022-05-10", "2023-05-09"),
    "19043": ("2022-12-13", "2022-12-13"), "19044": ("2023-06-13", "2024-06-11"),
    "19045": ("2025-10-14", "2025-10-14"), "22000": ("2023-10-10", "2024-10-08"),
    "22621": ("2024-10-08", "2025-10-14"), "22631": ("2025-11-11", "2026-11-10"),
    "26100": ("2026-10-13", "2027-10-12"), "26200": ("2027-10-12", "2028-10-10"),
}  # fmt: skip
LONG = {"14393": "2026-10-13", "17763": "2029-01-09", "19044": "2027-01-12", "26100": "2029-10-09"}
SERVERS = {
    "7601": "2020-01-14", "9200": "2023-10-10", "9600": "2023-10-10", "14393": "2027-01-12",
    "17763": "2029-01-09", "20348": "2031-10-14", "26100": "2034-11-14",
}  # fmt: skip


def support_ends(version: Any) -> tuple[str, float] | None:
    """Return the name of a release (`22631 23H2`) and when its updates end, seconds since the epoch.

    `version` are the values of KEY. None for a build that is not listed: a newer one, a preview.
    """
    build = plain.text(plain.within(version, "CurrentBuild"))
    edition = plain.text(plain.within(version, "EditionID")).lower()
    kind = plain.text(plain.within(version, "InstallationType"))
    if kind.startswith("Server"):
        end = SERVERS.get(build)
    elif edition.removesuffix("n").endswith("enterprises"):
        end = LONG.get(build)
    else:
        dates = CLIENTS.get(build)
        end = dates[edition.startswith(("enterprise", "education", "iotenterprise"))] if dates else None
    moment = moments.seconds(end)
    if moment is None:
        return None
    return f"{build} {plain.text(plain.within(version, 'DisplayVersion'))}".strip(), moment
