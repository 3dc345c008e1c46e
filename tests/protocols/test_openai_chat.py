"""openai.chat: the traps of 25 hosts, each as the host writes it."""

import base64
from typing import Any

import pytest

from pytest_llmcassette.protocols import registry
from pytest_llmcassette.protocols.transcript import Media, Other, Reasoning, ServerToolCall, ServerToolResult, Text

from .made import OPENAI, chunk, interaction, read, sse

HI = (
    chunk({"role": "assistant", "content": ""}),
    chunk({"content": "H"}),
    chunk({"content": "i"}),
    chunk(None, "stop"),
)
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
INCLUDE_USAGE = {"stream": True, "stream_options": {"include_usage": True}}


def message(**fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": "stop"}
    return {"id": "chatcmpl-1", "object": "chat.completion", "model": "m-1", "choices": [choice], "usage": USAGE}


def test_plain_and_streamed_answers_are_the_same() -> None:
    plain = read(OPENAI, message(content="Hi", refusal=None))
    streamed = read(OPENAI, sse(*HI, chunk(usage=USAGE)))
    assert (plain.stream, streamed.stream) == (False, True)
    for transcript in (plain, streamed):
        assert transcript.id == "chatcmpl-1"
        assert transcript.model == "m-1"
        assert transcript.parts == (Text(text="Hi"),)
        assert transcript.finish_reason == "stop"
        assert transcript.complete
        assert transcript.error is None
        assert transcript.usage.input_tokens == 10
        assert transcript.usage.output_tokens == 5
        assert transcript.usage.cache_read_input_tokens is None
    assert streamed.shape == (("chat.completion.chunk", 5), ("[DONE]", 1))


@pytest.mark.parametrize(
    ("url", "protocol", "provider"),
    [
        (OPENAI, "openai.chat", "openai"),
        ("https://x.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=1", "openai.chat", "azure"),
        ("https://api.z.ai/api/paas/v4/chat/completions", "openai.chat", "zai"),
        ("https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", "openai.chat", "gemini"),
        ("http://localhost:8080/v1/chat/completions/", "openai.chat", "llama.cpp"),
        ("http://localhost:9999/v1/chat/completions", "openai.chat", "localhost"),
        ("https://llm.example.com/proxy/chat/completions", "openai.chat", "llm.example.com"),
        ("https://x.databricks.com/serving-endpoints/llama/invocations", "openai.chat", "databricks"),
        ("https://api.mistral.ai/v1/chat/completions", "mistral.chat", "mistral"),
    ],
)
@pytest.mark.parametrize("answer", [message(content="Hi"), sse(*HI)], ids=["plain", "streamed"])
def test_found_by_url_and_content(url: str, protocol: str, provider: str, answer: Any) -> None:
    transcript = read(url, answer, request={"model": "m", "messages": []})
    assert (transcript.protocol, transcript.provider, transcript.text) == (protocol, provider, "Hi")
    assert transcript.request_model == "m"


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("GET", "https://api.openai.com/v1/models"),
        ("POST", "https://api.openai.com/v1/files"),
        ("POST", "https://api.openai.com/v1/batches"),
        ("GET", "https://api.openai.com/v1/chat/completions/chatcmpl-1"),
        ("POST", "https://oauth2.googleapis.com/token"),
    ],
)
def test_other_traffic_is_no_llm_call(method: str, url: str) -> None:
    assert registry.read(interaction(url, {"object": "list", "data": []}, method=method, request={})) is None


def test_azure_first_chunk_has_empty_id_and_model() -> None:
    first = chunk(id="", model="", prompt_filter_results=[{"prompt_index": 0}])
    transcript = read(OPENAI, sse(first, *HI))
    assert (transcript.id, transcript.model, transcript.text) == ("chatcmpl-1", "m-1", "Hi")


def test_the_first_id_counts_when_it_changes_in_mid_stream() -> None:
    transcript = read(OPENAI, sse(chunk({"content": "H"}), chunk({"content": "i"}, "stop", id="other", model="other")))
    assert (transcript.id, transcript.model) == ("chatcmpl-1", "m-1")


