"""The page while the console is away: it stands alone, in the reader's language, and asks again by itself."""

import re

_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="refresh" content="2">
<title>{title} · Predvid</title>
<style>
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: #f4f6f8;
    color: #1b2733; font: 16px/1.5 system-ui, sans-serif }}
  main {{ max-width: 26rem; padding: 2rem; text-align: center }}
  h1 {{ font-size: 1.25rem; margin: 0 0 .5rem }}
  p {{ margin: 0; opacity: .8 }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #11171d; color: #e6ebf0 }} }}
</style>
<main role="status"><h1>{title}</h1><p>{text}</p></main>
"""
_WORDS = {
    "hr": (
        "Konzola se pokreće",
        "Stranica će se otvoriti sama čim konzola odgovori. Praćenje uređaja dotad teče dalje.",
    ),
    "en": (
        "The console is starting",
        "This page opens by itself as soon as the console answers. Devices are monitored meanwhile.",
    ),
}
_WISH = re.compile(r"\s*([a-z]{2,3})(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE)
_MOST = 20  # wishes that are read


def page(wishes: str) -> tuple[bytes, str]:
    """Return the page and its language, chosen by an Accept-Language header (RFC 9110, section 12.5.4).

    Croatian, the console's own language, is for whoever wishes neither it nor English.
    """
    language = _language(wishes)
    title, text = _WORDS[language]
    return _PAGE.format(language=language, title=title, text=text).encode(), language


def _language(wishes: str) -> str:
    best, choice = 0.0, "hr"
    for wish in wishes.split(",", _MOST)[:_MOST]:
        found = _WISH.fullmatch(wish)
        if found and (tag := found[1].lower()) in _WORDS and (weight := float(found[2] or 1)) > best:
            best, choice = weight, tag
    return choice
