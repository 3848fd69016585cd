"""The daemon of ClamAV is asked for its version over its socket."""

import socket
import threading
from pathlib import Path

import pytest

from predvid.edge.sources.clamd import ask


def test_the_daemon_tells_its_version(tmp_path: Path) -> None:
    path = str(tmp_path / "clamd.ctl")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(path)
        server.listen()
        asked = []

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(64))
                connection.sendall(b"ClamAV 1.4.6/27768/Sun Sep 20 10:25:10 2026\0")

        daemon = threading.Thread(target=answer)
        daemon.start()
        assert ask(path) == "ClamAV 1.4.6/27768/Sun Sep 20 10:25:10 2026"
        daemon.join()
    assert asked == [b"zVERSION\0"]
    with pytest.raises(ConnectionRefusedError):
        ask(path)


def test_a_file_is_no_daemon(tmp_path: Path) -> None:
    (tmp_path / "clamd.ctl").write_text("")
    with pytest.raises(ValueError, match="not a socket"):
        ask(str(tmp_path / "clamd.ctl"))
