"""While the console is away people read so in their language; nothing that a browser sends breaks that."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from predvid.server.lone_pages import STARTING, TOO_MANY, page
from predvid.server.place import Place
from predvid.server.proxy import ConsoleProxy


@pytest.mark.parametrize(
    ("wishes", "language"),
    [
        ("", "hr"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("hr-HR,hr;q=0.9,en-US;q=0.8", "hr"),
        ("de,en;q=0.5,hr;q=0.7", "hr"),
        ("de, en ; q=0.5", "en"),
        ("de", "hr"),
        ("hr;q=0,en;q=0.1", "en"),
    ],
)
def test_the_page_speaks_the_language_asked_for(wishes: str, language: str) -> None:
    for words in (STARTING, TOO_MANY):
        alone = page(words, wishes, seconds=7)
        assert alone.language == language
        assert f'<html lang="{language}">' in alone.content.decode()
    assert "7 s" in page(TOO_MANY, wishes, seconds=7).content.decode()


@given(st.text())
def test_odd_wishes_change_nothing(wishes: str) -> None:
    assert page(STARTING, wishes, seconds=2).language in ("hr", "en")


def test_the_gateway_gives_it_while_the_console_is_away(tmp_path: Path) -> None:
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    headers = [(b"host", b"h"), (b"accept-language", b"en;q=0.9")]
    scope = {
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "client": ("192.0.2.9", 1),
    }
    asyncio.run(ConsoleProxy(Place(tmp_path))(scope, receive, send))
    content = told[1]["body"].decode()
    assert told[0]["status"] == 502
    assert (b"content-language", b"en") in told[0]["headers"]
    assert "The console is starting" in content
    for needed in ('http-equiv="refresh"', 'name="viewport"', "prefers-color-scheme: dark"):
        assert needed in content
    assert "//" not in content  # it asks nobody for anything
