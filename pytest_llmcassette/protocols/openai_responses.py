"""`openai.responses`: the Responses API, at OpenAI, Azure and compatible hosts.

Format: https://platform.openai.com/docs/api-reference/responses. Of a response in the background the finished poll has
the transcript: its creation and earlier polls, answered with `queued` or `in_progress`, are no answers. A stream that
is resumed by GET is one, although it starts in the middle.
"""

from __future__ import annotations

import re

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.json_stream import is_event_stream
from pytest_llmcassette.protocols.responses_stream import FORMS, UNFINISHED, ResponseAnswer
from pytest_llmcassette.protocols.wire_values import as_dict

_CREATE = re.compile(r"/responses(/compact)?$")
_RETRIEVE = re.compile(r"/responses/[^/]+$")


def _is_call(exchange: Exchange) -> bool:
    """By URL; a poll by its state as well."""
    path = exchange.path.rstrip("/")
    method = exchange.request.method.upper()
    if method == "GET" and _RETRIEVE.search(path):
        if is_event_stream(exchange):
            return True
        document = as_dict(exchange.response_json)
        return document.get("object") == "response" and document.get("status") not in UNFINISHED
    if method != "POST" or not _CREATE.search(path):
        return False
    return is_event_stream(exchange) or as_dict(exchange.response_json).get("status") not in UNFINISHED


PROTOCOLS = (ProtocolRow("openai.responses", ResponseAnswer, _is_call, FORMS),)
