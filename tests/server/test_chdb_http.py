"""The store process speaks ClickHouse's protocol as its real client does, and turns away everything else."""

import contextlib
import http.client
import signal
import socket
import zlib
from collections.abc import Callable, Iterator

import clickhouse_connect
import lz4.frame  # type: ignore[import-untyped] # has no stubs
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from predvid.server.chdb_request import BadRequest, plain, statement
from store_fixture import StoreProcess


@pytest.fixture
def client(store_process: StoreProcess) -> Iterator[Client]:
    """ClickHouse's own client over real HTTP, as Predvid's Store uses it but with its default settings."""
    client = connect(store_process)
    yield client
    client.close()


def connect(process: StoreProcess, compress: str | bool = True) -> Client:
    """Return a client with a pool of its own."""
    return clickhouse_connect.get_client(
        host="127.0.0.1", port=process.port, password=process.token, compress=compress, dedicated_pool=True,
        autogenerate_session_id=False,
    )  # fmt: skip


def post(
    process: StoreProcess, body: bytes, path: str = "/", **headers: str
) -> tuple[int, dict[str, str], str]:
    """Send one request by hand; return status, headers and text."""
    connection = http.client.HTTPConnection("127.0.0.1", process.port, timeout=30)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("POST", path, body, {"X-ClickHouse-Key": process.token, **named})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_rows_sent_by_the_client_are_stored_whatever_its_compression(
    store_process: StoreProcess, compress: str | bool
) -> None:
    client = connect(store_process, compress)
    client.command("CREATE OR REPLACE TABLE words (a UInt64, b String) ENGINE = MergeTree ORDER BY a")
    client.insert("words", [[n, "č" * n] for n in range(2_000)], column_names=["a", "b"])
    found = client.query("SELECT count(), sum(a), sum(lengthUTF8(b)) FROM words")
    assert found.result_rows == [(2_000, 1_999_000, 1_999_000)]
    client.close()


def test_parameters_of_any_length_and_content_are_bound(client: Client) -> None:
    words = ["it's", 'a "quote"', "back\\slash", "tab\tline\n", "č", "{x:String}", "' OR 1=1 --"]
    found = client.query("SELECT {w:Array(String)} = {w:Array(String)}, {w:Array(String)}", {"w": words})
    assert found.result_rows == [(1, words)]
    many = [f"{n:040d}" for n in range(20_000)]
    assert client.query("SELECT length({m:Array(String)})", {"m": many}).result_rows == [(20_000,)]


def test_settings_and_database_hold_for_their_request_only(client: Client) -> None:
    asked = "SELECT getSetting('max_block_size'), currentDatabase()"
    usual = client.query(asked).result_rows
    client.command("CREATE DATABASE IF NOT EXISTS `odd ``name`")
    assert client.query(asked, settings={"max_block_size": 77}).result_rows[0][0] == 77
    assert client.query(asked).result_rows == usual
    client.database = "odd `name"
    assert client.query(asked).result_rows[0][1] == "odd `name"


def test_acknowledged_means_written_for_every_request(client: Client) -> None:
    assert client.query("SELECT getSetting('async_insert')").result_rows == [(False,)]


def test_limits_of_time_and_memory_are_kept(client: Client) -> None:
    endless = "SELECT sum(sipHash64(number)) FROM numbers(1000000000000)"
    with pytest.raises(DatabaseError) as late:
        client.query(endless, settings={"max_execution_time": 1})
    assert late.value.code == 159
    with pytest.raises(DatabaseError) as large:
        client.query(
            "SELECT groupArray(number) FROM numbers(100000000)", settings={"max_memory_usage": 10_000_000}
        )
    assert large.value.code == 241
    assert client.command("SELECT 1") == 1


@pytest.mark.parametrize(
    ("sql", "code", "status"),
    [("SELECT nothing", 47, 400), ("SELECT 1 FROM nowhere", 60, 404), ("SELEC 1", 62, 400), ("", 62, 400)],
)
def test_errors_are_those_of_clickhouse(
    store_process: StoreProcess, sql: str, code: int, status: int
) -> None:
    answered, headers, text = post(store_process, sql.encode())
    assert (answered, headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert text.startswith(f"Code: {code}. DB::Exception: ")
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "headers",
    [
        {"X_ClickHouse_Key": "wrong"},
        {"X_ClickHouse_Key": ""},
        {"X_ClickHouse_Key": "č".encode().decode("latin-1")},
    ],
)
def test_a_wrong_token_opens_nothing(store_process: StoreProcess, headers: dict[str, str]) -> None:
    status, answered, text = post(store_process, b"SELECT 1", **headers)
    assert (status, answered["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert "Authentication failed" in text
    assert store_process.token not in text


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_client_with_a_wrong_password_is_told_so(store_process: StoreProcess, password: str) -> None:
    with pytest.raises(DatabaseError) as refused:
        clickhouse_connect.get_client(host="127.0.0.1", port=store_process.port, password=password)
    assert refused.value.code == 516


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"\xff\xfe\x00garbage", {}),
        (b"INSERT INTO system.nothing FORMAT Native\n\xff\xff\xff", {}),
        (b"INSERT INTO nowhere FORMAT RowBinary\n1", {}),
        (b"garbage", {"Content_Encoding": "lz4"}),
        (b"garbage", {"Content_Encoding": "zstd"}),
        (b"garbage", {"Content_Encoding": "gzip"}),
        (b"garbage", {"Content_Encoding": "rot13"}),
        (b"garbage", {"Content_Type": "multipart/form-data; boundary=x"}),
        (lz4.frame.compress(b"SELECT 1" * 1000)[:-9], {"Content_Encoding": "lz4"}),
    ],
)
def test_garbage_gets_one_clear_error_and_the_store_goes_on(
    store_process: StoreProcess, body: bytes, headers: dict[str, str]
) -> None:
    status, answered, text = post(store_process, body, **headers)
    assert status in (400, 404)
    assert answered["X-ClickHouse-Exception-Code"] != "0"
    assert text.startswith("Code: ")
    assert text.count("\n") == 1
    assert post(store_process, b"SELECT 1")[::2] == (200, "1\n")


