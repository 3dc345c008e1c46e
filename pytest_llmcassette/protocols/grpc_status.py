"""How a gRPC call ended: its status is not HTTP's, which is 200 whatever has become of it."""

from __future__ import annotations

from pytest_llmcassette.cassette.model import Response
from pytest_llmcassette.protocols.transcript import ExchangeError

_CODES = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
_BY_CODE = {str(code): name for code, name in enumerate(_CODES)}


def status_name(response: Response) -> str:
    """`OK`, `INVALID_ARGUMENT`; a number that has no name as it is, `""` for what is no gRPC call or was cut."""
    code = _said(response, "Grpc-Status")
    return _BY_CODE.get(code, code)


def call_error(response: Response) -> ExchangeError | None:
    """What the call ended with, where that is an error."""
    name = status_name(response)
    if name in ("", "OK"):
        return None
    return ExchangeError(status=None, type=name, message=_said(response, "Grpc-Message") or None)


def status_words(response: Response) -> str:
    """`200`, as any answer's; `200 INVALID_ARGUMENT` where a call failed."""
    error = call_error(response)
    return str(response.code) if error is None else f"{response.code} {error.type}"


def _said(response: Response, name: str) -> str:
    """It stands behind the answer, or before there is one."""
    return next(iter(response.trailer.get(name) or response.headers.get(name) or ()), "")
