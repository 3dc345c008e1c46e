"""`openai.responses`: the Responses API, at OpenAI, Azure and compatible hosts."""

from __future__ import annotations

import re
from typing import Any

from pytest_llmcassette.protocols.assembly import AssembledProtocol
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.json_stream import is_event_stream
from pytest_llmcassette.protocols.responses_stream import UNFINISHED, ResponseAnswer
from pytest_llmcassette.protocols.transcript import Transcript
from pytest_llmcassette.protocols.wire_values import as_dict

_CREATE = re.compile(r"/responses(/compact)?$")
_RETRIEVE = re.compile(r"/responses/[^/]+$")


def _ended(kept: Exchange, end: dict[str, Any], reason: str) -> dict[str, Any]:
    """The last event says all of the answer again: what was kept of it."""
    answer = ResponseAnswer(kept)
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
    assembly = ResponseAnswer
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
            return document.get("object") == "response" and document.get("status") not in UNFINISHED
        if method != "POST" or not _CREATE.search(path):
            return False
        if is_event_stream(exchange):
            return True
        return as_dict(exchange.response_json).get("status") not in UNFINISHED

    def read(self, exchange: Exchange) -> Transcript:
        """The response; of a WebSocket all of them."""
        if not exchange.is_conversation:
            return super().read(exchange)
        from pytest_llmcassette.protocols.responses_socket import ResponsesSession

        return ResponsesSession(exchange).read(self.name)


PROTOCOLS = (OpenAIResponses(),)
