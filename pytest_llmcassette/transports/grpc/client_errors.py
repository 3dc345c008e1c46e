"""How a call fails without an answer: by grpc's statuses for what a recording calls by httpcore's names."""

from __future__ import annotations

OK, CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, ABORTED, INTERNAL, UNAVAILABLE = 0, 1, 2, 4, 10, 13, 14
_BY_HTTP = {
    400: INTERNAL,
    401: 16,
    403: 7,
    404: 12,
    429: UNAVAILABLE,
    502: UNAVAILABLE,
    503: UNAVAILABLE,
    504: UNAVAILABLE,
}
"""As grpc reads the answer of a proxy that speaks no grpc."""


class Failed(Exception):  # noqa: N818 - nobody meets it
    """A status and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Errors:
    """See `ClientErrors`."""

    def error(self, kind: str, message: str) -> Exception:
        """A `Failed`: timeouts are deadlines, and all else a server that is not there."""
        if kind.endswith("Timeout"):
            return Failed(DEADLINE_EXCEEDED, "Deadline Exceeded")
        return Failed(UNAVAILABLE, message or kind)

    def told(self, error: BaseException) -> tuple[str, str]:
        """Live, grpc tells of every error by a status."""
        return "", ""


def failed_with(status: int, reason: str) -> Failed:
    """What grpc makes of an HTTP status other than 200."""
    return Failed(_BY_HTTP.get(status, UNKNOWN), f"Received http2 header with status: {status} {reason}".rstrip())
