"""The question `clamd` SOCKET: the version that the daemon of ClamAV tells (clamd(8), command zVERSION)."""

import socket
import stat
from os import stat as status

TIMEOUT = 5.0
MOST = 1024  # bytes


def ask(path: str) -> str:
    """Return the answer, as `ClamAV 1.4.1/27500/Mon Jan 15 09:30:00 2026`; raise OSError where none comes."""
    if not stat.S_ISSOCK(status(path).st_mode):
        raise ValueError("not a socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as daemon:
        daemon.settimeout(TIMEOUT)
        daemon.connect(path)
        daemon.sendall(b"zVERSION\0")
        answer = b""
        while len(answer) < MOST and (piece := daemon.recv(MOST)):
            answer += piece
    return answer[:MOST].rstrip(b"\0\n").decode(errors="replace")
