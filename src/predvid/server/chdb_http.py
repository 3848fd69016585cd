"""The store process: ClickHouse's HTTP protocol on loopback over the embedded engine, behind one token."""

import argparse
import base64
import hmac
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType
from urllib.parse import parse_qs, urlsplit

from predvid.server.chdb_engine import Answer, BadRequest, Engine, Refused, Session
from predvid.server.chdb_request import statement

TOKEN = "PREDVID_STORE_TOKEN"  # noqa: S105 # the variable's name, not its value
MAX_BODY = 64 << 20  # bytes of a request body as sent
IDLE = 3600.0  # seconds after which a silent connection is closed
LOOK = 1.0  # seconds between two looks whether a signal came

# ClickHouse's own choice of status by error number (HTTPHandler); all others are 500.
_BAD = (6, 25, 26, 27, 32, 33, 36, 38, 41, 47, 53, 62, 72, 89, 115, 117, 376, 386, 432, 456, 457)
_STATUS = {
    **dict.fromkeys(_BAD, 400),
    **dict.fromkeys((192, 193, 516), 403),
    **dict.fromkeys((46, 60, 73, 81), 404),
    **dict.fromkeys((202, 236), 503),
    48: 501,
    159: 408,
    307: 413,
}
log = logging.getLogger("predvid.store")


class Gate(ThreadingHTTPServer):
    """A listening socket on loopback, the engine behind it and the token that opens it."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, engine: Engine, token: str) -> None:
        self.engine = engine
        self._token = token.encode()
        super().__init__(("127.0.0.1", port), Exchange)

    def opens(self, password: bytes) -> bool:
        """Tell in constant time whether `password` is the token."""
        return hmac.compare_digest(password, self._token)

    def handle_error(self, request: object, client_address: object) -> None:
        """Note a broken connection in one line; the client sees that it was closed."""
        log.warning("connection lost: %s", sys.exception())


class Exchange(BaseHTTPRequestHandler):
    """One kept-alive connection: its requests run in one thread and one chDB session."""

    server: Gate
    protocol_version = "HTTP/1.1"
    server_version = "predvid-store"
    sys_version = ""
    timeout = IDLE
    wbufsize = -1  # header and body leave in one segment
    disable_nagle_algorithm = True
    session: Session | None = None

    def do_GET(self) -> None:
        """Answer `/ping` and `/`; statements come by POST."""
        if urlsplit(self.path).path in ("/", "/ping") and "query=" not in self.path:
            self._send(200, b"Ok.\n")
        else:
            self._fail(48, "Send statements by POST (NOT_IMPLEMENTED)")

    def do_POST(self) -> None:
        """Run one statement and answer its result, or ClickHouse's error."""
        try:
            body = self._body()
            url = urlsplit(self.path)
            if not self.server.opens(self._password(url.query)):
                self._fail(
                    516,
                    "Authentication failed: the store's token is wrong or missing (AUTHENTICATION_FAILED)",
                )
                return
            headers = self.headers
            wanted = statement(
                url.query, body, headers.get("Content-Encoding", ""), headers.get("Content-Type", "")
            )
            if self.session is None:
                self.session = self.server.engine.session()
            self._answer(self.server.engine.run(self.session, wanted))
        except BadRequest as error:
            self._fail(error.code, str(error))
        except Refused as error:
            self._fail(error.code, str(error))

    def finish(self) -> None:
        """Close the session with its connection."""
        try:
            super().finish()
        finally:
            if self.session is not None:
                self.server.engine.drop(self.session)

    def log_message(self, format: str, *args: object) -> None:
        """Keep requests out of the log; errors are logged where they are answered."""
        log.debug(format, *args)

    def _password(self, query: str) -> bytes:
        given = self.headers.get("X-ClickHouse-Key")
        if given is not None:
            return given.encode()
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                return base64.b64decode(value, validate=True).partition(b":")[2]
            except ValueError:
                return b""
        return parse_qs(query).get("password", [""])[0].encode()

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._chunked()
        length = self.headers.get("Content-Length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            self.close_connection = True  # the rest of the body is not read
            raise BadRequest(307, f"Body of {length[:20]} bytes; at most {MAX_BODY} (TOO_MANY_BYTES)")
        return self._exactly(int(length))

    def _chunked(self) -> bytes:
        parts: list[bytes] = []
        room = MAX_BODY
        while True:
            try:
                size = int(self.rfile.readline(1026).split(b";")[0], 16)
            except ValueError:
                size = -1
            room -= max(size, 0)
            if size < 0 or room < 0:
                self.close_connection = True
                raise BadRequest(307, f"Broken chunk, or more than {MAX_BODY} bytes (TOO_MANY_BYTES)")
            if size:
                parts.append(self._exactly(size))
                self.rfile.readline(3)
                continue
            while self.rfile.readline(1026) not in (b"\r\n", b"\n", b""):
                pass
            return b"".join(parts)

    def _exactly(self, size: int) -> bytes:
        data = self.rfile.read(size)
        if len(data) != size:
            self.close_connection = True
            raise BadRequest(33, f"Body ended after {len(data)} of {size} bytes (CANNOT_READ_ALL_DATA)")
        return data

    def _answer(self, answer: Answer) -> None:
        summary = {"read_rows": str(answer.read_rows), "written_rows": str(answer.written_rows)}
        self._send(200, answer.body, {"X-ClickHouse-Summary": json.dumps(summary)})

    def _fail(self, code: int, message: str) -> None:
        status = _STATUS.get(code, 500)
        text = message if message.startswith("Code:") else f"Code: {code}. DB::Exception: {message}"
        log.log(logging.WARNING if status >= 500 else logging.INFO, "%s", text.replace("\n", " ")[:500])
        self._send(status, (text + "\n").encode(), {"X-ClickHouse-Exception-Code": str(code)})

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header(
            "Content-Type", "application/octet-stream" if status == 200 else "text/plain; charset=UTF-8"
        )
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-ClickHouse-Timezone", "UTC")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def serve_store(data: Path, port: int, token: str, ready: Callable[[int], None] | None = None) -> None:
    """Serve the folder `data` on 127.0.0.1:`port` (0: any free one) until SIGTERM or SIGINT; blocks.

    Must run in the main thread of a process of its own. `ready` is called with the port once requests are
    answered. Raises Refused when the folder is in use and OSError when the port is taken.
    """
    if not token:
        raise ValueError("the store's token is empty")
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    stop = threading.Event()

    def stopped(number: int, frame: FrameType | None) -> None:
        stop.set()

    engine = Engine(data)
    try:
        gate = Gate(port, engine, token)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stopped)
        threading.Thread(target=gate.serve_forever, args=(0.1,), name="gate", daemon=True).start()
        if ready is not None:
            ready(gate.server_address[1])
        while not stop.wait(LOOK):
            pass  # a signal that the system hands to a thread of the engine interrupts no wait of this one
        gate.shutdown()
        gate.server_close()
    finally:
        engine.close()


def _say_ready(port: int) -> None:
    sys.stdout.write(json.dumps({"event": "ready", "port": port}) + "\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    """Run the store process; the token comes by the environment, so that no list of processes shows it."""
    parser = argparse.ArgumentParser(prog="python -m predvid.server.chdb_http", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    given = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s store %(levelname)s %(message)s")
    token = os.environ.pop(TOKEN, "")
    if not token:
        sys.stderr.write(f"predvid store: {TOKEN} is not set\n")
        return 2
    try:
        serve_store(given.data, given.port, token, _say_ready)
    except (Refused, OSError) as error:
        sys.stderr.write(f"predvid store: cannot serve {given.data} on port {given.port}: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
