"""An agent's tools (MCP) and the agents it talks to (A2A): who was asked what, and what came back."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_llmcassette.answers.accounting import Budget, over_budget
from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import (
    ExchangeError,
    Media,
    Other,
    ServerToolCall,
    ServerToolResult,
    Text,
    Transcript,
)

from .made import interaction, read, sse

MCP = "https://tools.example.com/mcp"
AGENT = "https://agent.example.com/"
SSE = "text/event-stream"


def rpc(method: str, number: int | None = 1, **params: Any) -> dict[str, Any]:
    """A JSON-RPC request; without a number a notification."""
    return {"jsonrpc": "2.0", "method": method, "params": params} | ({} if number is None else {"id": number})


def answer(result: Any, number: int = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


CALL = rpc("tools/call", name="weather", arguments={"city": "Paris"})
CALLED = ServerToolCall(id=None, name="weather", arguments='{"city":"Paris"}')
WARM = answer({"content": [{"type": "text", "text": "21 C"}], "isError": False})
PARTS = (CALLED, ServerToolResult(id=None, name="weather", content="21 C"))


def _tool(body: Any, **how: Any) -> Transcript:
    found = read(MCP, body, request=how.pop("request", CALL), **how)
    assert (found.protocol, found.kind, found.usage) == ("mcp.message", "tool", None)
    return found


def test_a_call_plain_and_among_a_streams_notifications() -> None:
    plain = _tool(WARM)
    progress, question = rpc("notifications/progress", None, progress=1), rpc("elicitation/create", 9, message="Sure?")
    streamed = _tool(sse(progress, question, WARM, done=False), content_type=SSE)
    assert (plain.parts, plain.complete, plain.stream) == (PARTS, True, False)
    asked = Other(kind="elicitation/create", raw={"message": "Sure?"})
    assert (streamed.parts, streamed.complete, streamed.stream) == ((asked, *PARTS), True, True)
    assert not _tool(sse(progress, done=False), content_type=SSE).complete


@pytest.mark.parametrize(
    ("request_", "result", "part"),
    [
        (
            rpc("initialize", protocolVersion="2025-06-18"),
            {"protocolVersion": "2025-06-18", "serverInfo": {"name": "w", "version": "1"}},
            Other(kind="server", raw={"name": "w", "version": "1", "protocol": "2025-06-18"}),
        ),
        (
            rpc("tools/list"),
            {"tools": [{"name": "weather", "inputSchema": {}}, {"name": "time"}]},
            Other(kind="tools", raw=["weather", "time"]),
        ),
        (rpc("resources/read", uri="a"), {"contents": [1]}, Other(kind="resources/read", raw={"contents": [1]})),
    ],
    ids=["initialize", "tools/list", "resources/read"],
)
def test_what_else_a_server_is_asked(request_: Any, result: Any, part: Any) -> None:
    assert _tool(answer(result), request=request_).parts == (part,)


def test_a_tool_that_failed_and_a_call_that_was_refused() -> None:
    failed = _tool(answer({"content": [{"type": "text", "text": "No."}], "isError": True}))
    assert (failed.finish_reason, failed.error) == ("error", None)
    refused = _tool({"jsonrpc": "2.0", "id": 1, "error": {"code": -32602, "message": "Unknown tool"}})
    assert refused.error == ExchangeError(status=None, type="-32602", message="Unknown tool")
    assert (refused.parts, refused.complete) == ((CALLED,), False)


def test_what_has_a_structure_is_shown_with_it() -> None:
    image = {"type": "image", "data": "AAAA", "mimeType": "image/png"}
    assert _tool(answer({"content": [image], "structuredContent": {"c": 21}})).parts[1].content == {"c": 21}
    several = _tool(answer({"content": [{"type": "text", "text": "a"}, image]}))
    assert several.parts[1].content == ["a", image]


def test_the_older_transport_answers_on_a_stream_of_its_own() -> None:
    posted = _tool(b"Accepted", status=202)
    assert (posted.parts, posted.complete) == ((CALLED,), True)
    stream = b"event: endpoint\ndata: /messages?session=1\n\n" + sse(("message", WARM), done=False)
    heard = read("https://tools.example.com/sse", stream, method="GET", content_type=SSE)
    assert heard.protocol == "mcp.message"
    assert heard.parts == (ServerToolResult(id=None, name=None, content="21 C"),)


def test_several_at_once() -> None:
    both = _tool([answer({"tools": []}, 2), WARM], request=[CALL, rpc("tools/list", 2)])
    assert both.parts[-2:] == PARTS


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (rpc("notifications/initialized", None), 202),
        (rpc("eth_getBalance"), 200),
        ({"method": "tools/call"}, 200),
        ([], 200),
    ],
)
def test_what_is_neither(request_: Any, status: int) -> None:
    assert registry.read(interaction(MCP, b"", request=request_, status=status)) is None


TASK = {
    "kind": "task",
    "id": "t1",
    "contextId": "c1",
    "status": {"state": "completed"},
    "artifacts": [{"artifactId": "a", "parts": [{"kind": "text", "text": "Booked."}]}],
}
SEND = rpc("message/send", message={"role": "user", "parts": [{"kind": "text", "text": "Book it"}], "messageId": "m"})


def _update(kind: str, **fields: Any) -> dict[str, Any]:
    return answer({"kind": kind, "taskId": "t1", "contextId": "c1", **fields})


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (answer(TASK), "application/json"),
        (answer({"task": {**TASK, "artifacts": [{"parts": [{"text": "Booked."}]}]}}), "application/json"),
        (
            sse(
                answer({**TASK, "status": {"state": "submitted"}, "artifacts": []}),
                _update("status-update", status={"state": "working"}, final=False),
                _update("artifact-update", artifact={"artifactId": "a", "parts": [{"kind": "text", "text": "Book"}]}),
                _update("artifact-update", artifact={"artifactId": "a", "parts": [{"kind": "text", "text": "ed."}]}),
                _update("status-update", status={"state": "completed"}, final=True),
                done=False,
            ),
            SSE,
        ),
    ],
    ids=["task", "version 1", "streamed"],
)
def test_a_task_of_another_agent(body: Any, content_type: str) -> None:
    found = read(AGENT, body, request=SEND, content_type=content_type)
    assert (found.protocol, found.kind, found.id) == ("a2a.message", "agent", "t1")
    assert (found.parts, found.finish_reason, found.complete) == ((Text(text="Booked."),), "completed", True)


def test_a_message_with_a_file() -> None:
    parts = [{"kind": "text", "text": "Here."}, {"kind": "file", "file": {"bytes": "AAAA", "mimeType": "text/plain"}}]
    found = read(AGENT, answer({"kind": "message", "role": "agent", "messageId": "m2", "parts": parts}), request=SEND)
    assert found.text == "Here."
    assert [(part.media_type, part.size) for part in found.parts if isinstance(part, Media)] == [("text/plain", 3)]


def test_neither_is_in_the_way_of_a_budget() -> None:
    found = [_tool(WARM), read(AGENT, answer(TASK), request=SEND)]
    assert over_budget(found, Budget(total_tokens=1)) == []
