"""What may be reached without a cassette: this machine and, where a run blocks the network, what it allows."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar

from pytest_llmcassette.errors import RequestRefused
from pytest_llmcassette.recorder.requests import is_among

_LOCAL = frozenset({"", "localhost", "0.0.0.0", "::", "::1", "ip6-localhost"})


class Loopback:
    """Whether this machine may be reached past a cassette (`llmcassette_net_loopback`): its databases and debuggers."""

    passes: ClassVar[bool] = True


def is_local(host: str) -> bool:
    """Whether a host is this machine: by its loopback addresses, or its own name."""
    host = host.lower().removeprefix("::ffff:")
    return host in _LOCAL or host.startswith("127.") or host.endswith(".localhost")


@cache
def own_name() -> str:
    """This machine's name, lower case. Servers look it up to say what they are called."""
    return socket.gethostname().lower()


class Block:
    """Refuses what is sent outside of any cassette, in the whole run; `advise` says of a host what to do instead."""

    def __init__(self, allowed: Sequence[str], advise: Callable[[str], str]) -> None:
        self._allowed = tuple(allowed)
        self._advise = advise
        self.refused: list[RequestRefused] = []
        """What no report has told yet: code under test may have swallowed it."""

    def lets(self, host: str, port: int | None) -> bool:
        """Whether this host may be reached all the same."""
        if is_local(host):
            return Loopback.passes or is_among(self._allowed, host, port)
        return is_among(self._allowed, host, port)

    def refusal(self, doing: str, host: str) -> RequestRefused:
        """What to raise for `doing` ("POST https://... was not sent")."""
        stop = RequestRefused(
            f"{doing}: no cassette is in force, and this run blocks the network.\n{self._advise(host)}"
        )
        self.refused.append(stop)
        return stop