def test_usage_is_the_last_that_is_not_null() -> None:
    later = {**USAGE, "completion_tokens": 7, "total_tokens": 17}
    answer = sse(*HI, chunk(usage=USAGE), chunk({"content": ""}, "stop", usage=later), chunk(usage=None))
    assert read(OPENAI, answer).usage.output_tokens == 7


def test_groq_says_usage_three_times_or_only_in_its_own_field() -> None:
    url = "https://api.groq.com/openai/v1/chat/completions"
    thrice = sse(chunk({"content": "x"}, "stop", usage=USAGE, x_groq={"usage": USAGE}), chunk(usage=USAGE))
    assert read(url, thrice).usage.output_tokens == 5
    own = sse(chunk({"content": "x"}, "stop", x_groq={"id": "req_1", "usage": USAGE}))
    assert read(url, own).usage.total_tokens == 15


@pytest.mark.parametrize(
    ("host", "completion", "reasoning", "total", "output"),
    [
        ("api.openai.com", 5, 3, 15, 5),
        ("api.x.ai", 5, 3, 18, 8),
        ("api.x.ai", 5, 3, None, 8),
        ("a-proxy-for-xai.example", 5, 3, 18, 8),
        ("ai-gateway.vercel.sh", 5, 30, 15, 35),
        ("ai-gateway.vercel.sh", 5, 3, 15, 5),
        ("generativelanguage.googleapis.com", 12, None, 84, 74),
        ("openrouter.ai", 5, 6, 15, 5),
    ],
)
def test_whether_output_includes_reasoning_depends_on_the_host(
    host: str, completion: Any, reasoning: Any, total: Any, output: Any
) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": completion, "total_tokens": total}
    if reasoning is not None:
        usage["completion_tokens_details"] = {"reasoning_tokens": reasoning}
    found = read(f"https://{host}/v1/chat/completions", {**message(content="x"), "usage": usage}).usage
    assert (found.output_tokens, found.reasoning_output_tokens, found.total_tokens) == (output, reasoning, total)
    assert found.wire == usage


