"""A person's way to the pages of an installation: one address, cookies, forms with their token."""

import html
import http.cookiejar
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


class Visitor:
    """Someone with a browser that keeps cookies; all pages are read through the gateway."""

    def __init__(self, address: str, authority: Path | None = None) -> None:
        """`authority` is the certificate that this browser was told to trust, for an `https` address."""
        self.address = address.rstrip("/")
        tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority))
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls, jar)

    def page(self, path: str) -> str:
        """Return the page at `path` as a person reads it: entities as letters, blanks as one space."""
        with self._opener.open(self._url(path), timeout=30) as answer:
            return _plain(answer.read().decode())

    def send(self, form_on: str, path: str, **fields: str) -> str:
        """Fill in the form on the page `form_on`, send it to `path`; return the page that follows."""
        with self._opener.open(self._url(form_on), timeout=30) as answer:
            token = _TOKEN.search(answer.read().decode())
        assert token is not None, f"no form on {form_on}"
        data = urllib.parse.urlencode({"csrfmiddlewaretoken": token.group(1), **fields}).encode()
        self._opener.addheaders = [("Origin", self.address), ("Referer", self.address)]
        with self._opener.open(self._url(path), data, timeout=30) as answer:
            return _plain(answer.read().decode())

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else f"{self.address}{path}"


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", html.unescape(text))
