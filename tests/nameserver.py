"""A real nameserver (RFC 1035) on loopback whose answers change by turns, and a resolver that asks it."""

import socket
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType

TYPES = {1: socket.AF_INET, 28: socket.AF_INET6}


class Nameserver:
    """Answers A and AAAA; `turns` holds, per name, what each resolution gets (the last one stays)."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self.turns: dict[str, list[list[str]]] = {name: [list(found)] for name, found in names.items()}
        self.asked: Counter[str] = Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Nameserver":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(512)
            if not question:
                return
            self._socket.sendto(self._answer(question), sender)

    def _answer(self, question: bytes) -> bytes:
        name, after = _name(question)
        (kind,) = struct.unpack_from(">H", question, after)
        turns = self.turns.get(name, [[]])
        if kind == 1:
            self.asked[name] += 1
        answers = turns[min(max(self.asked[name], 1), len(turns)) - 1]
        rows = [_packed(address, kind) for address in answers if (":" in address) == (kind == 28)]
        head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, len(rows), 0, 0)
        records = (b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(row)) + row for row in rows)
        return head + question[12 : after + 4] + b"".join(records)

    def resolve(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of `host`, asked for over the wire: A, then AAAA."""
        found = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(5)
            labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
            for kind, family in TYPES.items():
                head, tail = struct.pack(">HHHHHH", kind, 0x0100, 1, 0, 0, 0), struct.pack(">HH", kind, 1)
                ask = head + labels + b"\0" + tail
                asking.sendto(ask, self._socket.getsockname())
                found += _addresses(asking.recv(4096), len(ask), family)
        return found


def _name(message: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while size := message[at]:
        labels.append(message[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels).lower(), at + 1


def _packed(address: str, kind: int) -> bytes:
    return socket.inet_pton(TYPES[kind], address)


def _addresses(message: bytes, at: int, family: int) -> list[str]:
    (count,) = struct.unpack_from(">H", message, 6)
    found = []
    for _ in range(count):
        (size,) = struct.unpack_from(">H", message, at + 10)
        found.append(socket.inet_ntop(family, message[at + 12 : at + 12 + size]))
        at += 12 + size
    return found
