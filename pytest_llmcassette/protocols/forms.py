"""How a protocol writes that something is wrong, and what of its streams a fault has to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

WORDS = {
    400: "The request is not valid.",
    401: "The API key is not valid.",
    403: "The API key has no permission to use this resource.",
    404: "The model does not exist.",
    408: "The request took too long.",
    413: "The request is too large.",
    429: "The rate limit is exceeded.",
    500: "An error happened while the request was processed.",
    502: "The upstream server gave no valid answer.",
    503: "The service is not available now.",
    529: "The service is overloaded.",
}
"""What an error says, by its status."""

_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_REASONS = frozenset({"finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason", "completionReason"})
_TEXTS = frozenset(
    {"text", "content", "thinking", "reasoning", "reasoning_content", "response", "refusal", "outputText", "generation"}
)
_LISTS = frozenset({"parts", "content", "tool_calls", "reasoning_details"})


def kind_of(status: int, server: str) -> str:
    """The type of an error in the words that Anthropic and OpenAI share; `server` for what is the server's fault."""
    return _KINDS.get(status, server)


def _openai_error(status: int, message: str) -> dict[str, Any]:
    kind = kind_of(status, "server_error")
    return {"error": {"message": message, "type": kind, "param": None, "code": kind}}


def ended(kept: Any, end: dict[str, Any], reason: str) -> dict[str, Any]:
    """The event with which an answer ends, adding nothing to it, under another finish reason (`""`: its own).

    `kept` is the exchange with what is left of the answer before it.
    """

    def changed(value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: changed(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [] if name in _LISTS else [changed(one) for one in value]
        if isinstance(value, str) and value:
            if name in _REASONS:
                return reason or value
            return "" if name in _TEXTS else value
        return value

    changed_event: dict[str, Any] = changed(end)
    return changed_event


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """Of one protocol; without arguments those of chat completions, which most hosts have taken over.

    - `error_body(status, message)`: the JSON body of an answer with an error status, `error_headers(status)` beside it.
    - `error_event(message)`: an error in the middle of a stream, its name and value, or its bytes where it is no event.
    - `keep_alive`: what keeps a stream of server-sent events open.
    - `opening`: the kinds of events that begin an answer and hold none of it; empty where events have no kinds.
    - `growing`: the kinds that each add to the answer, where not all before its end do.
    - `length`: the finish reason of an answer that met its limit.
    - `ended`: see the function of this name.
    - `usage`: the names under which counts stand.
    """

    error_body: Callable[[int, str], Any] = _openai_error
    error_headers: Callable[[int], dict[str, str]] = lambda status: {}
    error_event: Callable[[str], tuple[str, Any] | bytes] = lambda message: ("", _openai_error(500, message))
    keep_alive: bytes = b": keep-alive\n\n"
    opening: frozenset[str] = field(default=frozenset())
    growing: frozenset[str] = field(default=frozenset())
    length: str = "length"
    ended: Callable[[Any, dict[str, Any], str], dict[str, Any]] = ended
    usage: frozenset[str] = field(default=frozenset({"usage"}))
