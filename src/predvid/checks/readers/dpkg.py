"""Reads /var/lib/dpkg/status (deb-control(5) paragraphs): the installed packages, without starting dpkg."""

import io
from collections import Counter


def parse_status(text: str) -> list[tuple[str, str]]:
    """Return (name, version) of each installed package; one of a foreign architecture is `name:arch`."""
    rows: list[tuple[str, str, str]] = []
    fields: dict[str, str] = {}
    for line in io.StringIO(text + "\n\n"):
        if line.strip():
            name, colon, value = line.partition(":")
            if colon and name in ("Package", "Version", "Architecture", "Status"):
                fields[name] = value.strip()
            continue
        if fields.get("Package") and fields.get("Status", "").endswith(" installed"):
            rows.append((fields["Package"], fields.get("Architecture", ""), fields.get("Version", "")))
        fields = {}
    archs = Counter(arch for _, arch, _ in rows if arch != "all")
    native = {"all", *(arch for arch, _ in archs.most_common(1))}
    return sorted((name if arch in native else f"{name}:{arch}", version) for name, arch, version in rows)
