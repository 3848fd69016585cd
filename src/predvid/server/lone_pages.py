"""Pages of the gateway itself: they stand alone, in the reader's language; the console need not answer."""

import re
import secrets
from dataclasses import dataclass

from predvid.server.headers import POLICY, Header

_PAGE = """<!doctype html>
<html lang="{language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
{again}<title>{title} · Predvid</title>
<style nonce="{nonce}">
  body {{ margin: 0; min-height: 92vh; display: flex; flex-direction: column; align-items: center;
    justify-content: center; padding: 0 16px; background: #f4f6fa; color: #15233b;
    font: 14px/1.45 Inter, system-ui, sans-serif }}
  b {{ display: flex; align-items: center; gap: 10px; font-size: 18px; font-weight: 600;
    padding-bottom: 18px }}
  svg {{ width: 28px; height: 28px }}
  main {{ box-sizing: border-box; width: min(400px, 100%); padding: 26px; background: #fff;
    border: 1px solid #dfe5ee; border-radius: 12px }}
  h1 {{ font-size: 21px; line-height: 1.25; margin: 0 0 14px }}
  p {{ margin: 0; color: #56647c }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #0b1422; color: #e4ebf6 }}
    main {{ background: #121d31; border-color: #263550 }} p {{ color: #9fafc8 }} }}
</style>
<b><svg viewBox="0 0 32 32" aria-hidden="true"><defs><linearGradient id="g" x2="1" y2="1"><stop
stop-color="#4f8cff"/><stop offset="1" stop-color="#22c3a6"/></linearGradient></defs>
<rect width="32" height="32" rx="9" fill="url(#g)"/>
<path d="M7 16h4l3 7 4-14 3 7h4" fill="none" stroke="#fff" stroke-width="2.2"
stroke-linecap="round" stroke-linejoin="round"/></svg>Predvid</b>
<main role="status"><h1>{title}</h1><p>{text}</p></main>
"""
Words = dict[str, tuple[str, str]]
STARTING: Words = {
    "hr": (
        "Konzola se pokreće",
        "Stranica će se otvoriti sama čim konzola odgovori. Praćenje uređaja dotad teče dalje.",
    ),
    "en": (
        "The console is starting",
        "This page opens by itself as soon as the console answers. Devices are monitored meanwhile.",
    ),
}
TOO_MANY: Words = {
    "hr": (
        "Previše zahtjeva odjednom",
        "S ove adrese ili iz ove prijave stiglo je previše zahtjeva. "
        "Pričekajte {seconds} s pa pokušajte ponovno.",
    ),
    "en": (
        "Too many requests at once",
        "Too many requests came from this address or session. Wait {seconds} s, then try again.",
    ),
}
_AGAIN = '<meta http-equiv="refresh" content="2">\n'
_WISH = re.compile(r"\s*([a-z]{2,3})(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?", re.IGNORECASE)
_MOST = 20  # wishes that are read


@dataclass(frozen=True)
class LonePage:
    """A page as it is sent: content, and the headers that go with it."""

    content: bytes
    language: str
    headers: list[Header]


def page(words: Words, wishes: str, *, seconds: int, again: bool = False) -> LonePage:
    """Return a page in the language of an Accept-Language header (RFC 9110, section 12.5.4).

    Croatian, the console's own language, is for whoever wishes neither it nor English. `seconds` is when to
    come back; with `again` the page does so by itself.
    """
    language, nonce = _language(wishes), secrets.token_urlsafe(16)
    title, text = words[language]
    content = _PAGE.format(
        language=language,
        title=title,
        text=text.format(seconds=seconds),
        nonce=nonce,
        again=_AGAIN if again else "",
    ).encode()
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-language", language.encode()),
        (b"content-length", str(len(content)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", str(seconds).encode()),
        (b"content-security-policy", POLICY.format(nonce=nonce).encode()),
    ]
    return LonePage(content, language, headers)


def _language(wishes: str) -> str:
    best, choice = 0.0, "hr"
    for wish in wishes.split(",", _MOST)[:_MOST]:
        found = _WISH.fullmatch(wish)
        if found and (tag := found[1].lower()) in STARTING and (weight := float(found[2] or 1)) > best:
            best, choice = weight, tag
    return choice
