"""Finds a loopback port for a peer to listen on."""

import random
import socket


def free_port(low: int = 20000, high: int = 32767) -> int:
    """A free loopback port in `low` .. `high`; 32767 is the highest that Zabbix takes as ListenPort.

    Below the range that the kernel gives to outgoing connections (ip(7), ip_local_port_range).
    """
    for port in random.sample(range(low, high + 1), 100):
        with socket.socket() as candidate:
            if candidate.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError(f"no free loopback port found between {low} and {high}")
