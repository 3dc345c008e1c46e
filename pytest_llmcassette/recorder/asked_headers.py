"""The response headers that the code under test asked for and that a replay does not have."""

from __future__ import annotations

from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.redaction import Redactor

FRAMING = frozenset({b"content-length", b"content-encoding", b"transfer-encoding", b"connection", b"keep-alive"})
"""Headers of the connection, and of the form that a body has on it: no switch keeps them."""


class AskedHeaders:
    """All names are in lower case. Transports add to the sets."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self.unkept: set[str] = set()
        """Those of live answers that the recording leaves out."""
        self.absent: set[str] = set()
        """Those that a replayed answer did not have."""

    def left_out(self, headers: RawHeaders) -> frozenset[bytes]:
        """Which of a live answer's headers the recording leaves out, unless `keep_response_headers` names them."""
        names = {name.lower() for name, _ in headers}
        keeps = self._redactor.keeps_response_header
        return frozenset(name for name in names if name not in FRAMING and not keeps(name.decode("latin-1")))
