"""Errors as providers write them: HTTP error bodies of every shape, and error objects inside a 200 stream."""

from __future__ import annotations

import json
import re
from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream, json_object
from pytest_llmcassette.protocols.transcript import ExchangeError
from pytest_llmcassette.protocols.wire_values import first_str

_LONGEST = 2000
_DEEPEST = 4
_WORDS = ("message", "Message", "detail", "details", "msg", "error_msg", "error_message", "errorMessage")
_KINDS = ("type", "code", "status", "__type", "error_type", "error_code")


def is_error(exchange: Exchange) -> bool:
    """Whether the HTTP status says that there is no answer (0: the connection failed before one came)."""
    return exchange.status >= 400 or exchange.status == 0


def http_error(exchange: Exchange) -> ExchangeError:
    """What an answer with an error status says: JSON, also as an event, an HTML page, plain words, or nothing."""
    if exchange.status == 0:
        kind = exchange.interaction.end or "ConnectError"
        return ExchangeError(status=None, type=kind, message=exchange.interaction.end_message or None)
    document = exchange.response_json
    if document is None and is_event_stream(exchange):
        document = next((event for _, event in JsonStream(exchange.body)), None)
    if document is not None:
        error = error_object(document, status=exchange.status)
        if error.type is None:
            # AWS names the class of error in a header: `ValidationException:http://...`.
            header = exchange.header("x-amzn-errortype").partition(":")[0]
            return ExchangeError(status=error.status, type=header or None, message=error.message)
        return error
    return ExchangeError(status=exchange.status, type=None, message=_words(exchange.body))


def unreadable(exchange: Exchange, problem: str) -> ExchangeError:
    """The error of an answer with a good status whose body is not what the protocol says."""
    start = exchange.body[:80].decode(errors="replace")
    return ExchangeError(
        status=exchange.status,
        type="unreadable",
        message=f"The recorded answer could not be read: {problem}: {start!r}",
    )


def error_object(value: Any, *, status: int | None) -> ExchangeError:
    """The error in a decoded JSON value.

    Understands `{"error": {"type", "code", "message", "status"}}`, `{"error": "words"}`, `{"code", "error"}`,
    `{"message"}`, `{"detail"}` (FastAPI), `{"errors": [...]}` and a list of one (Gemini's compatible API).
    """
    if isinstance(value, list):
        return error_object(value[0], status=status) if value else ExchangeError(status=status, type=None, message=None)
    if not isinstance(value, dict):
        return ExchangeError(status=status, type=None, message=None if value is None else str(value)[:_LONGEST])
    inner = value.get("error")
    if isinstance(inner, dict):
        return _of_fields(inner, status, value)
    if isinstance(inner, str) and inner:
        kind = value.get("type") or value.get("code")
        message = value.get("message")
        if isinstance(message, str) and message and kind is None:
            return ExchangeError(status=status, type=inner, message=message)
        return ExchangeError(status=status, type=_kind(kind), message=inner)
    errors = value.get("errors")
    if isinstance(errors, list) and errors and not value.get("message"):
        return error_object(errors[0], status=status)
    return _of_fields(value, status, {})


def error_inside(document: dict[str, Any], *, answered: bool = False) -> ExchangeError | None:
    """The error that an answer with a good status holds, or None.

    `{"error": ...}`, `{"object": "error"}` (vLLM, FastChat), `{"type": "error"}`, MiniMax's `base_resp`, and, unless
    the document has `answered`, whatever has an error's words.
    """
    if document.get("error") or document.get("object") == "error" or document.get("type") == "error":
        return error_object(document, status=None)
    base = document.get("base_resp")
    if isinstance(base, dict) and base.get("status_code"):
        words = first_str(base.get("status_msg"))
        return ExchangeError(status=None, type=_kind(base["status_code"]), message=words)
    if answered:
        return None
    found = error_object(document, status=None)
    return found if found.message else None


def error_beside_events(exchange: Exchange, kinds: dict[str, int]) -> ExchangeError | None:
    """An error that a proxy wrote into a stream without the form of an event: a page, or a line of JSON.

    `kinds` are those of the events that came.
    """
    body = exchange.body
    if not kinds and body.lstrip()[:1] == b"<":
        return unreadable(exchange, "a page came instead of events")
    end = body[-10_000:].rstrip().replace(b"\r\n", b"\n")
    # One line, or (Google's) what stands behind the last blank one.
    for last in (end.rpartition(b"\n")[2], end.rpartition(b"\n\n")[2]):
        # llama.cpp names the field `error`.
        words = last.removeprefix(b"error:").strip(b"[] \n")
        value = json_object(words.decode(errors="replace")) if words.startswith(b"{") else None
        if value is not None:
            return error_inside(value, answered=not last.startswith(b"error:"))
    return None


def _of_fields(fields: dict[str, Any], status: int | None, around: dict[str, Any]) -> ExchangeError:
    kinds = (_kind(fields.get(name)) for name in _KINDS)
    words = _said(fields) or _said(around)
    return ExchangeError(
        status=status,
        type=next((kind for kind in kinds if kind is not None), None),
        message=None if words is None else _detail(words),
    )


def _said(holder: dict[str, Any]) -> Any:
    return next((holder[name] for name in _WORDS if holder.get(name)), None)


def _kind(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        return None
    return str(value)


def _detail(value: object, depth: int = 0) -> str:
    """A text; the texts of FastAPI's `[{"loc": [...], "msg": "..."}]` (Mistral: inside a `detail`), else JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and depth < _DEEPEST:
        return "; ".join(_detail(entry, depth + 1) for entry in value)[:_LONGEST]
    inner = _said(value) if isinstance(value, dict) else None
    if inner is not None and depth < _DEEPEST:
        return _detail(inner, depth + 1)
    return json.dumps(value, ensure_ascii=False)[:_LONGEST]


def _words(body: bytes) -> str | None:
    text = body[:20_000].decode(errors="replace")
    if re.match(r"\s*(<!doctype|<html|<\?xml|<head|<body)", text, re.IGNORECASE):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        text = title.group(1) if title else re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", text, flags=re.S | re.I)
    return " ".join(text.split())[:_LONGEST] or None
