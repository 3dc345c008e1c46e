"""`openai.responses`: the Responses API, at OpenAI, Azure and compatible hosts."""

from __future__ import annotations

import re
from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import ChoiceDraft
from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.http_errors import error_object, http_error, is_error, unreadable
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream
from pytest_llmcassette.protocols.responses_items import add_item
from pytest_llmcassette.protocols.responses_stream import ResponseDraft, error_fields
from pytest_llmcassette.protocols.transcript import ExchangeError, FinishReason, ToolCall, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_float, as_int, as_str, as_time, counts_in

_CREATE = re.compile(r"/responses(/compact)?$")
_RETRIEVE = re.compile(r"/responses/[^/]+$")
_UNFINISHED = ("queued", "in_progress")
_ENDED_WELL = ("completed", "incomplete")


class OpenAIResponses(WireProtocol):
    """https://platform.openai.com/docs/api-reference/responses

    Of a response in the background the finished poll has the transcript: its creation and earlier polls, answered with
    `queued` or `in_progress`, are no answers. A stream resumed by GET is one, although it starts in the middle.
    """

    name = "openai.responses"

    def claims(self, exchange: Exchange) -> bool:
        """By URL; a poll by its state as well."""
        path = exchange.path.rstrip("/")
        method = exchange.request.method.upper()
        if method == "GET" and _RETRIEVE.search(path):
            if is_event_stream(exchange):
                return True
            document = as_dict(exchange.response_json)
            return document.get("object") == "response" and document.get("status") not in _UNFINISHED
        if method != "POST" or not _CREATE.search(path):
            return False
        if is_event_stream(exchange):
            return True
        return as_dict(exchange.response_json).get("status") not in _UNFINISHED

    def read(self, exchange: Exchange) -> Transcript:
        """The transcript."""
        if is_event_stream(exchange) and not is_error(exchange):
            return self._read_stream(exchange)
        document = as_dict(exchange.response_json)
        error = None
        if is_error(exchange):
            error, document = http_error(exchange), {}
        elif document.get("error"):
            error = error_object(document, status=None)
        elif not isinstance(document.get("output"), list):
            error = unreadable(exchange, "the body has no output")
        ended = document.get("status") in _ENDED_WELL or document.get("object") == "response.compaction"
        output = document.get("output") if isinstance(document.get("output"), list) else []
        return _transcript(exchange, self.name, document, output or [], error, ended=ended, stream=None)

    def _read_stream(self, exchange: Exchange) -> Transcript:
        stream = JsonStream(exchange.body)
        draft = ResponseDraft()
        for name, event in stream:
            draft.add(name, event)
        error = None
        if draft.error is not None:
            error = error_object(error_fields(draft.error), status=None)
        elif draft.response.get("error"):
            error = error_object(draft.response, status=None)
        ended = draft.ended and draft.response.get("status", "completed") in _ENDED_WELL and not stream.cut
        return _transcript(exchange, self.name, draft.response, draft.output(), error, ended=ended, stream=stream)


def _transcript(
    exchange: Exchange,
    protocol: str,
    response: dict[str, Any],
    output: list[Any],
    error: ExchangeError | None,
    *,
    ended: bool,
    stream: JsonStream | None,
) -> Transcript:
    choice = ChoiceDraft(0)
    for position, item in enumerate(output):
        if isinstance(item, dict):
            add_item(choice, item, position)
    status = as_str(response.get("status"))
    choice.finish_reason = status if status not in _UNFINISHED else None
    reason = as_str(as_dict(response.get("incomplete_details")).get("reason"))
    calls = any(getattr(part, "kind", None) is ToolCall for part in choice.parts)
    built = choice.build(lambda wire: _normalise(wire, reason, calls=calls))
    return Transcript(
        protocol=protocol,
        provider=exchange.provider,
        stream=stream is not None,
        id=as_str(response.get("id")) or None,
        request_model=as_str(exchange.asked("model")),
        model=as_str(response.get("model")) or None,
        choices=(built,) if built.parts or built.finish_reason else (),
        complete=ended and error is None and exchange.interaction.outcome is Outcome.COMPLETE,
        error=error,
        usage=responses_usage(response.get("usage"), response.get("tool_usage")),
        created=as_time(response.get("created_at")),
        shape=() if stream is None else tuple(stream.kinds.items()),
        notes=() if stream is None else tuple(stream.notes),
    )


def _normalise(status: str, reason: str | None, *, calls: bool) -> FinishReason:
    if status == "completed":
        return FinishReason.TOOL_CALL if calls else FinishReason.STOP
    if status == "incomplete":
        if reason == "content_filter":
            return FinishReason.CONTENT_FILTER
        return FinishReason.LENGTH if reason in ("max_output_tokens", "max_tokens") else FinishReason.OTHER
    return FinishReason.ERROR if status == "failed" else FinishReason.OTHER


def responses_usage(wire: Any, tool_usage: Any = None) -> Usage | None:
    """The `usage` object of a response: input includes cached, output includes reasoning. None when there is none.

    `tool_usage` stands beside it at OpenAI and has zeros for tools that were not used: those are left out.
    """
    if not isinstance(wire, dict) or not wire:
        return None
    inputs = as_dict(wire.get("input_tokens_details"))
    outputs = as_dict(wire.get("output_tokens_details"))
    tools = counts_in(wire.get("server_side_tool_usage_details"))
    searches = as_int(as_dict(as_dict(tool_usage).get("web_search")).get("num_requests"))
    if searches:
        tools["web_search"] = searches
    return Usage(
        input_tokens=as_int(wire.get("input_tokens")),
        output_tokens=as_int(wire.get("output_tokens")),
        total_tokens=as_int(wire.get("total_tokens")),
        cache_read_input_tokens=as_int(inputs.get("cached_tokens")),
        cache_creation_input_tokens=as_int(inputs.get("cache_write_tokens")),
        reasoning_output_tokens=as_int(outputs.get("reasoning_tokens")),
        audio_input_tokens=as_int(inputs.get("audio_tokens")),
        audio_output_tokens=as_int(outputs.get("audio_tokens")),
        image_input_tokens=as_int(inputs.get("image_tokens")),
        image_output_tokens=as_int(outputs.get("image_tokens")),
        server_tool_calls=tools,
        cost=as_float(wire.get("cost")),
        wire=wire,
    )


PROTOCOLS = (OpenAIResponses(),)