def test_rows_that_cannot_be_read_leave_no_part_behind(client: Client) -> None:
    client.command("CREATE TABLE halves (a UInt64) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(DatabaseError):
        client.raw_insert("halves", ["a"], b"\x01" * 20_001, fmt="RowBinary")
    assert client.command("SELECT count() FROM halves") == 0


def test_bodies_in_chunks_are_read_and_broken_ones_refused(store_process: StoreProcess) -> None:
    head = (
        f"POST / HTTP/1.1\r\nHost: x\r\nX-ClickHouse-Key: {store_process.token}\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    for chunks, status in [
        (b"7\r\nSELECT \r\n2;x=y\r\n42\r\n0\r\nTrailer: 1\r\n\r\n", b"200"),
        (b"zz\r\nSELECT 1\r\n", b"413"),
        (b"fffffffff\r\nSELECT 1\r\n", b"413"),
    ]:
        with socket.create_connection(("127.0.0.1", store_process.port), 30) as wire:
            wire.sendall(head.encode() + chunks)
            answer = b"".join(iter(lambda wire=wire: wire.recv(65_536), b""))  # type: ignore[misc] # bound now
        assert answer.split()[1] == status
        assert (b"42\n" in answer) == (status == b"200")


def test_a_body_that_is_too_large_is_refused_before_it_is_read(store_process: StoreProcess) -> None:
    status, headers, _ = post(store_process, b"", Content_Length=str(1 << 40))
    assert (status, headers["X-ClickHouse-Exception-Code"]) == (413, "307")


def test_the_ping_tells_that_the_process_lives(client: Client) -> None:
    assert client.ping()


def test_a_second_store_on_the_same_folder_is_refused(
    store_process: StoreProcess,
) -> None:
    second = StoreProcess(store_process.folder)
    with pytest.raises(ValueError, match="Expecting value"):  # it ends without a word on its output
        second.start()
    assert second.process is not None
    assert second.process.wait(30) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_what_was_written_is_there_again(
    new_store_process: Callable[[], StoreProcess], number: signal.Signals
) -> None:
    process = new_store_process()
    client = connect(process)
    client.command("CREATE TABLE kept (a UInt64) ENGINE = MergeTree ORDER BY a")
    client.command("INSERT INTO kept VALUES (1), (2)")
    assert process.stop(number) == 0
    process.start()
    assert client.command("SELECT sum(a) FROM kept") == 3
    client.close()


@given(st.binary(max_size=5_000), st.sampled_from(["gzip", "deflate", "lz4", "zstd", "", "br"]))
def test_any_bytes_are_decompressed_or_refused(data: bytes, encoding: str) -> None:
    with contextlib.suppress(BadRequest):
        assert len(plain(data, encoding, 10_000)) <= 10_000


def test_a_compression_bomb_is_refused() -> None:
    for bomb, encoding in [
        (zlib.compress(bytes(10**8)), "deflate"),
        (lz4.frame.compress(bytes(10**8)), "lz4"),
    ]:
        with pytest.raises(BadRequest, match="larger than"):
            plain(bomb, encoding, 10**6)
    assert plain(zlib.compress(bytes(10**6)), "deflate", 10**6) == bytes(10**6)


@given(st.binary(max_size=200), st.text(max_size=50))
def test_any_request_is_read_or_refused(body: bytes, query: str) -> None:
    with contextlib.suppress(BadRequest):
        assert statement(query, body).sql


@pytest.mark.parametrize(
    ("query", "body", "sql", "data"),
    [
        ("", b"INSERT INTO t (a) FORMAT RowBinary\n\n FORMAT x", "INSERT INTO t (a)", b"\n FORMAT x"),
        ("query=INSERT+INTO+t+FORMAT+CSV", b"1,2", "INSERT INTO t", b"1,2"),
        ("", b"INSERT INTO t VALUES (' FORMAT CSV ')", "INSERT INTO t VALUES (' FORMAT CSV ')", None),
        ("", b"INSERT INTO `a FORMAT b` FORMAT TSV 1", "INSERT INTO `a FORMAT b`", b"1"),
        ("", b"SELECT 1 FORMAT JSON", "SELECT 1 FORMAT JSON", None),
    ],
)
def test_an_insert_is_split_from_its_rows(query: str, body: bytes, sql: str, data: bytes | None) -> None:
    read = statement(query, body)
    assert (read.sql, read.data) == (sql, data)
