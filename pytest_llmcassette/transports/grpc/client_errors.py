"""How a call fails without an answer: by grpc's statuses for what a recording calls by httpcore's names."""

from __future__ import annotations

from grpc import StatusCode

_BY_HTTP = {
    400: StatusCode.INTERNAL,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.UNIMPLEMENTED,
    **dict.fromkeys((429, 502, 503, 504), StatusCode.UNAVAILABLE),
}
"""As grpc reads the answer of a proxy that speaks no grpc."""


class Failed(Exception):  # noqa: N818 - nobody meets it
    """A status and its message."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Errors:
    """See `ClientErrors`."""

    def error(self, kind: str, message: str) -> Exception:
        """A `Failed`: timeouts are deadlines, and all else a server that is not there."""
        if kind.endswith("Timeout"):
            return Failed(StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        return Failed(StatusCode.UNAVAILABLE, message or kind)

    def told(self, error: BaseException) -> tuple[str, str]:
        """Live, grpc tells of every error by a status."""
        return "", ""


def failed_with(status: int, reason: str) -> Failed:
    """What grpc makes of an HTTP status other than 200."""
    return Failed(
        _BY_HTTP.get(status, StatusCode.UNKNOWN), f"Received http2 header with status: {status} {reason}".rstrip()
    )
