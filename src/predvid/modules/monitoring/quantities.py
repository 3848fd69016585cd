"""Numbers of settings as people write them (`50 GB`, `7 d`, `2,5`); a metric's name tells its unit."""

import math

BYTES = {"TB": 1e12, "GB": 1e9, "MB": 1e6, "kB": 1e3, "B": 1.0}
TIMES = {"d": 86_400.0, "h": 3_600.0, "min": 60.0, "s": 1.0}
ENDINGS = {"_bytes": BYTES, "_seconds": TIMES}


def units(metric: str) -> dict[str, float]:
    """Return the units that a value of `metric` may be written in, the largest first; none for others."""
    return next((found for ending, found in ENDINGS.items() if metric.endswith(ending)), {})


def shown(value: float | None, metric: str) -> str:
    """Return a value for a field of a form, in the largest unit that keeps it exact; empty for none."""
    if value is None:
        return ""
    for name, factor in units(metric).items() if value else ():
        part = value / factor
        if abs(part) >= 1 and float(f"{part:.2f}") * factor == value:
            return f"{part:.10g} {name}"
    last = next(reversed(units(metric)), "")
    return f"{value:.15g} {last}".strip()


def read(text: str, metric: str) -> float | None:
    """Return what a person wrote, None for nothing. Raises ValueError for what is no number of that unit."""
    words = text.replace("\u00a0", " ").strip()
    if not words:
        return None
    digits = words.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ%µ°").strip()
    unit = words[len(digits) :].strip() if digits else words
    factor = _factor(unit, metric)
    number = float(digits.replace(" ", "").replace(",", ".")) * factor
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _factor(unit: str, metric: str) -> float:
    known = {name.lower(): factor for name, factor in units(metric).items()}
    if not unit or unit == "%":
        return 1.0
    if unit.lower() not in known:
        raise ValueError(unit)
    return known[unit.lower()]