@pytest.mark.parametrize(
    ("wire", "read_tokens", "written"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2}}, 4, 2),
        ({"prompt_cache_hit_tokens": 4, "prompt_cache_miss_tokens": 6}, 4, None),
        ({"num_cached_tokens": 0}, 0, None),
        ({"prompt_tokens_details": None, "cached_tokens": 3}, 3, None),
        ({}, None, None),
    ],
)
def test_cached_tokens_under_every_name(wire: Any, read_tokens: Any, written: Any) -> None:
    usage = read(OPENAI, {**message(content="x"), "usage": {**USAGE, **wire}}).usage
    assert (usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (read_tokens, written)
    assert usage.input_tokens == 10


@pytest.mark.parametrize(("wire", "cost"), [(0.25, 0.25), ("0.25", 0.25), ({"total_cost": 0.25}, 0.25), (None, None)])
def test_reported_cost(wire: Any, cost: Any) -> None:
    assert read(OPENAI, {**message(content="x"), "usage": {**USAGE, "cost": wire}}).usage.cost == cost


def test_openrouter_comments_and_finish_reason_twice() -> None:
    body = b": OPENROUTER PROCESSING\n\n" + sse(
        chunk({"role": "assistant", "content": "Hi"}),
        chunk({"role": "assistant", "content": ""}, "stop"),
        chunk({"role": "assistant", "content": ""}, "stop", usage=USAGE),
    )
    transcript = read("https://openrouter.ai/api/v1/chat/completions", body)
    assert (transcript.text, transcript.finish_reason, transcript.complete) == ("Hi", "stop", True)


def test_openrouter_plain_body_begins_with_blank_lines() -> None:
    body = b"\n         \n\n" + interaction(OPENAI, message(content="Hi")).response.body
    transcript = read(OPENAI, body, content_type="application/json")
    assert (transcript.stream, transcript.text, transcript.complete) == (False, "Hi", True)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning"])
def test_reasoning_under_both_names(name: str) -> None:
    assert read(OPENAI, sse(chunk({name: "Let "}), chunk({name: "me"}), *HI)).reasoning == "Let me"
    assert read(OPENAI, message(content="Hi", **{name: "Let me"})).reasoning == "Let me"


def test_reasoning_details_beside_reasoning_are_counted_once() -> None:
    detail = {"type": "reasoning.text", "index": 0, "format": "anthropic"}
    transcript = read(
        OPENAI,
        sse(
            chunk({"reasoning": "Let ", "reasoning_details": [{**detail, "text": "Let "}]}),
            chunk({"reasoning": "me", "reasoning_details": [{**detail, "text": "me"}]}),
            chunk({"reasoning_details": [{**detail, "signature": "sig"}]}),
            *HI,
        ),
    )
    assert transcript.parts == (Reasoning(text="Let me", signature="sig"), Text(text="Hi"))


def test_reasoning_details_alone_and_encrypted() -> None:
    details = [
        {"type": "reasoning.summary", "summary": "Let me"},
        {"type": "reasoning.encrypted", "data": "blob", "id": "rs_1"},
    ]
    transcript = read(OPENAI, message(content="Hi", reasoning=None, reasoning_details=details))
    assert transcript.parts == (
        Reasoning(text="Let me"),
        Reasoning(encrypted="blob", id="rs_1"),
        Text(text="Hi"),
    )


def test_groq_executed_tools_named_twice() -> None:
    begun = {"index": 0, "type": "search", "arguments": '{"q":"x"}'}
    answer = sse(
        chunk({"executed_tools": [begun]}),
        chunk({"executed_tools": [{**begun, "output": "found"}]}),
        *HI,
    )
    assert read(OPENAI, answer).parts == (
        ServerToolCall(id=None, name="search", arguments='{"q":"x"}'),
        ServerToolResult(id=None, name="search", content="found"),
        Text(text="Hi"),
    )


def test_several_choices() -> None:
    def of(index: int, **fields: Any) -> dict[str, Any]:
        return chunk() | {"choices": [{"index": index, "delta": {}, "finish_reason": None, **fields}]}

    answer = sse(
        of(0, delta={"content": "a"}),
        of(1, delta={"content": "b"}),
        of(1, finish_reason="length"),
        of(0, delta={"content": "c"}),
        of(0, finish_reason="stop"),
    )
    transcript = read(OPENAI, answer)
    assert [(choice.index, choice.parts[0].text, choice.finish_reason) for choice in transcript.choices] == [
        (0, "ac", "stop"),
        (1, "b", "length"),
    ]
    assert transcript.complete
    assert not read(OPENAI, sse(of(0, finish_reason="stop"), of(1, delta={"content": "b"}), done=False)).complete


def test_content_as_list_of_parts() -> None:
    parts = [{"type": "text", "text": "H"}, {"type": "refusal", "refusal": "no"}, {"type": "output_text", "text": "i"}]
    transcript = read(OPENAI, message(content=[*parts, {"type": "hologram", "id": 1}]))
    assert (transcript.text, transcript.refusal) == ("Hi", "no")
    assert transcript.parts[-1] == Other(kind="hologram", raw={"type": "hologram", "id": 1})


def test_refusal_in_pieces() -> None:
    transcript = read(OPENAI, sse(chunk({"refusal": "I "}), chunk({"refusal": "can't"}), chunk(None, "stop")))
    assert (transcript.text, transcript.refusal) == ("", "I can't")


def test_images_and_audio_are_kept_by_size_and_digest() -> None:
    png = base64.b64encode(b"\x89PNG").decode()
    images = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{png}"}}]
    # Digest of b"\x89PNG", from sha256sum.
    expected = Media(kind="image", media_type="image/png", size=4, digest="sha256:0f4636c78f65d363")
    assert read(OPENAI, message(content="", images=images)).parts == (expected,)
    audio = {"id": "a", "data": base64.b64encode(b"1234567").decode(), "transcript": "seven"}
    sound, words = read(OPENAI, message(content=None, audio=audio)).parts
    assert (sound.kind, sound.size) == ("audio", 7)
    assert words == Other(kind="audio_transcript", raw="seven")


def test_citations_of_annotations_and_of_the_response() -> None:
    annotation = {"type": "url_citation", "url_citation": {"url": "https://a", "title": "A", "content": "quote"}}
    (text,) = read(OPENAI, message(content="Hi", annotations=[annotation])).parts
    assert [(found.url, found.title, found.quote) for found in text.citations] == [("https://a", "A", "quote")]
    (text,) = read(OPENAI, {**message(content="Hi"), "citations": ["https://b"]}).parts
    assert [found.url for found in text.citations] == ["https://b"]


def test_perplexity_repeats_the_whole_message_beside_each_delta() -> None:
    def both(delta: Any, so_far: Any, finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": {"content": delta}, "message": {"content": so_far}, "finish_reason": finish}
        return chunk() | {"choices": [choice]}

    assert read(OPENAI, sse(both("H", "H"), both("i", "Hi", "stop"))).text == "Hi"
    end = chunk() | {"choices": [{"index": 0, "delta": {}, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
    assert read(OPENAI, sse(both("H", "H"), both("i", "Hi"), end)).text == "Hi"


@pytest.mark.parametrize("index", [[], {}, "x", None])
def test_details_numbered_in_no_known_way(index: int) -> None:
    details = [{"type": "reasoning.text", "text": "Hm", "index": index}]
    tools = [{"type": "search", "arguments": "{}", "output": "found", "index": index}]
    transcript = read(OPENAI, message(content="Hi", reasoning_details=details, executed_tools=tools))
    assert (transcript.reasoning, transcript.text, transcript.error) == ("Hm", "Hi", None)


def test_perplexity_puts_an_empty_delta_beside_a_whole_message() -> None:
    answer = message(content="Hi")
    answer["choices"][0]["delta"] = {"role": "assistant", "content": ""}
    transcript = read(OPENAI, answer)
    assert (transcript.text, transcript.finish_reason, transcript.complete) == ("Hi", "stop", True)


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        (("error", {"error": {"message": "bad", "type": "invalid_request_error"}}), "invalid_request_error", "bad"),
        (("error", {"message": "bad", "code": "overloaded"}), "overloaded", "bad"),
        (chunk({"content": ""}, "error", error={"code": 502, "message": "bad"}), "502", "bad"),
        ({"error": "bad"}, None, "bad"),
    ],
)
def test_an_error_inside_a_200_stream(event: Any, kind: str, words: str) -> None:
    transcript = read(OPENAI, sse(chunk({"content": "Hi"}), event, done=False))
    assert transcript.text == "Hi"
    assert not transcript.complete
    assert (transcript.error.status, transcript.error.type, transcript.error.message) == (None, kind, words)


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (401, {"error": {"message": "no key", "type": "auth", "code": None}}, "auth", "no key"),
        (401, {"error": {"message": "no key", "code": "401"}}, "401", "no key"),
        (429, {"error": {"message": "slow", "code": 429}, "user_id": "u"}, "429", "slow"),
        (400, {"code": "invalid", "error": "bad"}, "invalid", "bad"),
        (400, {"error": "bad"}, None, "bad"),
        (400, [{"error": {"code": 400, "message": "bad", "status": "INVALID_ARGUMENT"}}], "400", "bad"),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, None, "field required"),
        (404, {"object": "error", "message": "no model", "type": "NotFoundError"}, "NotFoundError", "no model"),
        (502, "<html><head><title>502 Bad Gateway</title></head><body>x</body></html>", None, "502 Bad Gateway"),
        (503, "upstream  connect\nerror", None, "upstream connect error"),
        (500, "", None, None),
    ],
)
def test_http_errors_of_every_shape(status: int, answer: Any, kind: str, words: str) -> None:
    transcript = read(OPENAI, answer, status=status, request={"model": "m", "stream": True})
    assert (transcript.error.status, transcript.error.type, transcript.error.message) == (status, kind, words)
    assert (transcript.complete, transcript.choices, transcript.usage) == (False, (), None)


