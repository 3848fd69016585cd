"""Reads one request of ClickHouse's HTTP protocol into a Statement: pure, no engine and no socket."""

import re
import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Protocol
from urllib.parse import parse_qsl

import lz4.frame  # type: ignore[import-untyped] # has no stubs

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_PLAIN = 256 << 20  # bytes after decompression: the cap that stops a compression bomb
_HEAD = 256 << 10  # bytes within which an INSERT must come to its FORMAT, so that data is never searched
_QUOTED = rb"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`"""
_INSERT = re.compile(
    rb"\s*(INSERT\s+INTO\s(?:[^'\"`]|" + _QUOTED + rb")*?)\sFORMAT\s+(\w+)[ \t]*\r?\n?", re.I | re.S
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Words of the protocol itself, which are not settings of the engine.
_TRANSPORT = frozenset({
    "query", "database", "default_format", "user", "password", "quota_key", "query_id", "session_id",
    "session_timeout", "session_check", "stacktrace", "compress", "decompress", "wait_end_of_query",
    "buffer_size", "client_protocol_version", "enable_http_compression", "role",
})  # fmt: skip


class BadRequest(Exception):
    """A request that cannot be read; `code` is ClickHouse's error number."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Statement:
    """What to run: `data` is None except for an INSERT whose rows follow it in `format`."""

    sql: str
    data: bytes | None
    format: str
    binds: Mapping[str, str]
    settings: Mapping[str, str]
    database: str


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes | None: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


_DECOMPRESSORS: dict[str, Callable[[], _Decompressor]] = {
    "gzip": lambda: zlib.decompressobj(31),
    "deflate": lambda: zlib.decompressobj(15),
    "lz4": lz4.frame.LZ4FrameDecompressor,
    "zstd": zstd.ZstdDecompressor,
}


def plain(body: bytes, encoding: str, limit: int = MAX_PLAIN) -> bytes:
    """Return the body decompressed (gzip, deflate, lz4 or zstd, one or more frames).

    Raises BadRequest when the encoding is unknown, the data broken, or more than `limit` bytes come out.
    """
    if encoding in ("", "identity"):
        return body
    make = _DECOMPRESSORS.get(encoding)
    if make is None:
        raise BadRequest(89, f"Unknown compression method '{encoding}' (UNKNOWN_COMPRESSION_METHOD)")
    parts: list[bytes] = []
    room = limit
    try:
        while body:
            frame = make()
            part = frame.decompress(body, room + 1)
            room -= len(part)
            if room < 0:
                raise BadRequest(
                    432, f"Body is larger than {limit} bytes after decompression (CANNOT_DECOMPRESS)"
                )
            if not frame.eof:
                raise BadRequest(432, f"Truncated {encoding} body (CANNOT_DECOMPRESS)")
            parts.append(part)
            body = frame.unused_data or b""
    except (zlib.error, RuntimeError, zstd.ZstdError, EOFError) as error:
        raise BadRequest(432, f"Broken {encoding} body: {error} (CANNOT_DECOMPRESS)") from error
    return b"".join(parts)


def form(body: bytes, content_type: str) -> dict[str, str]:
    """Return the text fields of a multipart/form-data body: how the client sends long bound parameters."""
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    if not message.is_multipart():
        raise BadRequest(36, "Broken multipart/form-data body (BAD_ARGUMENTS)")
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name, value = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(value, bytes) or part.get_filename():
            raise BadRequest(48, "External tables are not supported (NOT_IMPLEMENTED)")
        fields[name] = value.decode("utf-8")
    return fields


def statement(query_string: str, body: bytes, encoding: str = "", content_type: str = "") -> Statement:
    """Return the Statement of a request, which may lie in the URL, in a form or in the body with its rows."""
    fields = dict(parse_qsl(query_string, keep_blank_values=True))
    body = plain(body, encoding)
    try:
        if content_type.startswith("multipart/form-data"):
            fields |= form(body, content_type)
            body = b""
        text = fields["query"].encode() + b"\n" + body if fields.get("query") else body
        insert = _INSERT.match(text, 0, _HEAD)
        sql = (insert.group(1) if insert else text).decode("utf-8").strip()
    except UnicodeDecodeError:
        raise BadRequest(62, "The statement is not UTF-8 text (SYNTAX_ERROR)") from None
    if not sql:
        raise BadRequest(62, "Empty query (SYNTAX_ERROR)")
    settings = {name: value for name, value in fields.items()
                if name not in _TRANSPORT and not name.startswith("param_")}  # fmt: skip
    for name in settings:
        if not _NAME.fullmatch(name):
            raise BadRequest(115, f"Unknown setting '{name}' (UNKNOWN_SETTING)")
    return Statement(
        sql=sql,
        data=text[insert.end() :] if insert else None,
        format=insert.group(2).decode() if insert else fields.get("default_format", "TabSeparated"),
        binds={name[6:]: value for name, value in fields.items() if name.startswith("param_")},
        settings=settings,
        database=fields.get("database", ""),
    )
