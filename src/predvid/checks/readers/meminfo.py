"""Reads /proc/meminfo (proc_meminfo(5)) into bytes."""


def parse_meminfo(text: str) -> dict[str, int]:
    """Return `total, available, swap_total, swap_free, commit_limit, committed` in bytes; absent ones are 0.

    MemAvailable is missing before Linux 3.14: free memory and caches stand in for it.
    """
    fields: dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        words = rest.split()
        if words and words[0].isascii() and words[0].isdigit():
            fields[name] = int(words[0]) * (1024 if words[1:] == ["kB"] else 1)
    spare = sum(fields.get(name, 0) for name in ("MemFree", "Buffers", "Cached"))
    return {
        "total": fields.get("MemTotal", 0),
        "available": fields.get("MemAvailable", spare),
        "swap_total": fields.get("SwapTotal", 0),
        "swap_free": fields.get("SwapFree", 0),
        "commit_limit": fields.get("CommitLimit", 0),
        "committed": fields.get("Committed_AS", 0),
    }