def test_a_connection_that_failed_before_the_answer() -> None:
    made = interaction(OPENAI, b"", status=0)
    made.end, made.end_message = "ConnectError", "refused"
    error = registry.read(made).error
    assert (error.status, error.type, error.message) == (None, "ConnectError", "refused")


@pytest.mark.parametrize("answer", ["Hello", "", "[]", "null", '"x"', '{"hello": 1}', "\x00\xff"])
def test_what_is_no_chat_completion_says_so(answer: Any) -> None:
    transcript = read(OPENAI, answer)
    assert transcript.error.type == "unreadable"
    assert not transcript.complete


def test_a_damaged_event_is_left_out_and_noted() -> None:
    body = (
        sse(chunk({"content": "H"})).replace(b"data: [DONE]\n\n", b"")
        + b"data: {oops\n\n"
        + sse(chunk({"content": "i"}, "stop"))
    )
    transcript = read(OPENAI, body)
    assert transcript.text == "Hi"
    assert not transcript.complete
    assert "oops" in transcript.notes[0]


class TestComplete:
    def test_hosts_that_send_done_must_have_sent_it(self) -> None:
        assert read(OPENAI, sse(*HI)).complete
        assert not read(OPENAI, sse(*HI, done=False)).complete

    @pytest.mark.parametrize(("usage", "complete"), [(USAGE, True), (None, False)])
    def test_elsewhere_usage_that_was_asked_for_must_have_come(self, usage: Any, complete: bool) -> None:
        answer = sse(*HI, chunk(usage=usage), done=False)
        assert read("https://api.avian.io/v1/chat/completions", answer, request=INCLUDE_USAGE).complete is complete

    def test_elsewhere_the_finish_reason_is_enough_when_no_usage_was_asked_for(self) -> None:
        answer = sse(*HI, done=False)
        assert read("https://api.avian.io/v1/chat/completions", answer, request={"stream": True}).complete

    def test_groq_behind_another_host_sends_done_too(self) -> None:
        url = "https://router.huggingface.co/v1/chat/completions"
        events = chunk({"content": "x"}, "stop", usage=USAGE, x_groq={"usage": USAGE}), chunk(usage=USAGE)
        assert read(url, sse(*events), request=INCLUDE_USAGE).complete
        assert not read(url, sse(*events, done=False), request=INCLUDE_USAGE).complete

    def test_never_without_a_finish_reason(self) -> None:
        # But for a terminator: the wire reached its end, whatever the model's was.
        assert read(OPENAI, sse(*HI[:-1])).complete
        assert not read(OPENAI, sse(*HI[:-1], done=False)).complete
        assert not read(OPENAI, sse(*HI[:-1], chunk({"content": ""}, ""), done=False)).complete

    def test_not_when_the_recording_client_left(self) -> None:
        made = interaction(OPENAI, sse(*HI))
        made.end = "closed"
        assert not registry.read(made).complete

    def test_an_empty_answer_to_a_streaming_request(self) -> None:
        transcript = read(OPENAI, b"", request={"stream": True})
        assert (transcript.stream, transcript.complete, transcript.choices) == (True, False, ())


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.replace(b"\n", b"\r\n"),
        lambda body: body.replace(b"\n", b"\r"),
        lambda body: body.replace(b"data: ", b"data:"),
        lambda body: body.replace(b'"choices": ', b'\ndata: "choices": '),
        lambda body: body.replace(b"data: ", b"id: 7\nretry: 100\n: note\ndata: "),
        lambda body: body + b": the end\n",
    ],
    ids=["BOM", "CRLF", "CR", "no space", "multi-line data", "id and retry", "comment at the end"],
)
def test_framing_never_seen_in_the_wild(change: Any) -> None:
    transcript = read(OPENAI, change(sse(*HI, chunk(usage=USAGE))))
    assert (transcript.text, transcript.complete, transcript.usage.total_tokens) == ("Hi", True, 15)


def test_invalid_utf8_in_a_stream_is_replaced() -> None:
    transcript = read(OPENAI, sse(*HI).replace(b'"H"', b'"H\xff"'))
    assert (transcript.text, transcript.complete) == ("H\ufffdi", True)
    assert any("UTF-8" in note for note in transcript.notes)
