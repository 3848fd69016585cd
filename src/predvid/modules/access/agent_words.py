"""Names browser and system of a session by what the browser calls itself; a guess for people, no proof.

Order matters: Edge and Opera call themselves Chrome too, Chrome calls itself Safari, Android calls itself
Linux and an iPhone Mac OS X. Source: the User-Agent strings that the browsers' makers document.
"""

import re

BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/(\d+)"),
    ("Opera", r"\b(?:OPR|Opera)/(\d+)"),
    ("Samsung Internet", r"\bSamsungBrowser/(\d+)"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/(\d+)"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome|Chromium)/(\d+)"),
    ("Safari", r"\bVersion/(\d+)\S* (?:Mobile/\S+ )?Safari/"),
    ("curl", r"^curl/(\d+)"),
)
SYSTEMS = (
    ("Android", r"\bAndroid\b"),
    ("iPhone", r"\biPhone\b"),
    ("iPad", r"\biPad\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Windows", r"\bWindows\b"),
    ("macOS", r"\bMac OS X\b|\bMacintosh\b"),
    ("Linux", r"\bLinux\b|\bX11\b"),
)
LONGEST = 255  # characters looked at, and kept


def browser_and_system(agent: str) -> tuple[str, str]:
    """Return names such as ("Firefox 128", "Windows"); empty where the User-Agent tells none."""
    agent = agent[:LONGEST]
    system = next((name for name, pattern in SYSTEMS if re.search(pattern, agent)), "")
    for name, pattern in BROWSERS:
        if found := re.search(pattern, agent):
            return f"{name} {found[1]}", system
    return "", system
