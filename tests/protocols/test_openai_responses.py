"""openai.responses: plain, streamed, polled, resumed, incomplete, failed, cut, and the tools it runs itself."""

import base64
from typing import Any

import pytest

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import (
    FinishReason,
    Media,
    Other,
    Reasoning,
    ServerToolCall,
    ServerToolResult,
    Text,
)

from .made import calls_of, interaction, read, sse

URL = "https://api.openai.com/v1/responses"
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 29,
}
TEXT = {"type": "output_text", "text": "Hi", "annotations": []}
MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed", "content": [TEXT]}
CALL = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "add", "arguments": '{"x":1}'}
THOUGHT = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Let "}, {"type": "summary_text", "text": "me"}],
    "encrypted_content": "blob",
}


def response(*output: Any, status: str = "completed", **fields: Any) -> dict[str, Any]:
    head = {"id": "resp_1", "object": "response", "created_at": 1700000000, "model": "gpt-x", "error": None}
    return {**head, "status": status, "output": list(output), "usage": USAGE, **fields}


def event(kind: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    return kind, {"type": kind, **fields}


def delta(kind: str, text: str, output_index: int = 0, **where: Any) -> tuple[str, dict[str, Any]]:
    return event(f"response.{kind}.delta", output_index=output_index, delta=text, **(where or {"content_index": 0}))


CREATED = event("response.created", response=response(status="in_progress", usage=None))
ADDED = event("response.output_item.added", output_index=0, item={**MESSAGE, "content": []})
DELTAS = (delta("output_text", "H"), delta("output_text", "i"))
DONE = event("response.output_item.done", output_index=0, item=MESSAGE)
COMPLETED = event("response.completed", response=response(MESSAGE))


def stream(*events: Any) -> bytes:
    return sse(*events, done=False)


@pytest.mark.parametrize(
    "answer",
    [
        response(MESSAGE),
        stream(CREATED, ADDED, *DELTAS, DONE, COMPLETED),
        # Some hosts leave `output` out of the terminal event: the finished items stand in.
        stream(CREATED, ADDED, *DELTAS, DONE, event("response.completed", response=response())),
        stream(CREATED, ADDED, *DELTAS, DONE, event("response.completed", response=response(output=None))),
        # OpenRouter: no event names.
        stream(*(payload for _, payload in (CREATED, ADDED, *DELTAS, DONE, COMPLETED))),
    ],
    ids=["plain", "streamed", "empty output", "no output", "nameless events"],
)
def test_plain_and_streamed_answers_are_the_same(answer: Any) -> None:
    transcript = read(URL, answer, request={"model": "gpt"})
    assert (transcript.protocol, transcript.id, transcript.model) == ("openai.responses", "resp_1", "gpt-x")
    assert transcript.parts == (Text(text="Hi"),)
    assert (transcript.finish_reason, transcript.complete, transcript.error) == ("completed", True, None)
    assert transcript.choices[0].finish is FinishReason.STOP
    usage = transcript.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (20, 9, 29)
    assert (usage.cache_read_input_tokens, usage.reasoning_output_tokens) == (4, 5)
    assert usage.cache_creation_input_tokens is None


def test_shape_counts_events_by_kind() -> None:
    transcript = read(URL, stream(CREATED, ADDED, *DELTAS, DONE, COMPLETED))
    assert transcript.shape == (
        ("response.created", 1),
        ("response.output_item.added", 1),
        ("response.output_text.delta", 2),
        ("response.output_item.done", 1),
        ("response.completed", 1),
    )


def test_reasoning_calls_and_custom_calls() -> None:
    custom = {"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_2", "name": "sql", "input": "select 1"}
    transcript = read(URL, response(THOUGHT, CALL, custom))
    assert transcript.parts[0] == Reasoning(text="Let me", id="rs_1", encrypted="blob")
    assert calls_of(transcript) == [("call_1", "add", '{"x":1}'), ("call_2", "sql", "select 1")]
    assert transcript.choices[0].finish is FinishReason.TOOL_CALL


def test_full_reasoning_text() -> None:
    item = {"id": "rs", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Let me"}]}
    assert read(URL, response(item, MESSAGE)).reasoning == "Let me"


def test_refusal_and_citations() -> None:
    annotation = {"type": "url_citation", "url": "https://a", "title": "A", "start_index": 0, "end_index": 2}
    cited = {**MESSAGE, "content": [{**TEXT, "annotations": [annotation]}, {"type": "refusal", "refusal": "no"}]}
    transcript = read(URL, response(cited))
    assert [found.url for found in transcript.parts[0].citations] == ["https://a"]
    assert transcript.refusal == "no"


def test_tools_that_the_provider_runs() -> None:
    image = base64.b64encode(b"1234").decode()
    transcript = read(
        URL,
        response(
            {
                "id": "ws_1",
                "type": "web_search_call",
                "status": "completed",
                "action": {"type": "search", "query": "x"},
            },
            {"id": "fs_1", "type": "file_search_call", "queries": ["q"], "results": [{"file_id": "f"}]},
            {"id": "ci_1", "type": "code_interpreter_call", "code": "1+1", "outputs": [{"type": "logs", "logs": "2"}]},
            {"id": "mcp_1", "type": "mcp_call", "name": "find", "server_label": "s", "arguments": "{}", "output": "ok"},
            {"id": "mcpl_1", "type": "mcp_list_tools", "server_label": "s", "tools": [{"name": "find"}]},
            {"id": "ig_1", "type": "image_generation_call", "output_format": "webp", "result": image},
            {"id": "cu_1", "type": "computer_call", "call_id": "call_3", "action": {"type": "click"}},
        ),
    )
    calls = [part for part in transcript.parts if isinstance(part, ServerToolCall)]
    assert [(part.id, part.name, part.arguments) for part in calls] == [
        ("ws_1", "web_search_call", '{"type":"search","query":"x"}'),
        ("fs_1", "file_search_call", '["q"]'),
        ("ci_1", "code_interpreter_call", "1+1"),
        ("mcp_1", "find", "{}"),
        ("ig_1", "image_generation_call", ""),
    ]
    results = [part for part in transcript.parts if isinstance(part, ServerToolResult)]
    assert [(part.id, part.content) for part in results] == [
        ("fs_1", [{"file_id": "f"}]),
        ("ci_1", [{"type": "logs", "logs": "2"}]),
        ("mcp_1", "ok"),
        ("mcpl_1", [{"name": "find"}]),
    ]
    (picture,) = [part for part in transcript.parts if isinstance(part, Media)]
    assert (picture.media_type, picture.size) == ("image/webp", 4)
    assert [part.kind for part in transcript.parts if isinstance(part, Other)] == ["computer_call"]
    assert transcript.tool_calls == ()


def test_a_cut_stream_shows_what_came() -> None:
    reasoning = event("response.output_item.added", output_index=0, item={"id": "rs_1", "type": "reasoning"})
    call = event("response.output_item.added", output_index=2, item={**CALL, "arguments": ""})
    transcript = read(
        URL,
        stream(
            CREATED,
            reasoning,
            delta("reasoning_summary_text", "Let ", summary_index=0),
            delta("reasoning_summary_text", "me", summary_index=1),
            delta("output_text", "Hi ", 1),
            delta("output_text", "there", 1),
            call,
            delta("function_call_arguments", '{"x"', 2),
            delta("function_call_arguments", ":1", 2),
        ),
    )
    assert (transcript.reasoning, transcript.text) == ("Let me", "Hi there")
    assert calls_of(transcript) == [("call_1", "add", '{"x":1')]
    assert (transcript.complete, transcript.finish_reason, transcript.usage) == (False, None, None)
    assert transcript.id == "resp_1"


def test_annotations_of_a_cut_stream() -> None:
    added = event(
        "response.output_text.annotation.added",
        output_index=0,
        content_index=0,
        annotation={"type": "url_citation", "url": "https://a", "title": "A"},
    )
    (text,) = read(URL, stream(CREATED, ADDED, *DELTAS, added)).parts
    assert [found.title for found in text.citations] == ["A"]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("max_output_tokens", FinishReason.LENGTH), ("content_filter", FinishReason.CONTENT_FILTER)],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_incomplete_is_an_end(reason: str, finish: FinishReason, streamed: bool) -> None:
    answer: Any = response(MESSAGE, status="incomplete", incomplete_details={"reason": reason})
    if streamed:
        answer = stream(CREATED, ADDED, *DELTAS, event("response.incomplete", response=answer))
    transcript = read(URL, answer)
    assert (transcript.finish_reason, transcript.complete, transcript.text) == ("incomplete", True, "Hi")
    assert transcript.choices[0].finish is finish
    assert transcript.usage.total_tokens == 29


@pytest.mark.parametrize("streamed", [False, True])
def test_failed(streamed: bool) -> None:
    answer: Any = response(status="failed", error={"code": "server_error", "message": "oops"})
    if streamed:
        answer = stream(CREATED, event("response.failed", response=answer))
    transcript = read(URL, answer)
    assert (transcript.complete, transcript.finish_reason) == (False, "failed")
    assert (transcript.error.status, transcript.error.type, transcript.error.message) == (None, "server_error", "oops")
    assert transcript.usage.total_tokens == 29


@pytest.mark.parametrize(
    "fields", [{"code": "rate_limit", "message": "slow"}, {"error": {"type": "rate_limit", "message": "slow"}}]
)
def test_an_error_event(fields: Any) -> None:
    transcript = read(URL, stream(CREATED, ADDED, DELTAS[0], event("error", **fields)))
    assert (transcript.text, transcript.complete) == ("H", False)
    assert (transcript.error.type, transcript.error.message) == ("rate_limit", "slow")


class TestBackground:
    @pytest.mark.parametrize("status", ["queued", "in_progress"])
    @pytest.mark.parametrize(("method", "url"), [("POST", URL), ("GET", f"{URL}/resp_1")])
    def test_its_creation_and_early_polls_are_no_answers(self, method: str, url: str, status: str) -> None:
        assert registry.read(interaction(url, response(status=status, usage=None), method=method)) is None

    def test_the_finished_poll_is(self) -> None:
        transcript = read(f"{URL}/resp_1", response(MESSAGE), method="GET")
        assert (transcript.text, transcript.complete, transcript.stream) == ("Hi", True, False)

    def test_a_resumed_stream_starts_in_the_middle(self) -> None:
        url = f"{URL}/resp_1?stream=true&starting_after=3"
        transcript = read(url, stream(DELTAS[1], DONE, COMPLETED), method="GET")
        assert (transcript.text, transcript.complete, transcript.id) == ("Hi", True, "resp_1")
        assert transcript.usage.total_tokens == 29

    def test_a_resumed_stream_that_was_cut_again(self) -> None:
        transcript = read(f"{URL}/resp_1?stream=true", stream(DELTAS[1]), method="GET")
        assert (transcript.text, transcript.complete) == ("i", False)

    @pytest.mark.parametrize(
        ("method", "path"),
        [("POST", "/resp_1/cancel"), ("DELETE", "/resp_1"), ("GET", "/resp_1/input_items"), ("POST", "/input_tokens")],
    )
    def test_its_administration_is_no_llm_call(self, method: str, path: str) -> None:
        assert registry.read(interaction(URL + path, {"object": "list", "data": []}, method=method)) is None


def test_http_error_and_nonsense() -> None:
    refused = read(URL, {"error": {"message": "no model", "type": "invalid_request_error"}}, status=400)
    assert (refused.error.status, refused.error.type, refused.error.message) == (
        400,
        "invalid_request_error",
        "no model",
    )
    assert read(URL, "Hello").error.type == "unreadable"


@pytest.mark.parametrize(
    "url", [f"{URL}/", "https://x.openai.azure.com/openai/responses?api-version=2025", "http://p/r/responses"]
)
def test_found_by_url(url: str) -> None:
    assert read(url, response(MESSAGE)).protocol == "openai.responses"


@pytest.mark.parametrize(("searches", "counted"), [(2, {"web_search": 2}), (0, {})])
def test_what_openai_counts_of_its_own_tools(searches: Any, counted: Any) -> None:
    """`Response.tool_usage` of the openai SDK: zeros for tools that were not used."""
    tools = {"image_gen": {"input_tokens": 0, "output_tokens": 0}, "web_search": {"num_requests": searches}}
    ended = response(MESSAGE, tool_usage=tools)
    for answer in (ended, stream(CREATED, event("response.completed", response=ended))):
        assert read(URL, answer).usage.server_tool_calls == counted


def test_the_event_that_ends_the_deltas_says_it_all() -> None:
    """Of a stream that was cut before its items were finished, with its deltas or without them."""

    def ended(kind: str, output_index: int, **fields: Any) -> tuple[str, dict[str, Any]]:
        return event(f"response.{kind}.done", output_index=output_index, **fields)

    items = (THOUGHT | {"summary": []}, MESSAGE | {"content": []}, CALL | {"arguments": ""})
    begun = (CREATED, *(event("response.output_item.added", output_index=n, item=one) for n, one in enumerate(items)))
    whole = (
        ended("reasoning_summary_text", 0, summary_index=0, text="Let me"),
        ended("output_text", 1, content_index=0, text="Hi"),
        ended("refusal", 1, content_index=1, refusal="no"),
        ended("function_call_arguments", 2, arguments='{"x":1}'),
    )
    deltas = (delta("reasoning_summary_text", "Let", summary_index=0), delta("output_text", "Hi", 1, content_index=0))
    for events in (whole, (*deltas, *whole)):
        transcript = read(URL, stream(*begun, *events))
        assert (transcript.reasoning, transcript.text, transcript.refusal) == ("Let me", "Hi", "no")
        assert calls_of(transcript) == [("call_1", "add", '{"x":1}')]
        assert not transcript.complete
