"""`pytest -p no_network`: no Python code of this process can connect anywhere or look up a name.

It hears the interpreter's own audit events, so neither a socket made long ago nor one that a C library hands out slips
through. Unix sockets stay, because event loops use them to wake themselves.
"""

from __future__ import annotations

import socket
import sys
from typing import Any

_EVENTS = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")


class NetworkBlocked(BaseException):
    """Something tried to reach the network. Not an `Exception`, so that no SDK retries or wraps it."""


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _EVENTS and not (isinstance(arguments[0], socket.socket) and arguments[0].family == socket.AF_UNIX):
        raise NetworkBlocked(f"{event}{arguments[1:]} while the network is blocked")


def pytest_configure() -> None:
    sys.addaudithook(_refuse)


def pytest_report_header() -> str:
    return "network: blocked"
