"""`openai.responses`: the Responses API, at OpenAI, Azure and compatible hosts."""

from __future__ import annotations

import re
from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import AssembledProtocol, ChoiceDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_object, unreadable
from pytest_llmcassette.protocols.json_stream import Events, is_event_stream
from pytest_llmcassette.protocols.responses_items import add_item
from pytest_llmcassette.protocols.responses_stream import ResponseDraft, error_fields
from pytest_llmcassette.protocols.transcript import Choice, FinishReason, ToolCall, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_float, as_int, as_str, as_time, counts_in

_CREATE = re.compile(r"/responses(/compact)?$")
_RETRIEVE = re.compile(r"/responses/[^/]+$")
_UNFINISHED = ("queued", "in_progress")
_ENDED_WELL = ("completed", "incomplete")


class _Answer(ResponseDraft):
    """A response, streamed or plain."""

    def stream(self, events: Events) -> None:
        """Take in a stream's events."""
        super().stream(events)
        if self.failure is not None:
            self.error = error_object(error_fields(self.failure), status=None)
        elif self.response.get("error"):
            self.error = error_object(self.response, status=None)

    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        self.response = as_dict(document)
        self.ended = True
        if self.response.get("error"):
            self.error = error_object(self.response, status=None)
        elif not isinstance(self.response.get("output"), list):
            self.error = unreadable(self.exchange, "the body has no output")

    def transcript(self, protocol: str) -> Transcript:
        """The finished transcript."""
        self.id = as_str(self.response.get("id")) or None
        self.model = as_str(self.response.get("model")) or None
        self.created = as_time(self.response.get("created_at"))
        return super().transcript(protocol)

    def choices(self) -> tuple[Choice, ...]:
        """The output items as the one answer."""
        choice = ChoiceDraft(0)
        for position, item in enumerate(self.output()):
            add_item(choice, item, position)
        status = as_str(self.response.get("status"))
        choice.finish_reason = status if status not in _UNFINISHED else None
        reason = as_str(as_dict(self.response.get("incomplete_details")).get("reason"))
        calls = any(getattr(part, "kind", None) is ToolCall for part in choice.parts)
        built = choice.build(lambda wire: _normalise(wire, reason, calls=calls))
        return (built,) if built.parts or built.finish_reason else ()

    def complete(self) -> bool:
        """A status that ends it, and in a stream the event that comes with it."""
        if self.error is not None or self.cut or not self.ended:
            return False
        status = self.response.get("status", "completed" if self.streamed else None)
        ended = status in _ENDED_WELL or (not self.streamed and self.response.get("object") == "response.compaction")
        return ended and self.exchange.interaction.outcome is Outcome.COMPLETE

    def usage(self) -> Usage | None:
        """What was counted."""
        return responses_usage(self.response.get("usage"), self.response.get("tool_usage"))


def _ended(kept: Exchange, end: dict[str, Any], reason: str) -> dict[str, Any]:
    """The last event says all of the answer again: what was kept of it."""
    answer = _Answer(kept)
    answer.read("")
    response = {**as_dict(end.get("response")), "output": answer.output()}
    if not reason:
        return {**end, "response": response}
    limit = {"status": "incomplete", "incomplete_details": {"reason": reason}}
    return {**end, "type": "response.incomplete", "response": {**response, **limit}}


def _error_event(message: str) -> tuple[str, dict[str, Any]]:
    event = {"type": "error", "code": "server_error", "message": message, "param": None, "sequence_number": 0}
    return "error", event


_FORMS = Forms(
    error_event=_error_event,
    opening=frozenset({"response.created", "response.in_progress"}),
    length="max_output_tokens",
    ended=_ended,
)


class OpenAIResponses(AssembledProtocol):
    """https://platform.openai.com/docs/api-reference/responses

    Of a response in the background the finished poll has the transcript: its creation and earlier polls, answered with
    `queued` or `in_progress`, are no answers. A stream resumed by GET is one, although it starts in the middle.
    """

    name = "openai.responses"
    assembly = _Answer
    forms = _FORMS

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
