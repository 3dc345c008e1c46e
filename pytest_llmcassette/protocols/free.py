"""What costs nothing at a provider: housekeeping, counting, waiting. All else that no protocol reads may be paid for.

Asked only for exchanges that no protocol claims. Whatever is fetched (GET, HEAD), stored or deleted is free: what made
it was paid for, and an answer that is fetched has a protocol.
"""

from __future__ import annotations

import re
from functools import cache

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.routes import route_of
from pytest_llmcassette.protocols.wire_values import as_dict

# Of what is posted: its kind, and the end of its URL's path.
_FREE = {
    # xAI's services over gRPC have names of their own.
    "fetch": r"/xai_api\.Chat/(?:Get|Delete)StoredCompletion",
    "waiting": r"/xai_api\.(?:Chat/(?:Start|Get)DeferredCompletion|Video/\w+)",
    "moderation": r"/moderations",
    "count_tokens": r":countTokens|:computeTokens|/count[_-]tokens|/input_tokens|/(?:de)?tokeni[sz]e(?:-text)?"
    r"|/text/tokenization|/count-tokens:rawPredict|/apply-template|/xai_api\.Tokenize/\w+",
    "auth": r"/token|/auth_tokens|:generateAccessToken|:getToken|/xai_api\.Auth/\w+",
    "session": r"/realtime/(?:client_secrets|sessions|calls(?:/[^/]+/\w+)?|transcription_sessions)|/chatkit/sessions"
    r"|/token/realtime",
    "upload": r"/files|/uploads(?:/[^/]+/(?:parts|complete|cancel))?|/upload/.*|/v2/upload|/datasets|:download"
    r"|/blobs/[^/]+|/xai_api\.Files/\w+",
    "batch_request": r"/batches|/batch/jobs|:batchGenerateContent|:asyncBatchEmbedContent|/batchPredictionJobs"
    r"|/embed-jobs|/model-invocation-job|/xai_api\.BatchMgmt/(?!ListBatchResults|GetBatchRequestResult)\w+",
    "cancel": r"[/:]cancel|/stop",
    "thread": r"/threads|/threads/[^/]+(?:/messages(?:/[^/]+)?|/runs/[^/]+)?|/assistants(?:/[^/]+)?|/conversations"
    r"|/conversations/[^/]+(?:/items)?|/responses/[^/]+/input_items|/agents(?:/[^/]+)?",
    "store": r"/vector_stores(?:/[^/]+(?:/files|/file_batches)?)?|/libraries(?:/.*)?|/connectors(?:/.*)?"
    r"|/collections\.Collections/\w+",
    "model": r"/models|/api/(?:show|pull|tags|ps|create|copy|delete)|/check-api-key|/models/[^/:]+"
    r"|/xai_api\.Models/\w+",
    "telemetry": r"/event_logging/.*|/telemetry.*|/track|/statsig.*|/v1/traces",
}
_NAMES = tuple(_FREE)
# The end of a path, begun at each of its slashes and colons.
_BEGINS = re.compile("[/:]")
# Their polls are read by protocols that look at more than the URL.
_POLLED = ("/responses", "/chat/completions")
_WAITING = (
    "queued",
    "in_progress",
    "pending",
    "running",
    "processing",
    "starting",
    "validating",
    "submitted",
    "created",
)


@cache
def _kinds() -> re.Pattern[str]:
    return re.compile("|".join(f"(?P<k{number}>{ends})" for number, ends in enumerate(_FREE.values())))


def free_kind(exchange: Exchange) -> str | None:
    """What an exchange that no protocol claims was for, if it costs nothing; None when it may have been paid for.

    One of `fetch`, `moderation`, `count_tokens`, `auth`, `session`, `upload`, `batch_request`, `cancel`, `thread`,
    `store`, `model`, `telemetry`, or `waiting` for what has only begun and is polled.
    """
    if exchange.request.method.upper() != "POST":
        # What was said over a WebSocket may have been paid for.
        return None if exchange.is_conversation else "fetch"
    path = exchange.path.rstrip("/")
    for begin in _BEGINS.finditer(path):
        found = _kinds().fullmatch(path, begin.start())
        if found is not None and found.lastgroup is not None:
            return _NAMES[int(found.lastgroup[1:])]
    return "waiting" if _is_waiting(exchange) else None


def _is_waiting(exchange: Exchange) -> bool:
    """Whether an answer only says that there will be one, in a poll that some protocol reads."""
    poll = route_of("GET", exchange.host, f"{exchange.path.rstrip('/')}/id")
    name = str(as_dict(exchange.response_json).get("name", ""))
    if not (exchange.route or poll or exchange.posted_to.endswith(_POLLED) or "/operations/" in name):
        return False
    if exchange.status == 202 or "request_id" in as_dict(exchange.response_json):
        return True
    document = as_dict(exchange.response_json)
    status = document.get("status", as_dict(document.get("output")).get("task_status"))
    if isinstance(status, str) and status.lower() in _WAITING:
        return True
    # A long-running operation of Google's.
    return "/operations/" in name and document.get("done") is not True
