"""A light load generator: sends requests built beforehand over kept connections and times each answer.

Request n goes over connection n modulo their number, one at a time: so a device's batches keep their order.
Standard input: a stream of frames (uint32 length, then the whole HTTP request). Standard output, at the end:
JSON with the number of answers by status, the seconds from first send to last answer, every latency in ms.
"""

import asyncio
import json
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import uvloop


def frames(data: bytes) -> Iterator[bytes]:
    """Yield the requests of a stream of frames."""
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at)
        yield data[at + 4 : at + 4 + size]
        at += 4 + size


class Connection(asyncio.Protocol):
    """One kept connection that sends the next request when the last one is answered."""

    def __init__(
        self, work: Iterator[bytes], statuses: Counter[str], times: list[float], until: float
    ) -> None:
        self._work, self._statuses, self._times, self._until = work, statuses, times, until
        self._buffer = b""
        self._sent = 0.0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._work, None) if time.perf_counter() < self._until else None
        if request is None:
            self._transport.close()
            if not self.done.done():
                self.done.set_result(None)
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._buffer = b""
        self._statuses[head[9:12].decode()] += 1
        self._times.append((time.perf_counter() - self._sent) * 1000)
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self._statuses["lost"] += 1
            self.done.set_result(None)


async def main(port: int, connections: int, seconds: float) -> None:
    """Send all frames of standard input, for `seconds` at most, and print the figures."""
    work = list(frames(sys.stdin.buffer.read()))
    statuses: Counter[str] = Counter()
    times: list[float] = []
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    links = [
        await loop.create_connection(
            partial(Connection, iter(work[n::connections]), statuses, times, began + seconds),
            "127.0.0.1",
            port,
        )
        for n in range(connections)
    ]
    await asyncio.gather(*(link.done for _, link in links))
    print(json.dumps({"statuses": statuses, "seconds": time.perf_counter() - began, "ms": times}))


uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
