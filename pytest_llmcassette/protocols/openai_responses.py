"""`openai.responses`: the Responses API, at OpenAI, Azure and compatible hosts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import AssembledProtocol, ChoiceDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_inside, unreadable
from pytest_llmcassette.protocols.json_stream import is_event_stream
from pytest_llmcassette.protocols.reported_cost import reported_cost
from pytest_llmcassette.protocols.responses_items import add_item
from pytest_llmcassette.protocols.responses_stream import ResponseDraft
from pytest_llmcassette.protocols.transcript import Choice, FinishReason, ToolCall, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import (
    as_dict,
    as_int,
    as_str,
    as_time,
    counts_anything,
    counts_in,
    first_int,
    sum_known,
)

_CREATE = re.compile(r"/responses(/compact)?$")
_RETRIEVE = re.compile(r"/responses/[^/]+$")
_UNFINISHED = ("queued", "in_progress")
_ENDED_WELL = ("completed", "incomplete")


class _Answer(ResponseDraft):
    """A response, streamed or plain."""

    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        self.response = as_dict(document)
        self.ended = True
        answered = isinstance(self.response.get("output"), list)
        self.error = error_inside(self.response, answered=answered)
        if self.error is None and not answered:
            self.error = unreadable(self.exchange, "the body has no output")

    def transcript(self, protocol: str) -> Transcript:
        """The finished transcript."""
        self.id = as_str(self.response.get("id")) or None
        self.model = as_str(self.response.get("model")) or None
        self.created = as_time(self.response.get("created_at"))
        self.service_tier = as_str(self.response.get("service_tier")) or None
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
        """Of a whole answer that it is there, in a stream the event that ends it; and a status that says no other."""
        if self.error is not None or self.cut or not self.ended:
            return False
        ended = (self.response.get("status") or "completed") in _ENDED_WELL
        return ended and self.exchange.interaction.outcome is Outcome.COMPLETE

    def usage(self) -> Usage | None:
        """What was counted."""
        return responses_usage(self.response.get("usage"), self.response.get("tool_usage"), self.output())


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
        """By URL; a poll by its state as well. Over a WebSocket each response is a turn."""
        path = exchange.path.rstrip("/")
        method = exchange.request.method.upper()
        if exchange.is_conversation:
            return method == "GET" and path.endswith("/responses")
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
        """The response; of a WebSocket all of them."""
        if not exchange.is_conversation:
            return super().read(exchange)
        from pytest_llmcassette.protocols.responses_socket import ResponsesSession

        return ResponsesSession(exchange, self.name, _Answer).read()


def _normalise(status: str, reason: str | None, *, calls: bool) -> FinishReason:
    if status == "completed":
        return FinishReason.TOOL_CALL if calls else FinishReason.STOP
    if status == "incomplete":
        if reason == "content_filter":
            return FinishReason.CONTENT_FILTER
        return FinishReason.LENGTH if reason in ("max_output_tokens", "max_tokens") else FinishReason.OTHER
    return FinishReason.ERROR if status == "failed" else FinishReason.OTHER


def responses_usage(wire: Any, tool_usage: Any = None, output: Sequence[dict[str, Any]] = ()) -> Usage | None:
    """The `usage` object of a response: input includes cached, output includes reasoning. None when there is none.

    `tool_usage` stands beside it at OpenAI and counts what is billed beside the model: searches, and the tokens of an
    image model, which are added. It has zeros for tools that were not used: those are left out. Where it does not count
    searches, those that the `output` lists count.
    """
    if not isinstance(wire, dict) or not wire:
        return None
    inputs = as_dict(wire.get("input_tokens_details"))
    outputs = as_dict(wire.get("output_tokens_details"))
    tools = counts_in(wire.get("server_side_tool_usage_details"))
    counted = as_int(as_dict(as_dict(tool_usage).get("web_search")).get("num_requests"))
    searches = sum(map(_is_search, output)) if counted is None and not tools else counted
    if searches:
        tools["web_search"] = searches
    if files := sum(item.get("type") == "file_search_call" for item in output):
        tools.setdefault("file_search", files)
    usage = Usage(
        input_tokens=first_int(wire.get("input_tokens"), wire.get("prompt_tokens")),
        output_tokens=_output(wire, as_int(outputs.get("reasoning_tokens"))),
        total_tokens=as_int(wire.get("total_tokens")),
        cache_read_input_tokens=as_int(inputs.get("cached_tokens")),
        cache_creation_input_tokens=as_int(inputs.get("cache_write_tokens")),
        reasoning_output_tokens=as_int(outputs.get("reasoning_tokens")),
        audio_input_tokens=as_int(inputs.get("audio_tokens")),
        audio_output_tokens=as_int(outputs.get("audio_tokens")),
        image_input_tokens=as_int(inputs.get("image_tokens")),
        image_output_tokens=as_int(outputs.get("image_tokens")),
        server_tool_calls=tools,
        cost=reported_cost(wire),
        wire=wire,
    )
    images = as_dict(as_dict(tool_usage).get("image_gen"))
    if not counts_anything(images):
        return usage
    return replace(usage + _of_images(images), wire=wire | {"tool_usage": tool_usage})


def _output(wire: dict[str, Any], reasoning: int | None) -> int | None:
    """The output with its reasoning, which stands beside it where the total says so."""
    made = first_int(wire.get("output_tokens"), wire.get("completion_tokens"))
    beside = sum_known(as_int(wire.get("input_tokens")), made, reasoning)
    return sum_known(made, reasoning) if reasoning and beside == as_int(wire.get("total_tokens")) else made


def _is_search(item: dict[str, Any]) -> bool:
    """Whether an item is a search that is paid for: opening a page that was found, or looking through it, is not."""
    return item.get("type") == "web_search_call" and as_dict(item.get("action")).get("type") in (None, "search")


def _of_images(wire: dict[str, Any]) -> Usage:
    """What the image model read and wrote on behalf of the model that called it."""
    inputs, outputs = as_dict(wire.get("input_tokens_details")), as_dict(wire.get("output_tokens_details"))
    return Usage(
        input_tokens=as_int(wire.get("input_tokens")),
        output_tokens=as_int(wire.get("output_tokens")),
        total_tokens=as_int(wire.get("total_tokens")),
        cache_read_input_tokens=as_int(wire.get("cached_tokens")),
        image_input_tokens=as_int(inputs.get("image_tokens")),
        image_output_tokens=as_int(outputs.get("image_tokens")),
    )


PROTOCOLS = (OpenAIResponses(),)
