"""Answers of the APIs that are paid for beside chats, as their documentation shows them, with what they say."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from pytest_llmcassette.cassette.model import Interaction

from .made import as_bytes, interaction, sse

PNG = b"\x89PNG made up"
PNG64 = base64.b64encode(PNG).decode()
MP3 = b"ID3 made up \xff\xfb"
MP364 = base64.b64encode(MP3).decode()
SSE = "text/event-stream"


class Paid(NamedTuple):
    """An exchange, and what a transcript says of it: `says` are its fields, those of its usage as `usage.NAME`.

    `media` are the size and kind of each medium.
    """

    protocol: str
    kind: str
    url: str
    answer: bytes
    says: dict[str, Any]
    asked: Any = None
    content_type: str = "application/json"

    def recorded(self) -> Interaction:
        """As a cassette has it; the URL may name a method other than POST before itself."""
        method, _, url = self.url.rpartition(" ")
        return interaction(
            url, self.answer, request=self.asked, method=method or "POST", content_type=self.content_type
        )


def _plain(protocol: str, kind: str, url: str, answer: Any, says: dict[str, Any], asked: Any = None) -> Paid:
    return Paid(protocol, kind, url, as_bytes(answer), says, asked)


def _streamed(protocol: str, kind: str, url: str, events: list[Any], says: dict[str, Any], asked: Any = None) -> Paid:
    named = [(event.get("type", ""), event) if isinstance(event, dict) else event for event in events]
    return Paid(protocol, kind, url, sse(*named, done=False), {"stream": True, **says}, asked, SSE)


def _counts(given: int | None, made: int | None, total: int | None = None, **units: float) -> dict[str, Any]:
    found: dict[str, Any] = {"usage.input_tokens": given, "usage.output_tokens": made}
    if total is not None:
        found["usage.total_tokens"] = total
    return {**found, "usage.billed_units": units} if units else found


OPENAI = "https://api.openai.com/v1"
IMAGE_USAGE = {
    "input_tokens": 50,
    "input_tokens_details": {"text_tokens": 10, "image_tokens": 40},
    "output_tokens": 272,
    "total_tokens": 322,
}
AUDIO_USAGE = {
    "type": "tokens",
    "input_tokens": 14,
    "input_token_details": {"text_tokens": 0, "audio_tokens": 14},
    "output_tokens": 45,
    "total_tokens": 59,
}
CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1790000000,
    "model": "m-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}
COMPLETED_IMAGE = {
    "type": "image_generation.completed",
    "b64_json": PNG64,
    "created_at": 1790000000,
    "output_format": "png",
    "background": "opaque",
    "quality": "low",
    "size": "1024x1024",
    "usage": IMAGE_USAGE,
}
IMAGE_SAYS = {"media": [(len(PNG), "image")], **_counts(50, 272, 322), "usage.image_input_tokens": 40}
RUN = {
    "id": "run_1",
    "object": "thread.run",
    "created_at": 1790000000,
    "thread_id": "t",
    "assistant_id": "a",
    "model": "m-1",
    "instructions": "",
    "tools": [],
    "metadata": {},
    "parallel_tool_calls": True,
    "status": "completed",
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}
CALL = {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"x":1}'}}
WAITS = {
    **RUN,
    "status": "requires_action",
    "usage": None,
    "required_action": {"type": "submit_tool_outputs", "submit_tool_outputs": {"tool_calls": [CALL]}},
}


def _thread_delta(words: str) -> tuple[str, Any]:
    content = [{"index": 0, "type": "text", "text": {"value": words, "annotations": []}}]
    return "thread.message.delta", {"id": "m", "object": "thread.message.delta", "delta": {"content": content}}


def _line(number: int, **fields: Any) -> bytes:
    return json.dumps({"id": f"b{number}", "custom_id": str(number), **fields}).encode() + b"\n"


OPENAI_CASES = {
    "openai image": _plain(
        "openai.images",
        "image",
        f"{OPENAI}/images/generations",
        {"created": 1790000000, "data": [{"b64_json": PNG64}], "usage": IMAGE_USAGE},
        IMAGE_SAYS,
        {"model": "gpt-image-1", "prompt": "x"},
    ),
    "openai image by its price": _plain(
        "openai.images",
        "image",
        f"{OPENAI}/images/generations",
        {"created": 1, "data": [{"url": "https://i/1", "revised_prompt": "a cat"}, {"url": "https://i/2"}]},
        {"media": [(None, "image")] * 2, **_counts(None, None, images=2)},
        {"model": "dall-e-3", "prompt": "x"},
    ),
    "openai image streamed": _streamed(
        "openai.images",
        "image",
        f"{OPENAI}/images/generations",
        [
            {**COMPLETED_IMAGE, "type": "image_generation.partial_image", "partial_image_index": 0},
            COMPLETED_IMAGE,
        ],
        IMAGE_SAYS,
        {"model": "gpt-image-1", "prompt": "x", "stream": True, "partial_images": 1},
    ),
    "openai image edited": _plain(
        "openai.images",
        "image",
        f"{OPENAI}/images/edits",
        {"created": 1790000000, "data": [{"b64_json": PNG64}], "usage": IMAGE_USAGE, "output_format": "png"},
        {**IMAGE_SAYS, "request_model": "gpt-image-1"},
        b'--x\r\nContent-Disposition: form-data; name="model"\r\n\r\ngpt-image-1\r\n--x--\r\n',
    ),
    "openai speech": Paid(
        "openai.speech",
        "speech",
        f"{OPENAI}/audio/speech",
        MP3,
        {"media": [(len(MP3), "audio")], **_counts(None, None, characters=5)},
        {"model": "tts-1", "input": "Hello", "voice": "alloy"},
        "audio/mpeg",
    ),
    "openai speech streamed": _streamed(
        "openai.speech",
        "speech",
        f"{OPENAI}/audio/speech",
        [
            {"type": "speech.audio.delta", "audio": base64.b64encode(MP3[:6]).decode()},
            {"type": "speech.audio.delta", "audio": base64.b64encode(MP3[6:]).decode()},
            {"type": "speech.audio.done", "usage": {"input_tokens": 7, "output_tokens": 90, "total_tokens": 97}},
        ],
        {"media": [(len(MP3), "audio")], **_counts(7, 90, 97)},
        {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"},
    ),
    "openai transcription": _plain(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/transcriptions",
        {"text": "Hello", "usage": AUDIO_USAGE},
        {"text": "Hello", **_counts(14, 45, 59), "usage.audio_input_tokens": 14},
    ),
    "openai transcription by the second": _plain(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/transcriptions",
        {"text": "Hello", "duration": 3.4, "language": "en", "usage": {"type": "duration", "seconds": 4}},
        {"text": "Hello", **_counts(None, None, seconds=4)},
    ),
    "openai transcription streamed": _streamed(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/transcriptions",
        [
            {"type": "transcript.text.delta", "delta": "Hel"},
            {"type": "transcript.text.delta", "delta": "lo"},
            {"type": "transcript.text.done", "text": "Hello", "usage": AUDIO_USAGE},
        ],
        {"text": "Hello", **_counts(14, 45, 59)},
    ),
    "openai translation": _plain(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/translations",
        {"text": "Hello", "duration": 12.5, "task": "translate", "language": "english"},
        {"text": "Hello", **_counts(None, None, seconds=12.5)},
    ),
    "openai batch": Paid(
        "openai.batch",
        "batch",
        f"GET {OPENAI}/files/file-1/content",
        _line(1, response={"status_code": 200, "body": CHAT}, error=None)
        + _line(2, response={"status_code": 200, "body": CHAT}, error=None)
        + _line(3, response={"status_code": 400, "body": {"error": {"message": "No."}}}, error=None),
        {"text": "ok", "id": "file-1", "service_tier": "batch", "model": "m-1", **_counts(20, 10, 30)},
        content_type="application/octet-stream",
    ),
    "openai batch of embeddings": Paid(
        "openai.batch",
        "batch",
        f"GET {OPENAI}/files/file-1/content",
        _line(
            1,
            response={
                "status_code": 200,
                "body": {
                    "object": "list",
                    "data": [{"embedding": [0.1]}],
                    "model": "e-1",
                    "usage": {"prompt_tokens": 8, "total_tokens": 8},
                },
            },
        ),
        {"model": "e-1", **_counts(8, None, 8)},
    ),
    "openai batch counted": _plain(
        "openai.batch",
        "batch",
        f"GET {OPENAI}/batches/batch_1",
        {
            "id": "batch_1",
            "object": "batch",
            "status": "completed",
            "endpoint": "/v1/responses",
            "input_file_id": "file-0",
            "completion_window": "24h",
            "created_at": 1790000000,
            "output_file_id": "file-1",
            "model": "m-1",
            "usage": {
                "input_tokens": 20,
                "input_tokens_details": {"cached_tokens": 4},
                "output_tokens": 10,
                "output_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": 30,
            },
        },
        {"id": "file-1", **_counts(20, 10, 30), "usage.cache_read_input_tokens": 4, "usage.reasoning_output_tokens": 2},
    ),
    "openai assistants": _plain(
        "openai.assistants",
        "chat",
        f"GET {OPENAI}/threads/t/runs/run_1",
        RUN,
        {"id": "run_1", "model": "m-1", "finish_reason": "completed", **_counts(10, 5, 15)},
    ),
    "openai assistants wait for a tool": _plain(
        "openai.assistants",
        "chat",
        f"GET {OPENAI}/threads/t/runs/run_1",
        WAITS,
        {"calls": [("c1", "add", '{"x":1}')], "finish_reason": "requires_action"},
    ),
    "openai assistants streamed": _streamed(
        "openai.assistants",
        "chat",
        f"{OPENAI}/threads/t/runs",
        [("thread.run.created", {**RUN, "status": "queued", "usage": None}), _thread_delta("He"), _thread_delta("llo"),
         ("thread.run.completed", RUN)],
        {"text": "Hello", "id": "run_1", **_counts(10, 5, 15)},
        {"assistant_id": "a", "stream": True},
    ),
    "openai video": _plain(
        "openai.videos",
        "video",
        f"GET {OPENAI}/videos/video_1",
        {"id": "video_1", "object": "video", "model": "sora-2", "status": "completed", "seconds": "8",
         "size": "720x1280", "created_at": 1790000000, "progress": 100},
        {"model": "sora-2", **_counts(None, None, seconds=8)},
    ),
}  # fmt: skip

MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Hi"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 3},
}
GEMINI = "https://generativelanguage.googleapis.com/v1"
CONTENT = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15},
    "modelVersion": "gemini-x",
}
INLINED = {"inlinedResponses": {"inlinedResponses": [{"response": CONTENT}, {"response": CONTENT}]}}
INTERACTION_USAGE = {
    "total_input_tokens": 10,
    "total_output_tokens": 5,
    "total_thought_tokens": 3,
    "total_cached_tokens": 4,
    "total_tokens": 18,
}
STEPS = [
    {"type": "thought", "signature": "c2ln", "summary": [{"type": "text", "text": "Hm."}]},
    {"type": "model_output", "content": [{"type": "text", "text": "Hello"}]},
    {"type": "function_call", "id": "c1", "name": "add", "arguments": {"x": 1}},
]
INTERACTION = {
    "id": "i1",
    "object": "interaction",
    "model": "gemini-x",
    "status": "requires_action",
    "steps": STEPS,
    "usage": INTERACTION_USAGE,
}
INTERACTION_SAYS = {
    "text": "Hello",
    "reasoning": "Hm.",
    "calls": [("c1", "add", '{"x":1}')],
    "id": "i1",
    "finish_reason": "requires_action",
    **_counts(10, 8, 18),
    "usage.cache_read_input_tokens": 4,
    "usage.reasoning_output_tokens": 3,
}


def _step(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"event_type": f"step.{kind}", "index": index, **fields}


INTERACTION_EVENTS = [
    {"event_type": "interaction.created", "interaction": {"id": "i1", "model": "gemini-x", "status": "in_progress"}},
    _step(0, "start", step={"type": "thought"}),
    _step(0, "delta", delta={"type": "thought_summary", "content": {"type": "text", "text": "Hm."}}),
    _step(0, "delta", delta={"type": "thought_signature", "signature": "c2ln"}),
    _step(0, "stop"),
    _step(1, "start", step={"type": "model_output"}),
    _step(1, "delta", delta={"type": "text", "text": "Hel"}),
    _step(1, "delta", delta={"type": "text", "text": "lo"}),
    _step(1, "stop"),
    _step(2, "start", step={"type": "function_call", "id": "c1", "name": "add", "arguments": {}}),
    _step(2, "delta", delta={"type": "arguments_delta", "arguments": '{"x":'}),
    _step(2, "delta", delta={"type": "arguments_delta", "arguments": "1}"}),
    _step(2, "stop"),
    {
        "event_type": "interaction.completed",
        "interaction": {"id": "i1", "model": "gemini-x", "status": "requires_action", "usage": INTERACTION_USAGE},
    },
]
GOOGLE_ANTHROPIC_CASES = {
    "anthropic batch": Paid(
        "anthropic.batch",
        "batch",
        "GET https://api.anthropic.com/v1/messages/batches/msgbatch_1/results",
        _line(1, result={"type": "succeeded", "message": MESSAGE}) + _line(2, result={"type": "expired"}),
        {"text": "Hi", "model": "claude-x", "service_tier": "batch", **_counts(15, 3)},
        content_type="application/x-jsonl",
    ),
    "gemini interaction": _plain(
        "gemini.interactions",
        "chat",
        f"{GEMINI}/interactions",
        INTERACTION,
        INTERACTION_SAYS,
        {"model": "gemini-x", "input": "Hi"},
    ),
    "gemini interaction streamed": _streamed(
        "gemini.interactions",
        "chat",
        f"{GEMINI}/interactions?alt=sse",
        [(event["event_type"], event) for event in INTERACTION_EVENTS],
        INTERACTION_SAYS,
        {"model": "gemini-x", "input": "Hi", "stream": True},
    ),
    "gemini interaction, first version, streamed": _streamed(
        "gemini.interactions",
        "chat",
        f"{GEMINI}/interactions",
        [
            ("", {"event_type": "interaction.start", "interaction": {"id": "i1", "status": "in_progress"}}),
            ("", {"event_type": "content.start", "index": 0, "content": {"type": "text"}}),
            ("", {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "Hel"}}),
            ("", {"event_type": "content.delta", "index": 0, "delta": {"type": "text", "text": "lo"}}),
            (
                "",
                {
                    "event_type": "interaction.complete",
                    "interaction": {
                        "id": "i1",
                        "status": "completed",
                        "usage": {"total_input_tokens": 10, "total_output_tokens": 5, "total_tokens": 15},
                    },
                },
            ),
        ],
        {"text": "Hello", "id": "i1", **_counts(10, 5, 15)},
    ),
    "gemini batch": _plain(
        "gemini.batch",
        "batch",
        f"GET {GEMINI}/batches/b1",
        {
            "name": "batches/b1",
            "metadata": {"state": "BATCH_STATE_SUCCEEDED", "model": "models/gemini-x", "output": INLINED},
            "done": True,
            "response": INLINED,
        },
        {"text": "Hi", **_counts(20, 10, 30)},
    ),
    "gemini batch's file": Paid(
        "gemini.batch",
        "batch",
        "GET https://generativelanguage.googleapis.com/download/v1beta/files/f1:download?alt=media",
        json.dumps({"key": "1", "response": CONTENT}).encode() + b"\n",
        {"text": "Hi", "id": "f1", **_counts(10, 5, 15)},
    ),
    "imagen": _plain(
        "gemini.predict",
        "image",
        "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/imagen-4.0-generate-001:predict",
        {"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": PNG64}]},
        {"media": [(len(PNG), "image")], "request_model": "imagen-4.0-generate-001", **_counts(None, None, images=1)},
    ),
    "veo": _plain(
        "gemini.predict",
        "video",
        f"GET {GEMINI}/models/veo-3.0/operations/o1",
        {
            "name": "models/veo-3.0/operations/o1",
            "done": True,
            "response": {"generateVideoResponse": {"generatedSamples": [{"video": {"uri": "https://v/1"}}]}},
        },
        {"request_model": "veo-3.0", **_counts(None, None, videos=1)},
    ),
    "gemini image": _plain(
        "gemini.generate_content",
        "chat",
        f"{GEMINI}/models/gemini-image:generateContent",
        {
            "candidates": [
                {
                    "content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": PNG64}}]},
                    "finishReason": "STOP",
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 10,
                "candidatesTokenCount": 1290,
                "totalTokenCount": 1300,
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290}],
            },
        },
        {"media": [(len(PNG), "image")], **_counts(10, 1290, 1300), "usage.image_output_tokens": 1290},
    ),
}
MISTRAL = "https://api.mistral.ai/v1"
MISTRAL_USAGE = {
    "prompt_tokens": 10,
    "completion_tokens": 5,
    "total_tokens": 15,
    "connector_tokens": 0,
    "connectors": {"web_search": 2},
}
SEARCH = {"type": "tool.execution", "name": "web_search", "arguments": '{"query":"x"}', "id": "t1"}
MISTRAL_CALL = {"type": "function.call", "tool_call_id": "c1", "name": "add", "arguments": '{"x":1}', "id": "f1"}
CONVERSATION_SAYS = {
    "text": "Hello",
    "id": "conv_1",
    "calls": [("c1", "add", '{"x":1}')],
    **_counts(10, 5, 15),
    "usage.server_tool_calls": {"web_search": 2},
}
COHERE = "https://api.cohere.com"
META = {"billed_units": {"input_tokens": 7, "output_tokens": 3}, "tokens": {"input_tokens": 69, "output_tokens": 3}}
COHERE_CHAT = {
    "response_id": "1",
    "generation_id": "g",
    "text": "Hello",
    "finish_reason": "COMPLETE",
    "tool_calls": [{"name": "add", "parameters": {"x": 1}}],
    "meta": META,
}
COHERE_SAYS = {"text": "Hello", "id": "1", "calls": [(None, "add", '{"x":1}')], **_counts(69, 3)}
RANKED = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
ASKED_RANKING = {"model": "rerank-v3.5", "query": "x", "documents": ["a", "b"]}
MISTRAL_COHERE_CASES = {
    "mistral conversation": _plain(
        "mistral.conversations",
        "chat",
        f"{MISTRAL}/conversations",
        {
            "object": "conversation.response",
            "conversation_id": "conv_1",
            "outputs": [SEARCH, {"type": "message.output", "content": "Hello", "model": "m-1"}, MISTRAL_CALL],
            "usage": MISTRAL_USAGE,
        },
        CONVERSATION_SAYS,
        {"inputs": "Hi", "model": "m-1"},
    ),
    "mistral conversation streamed": _streamed(
        "mistral.conversations",
        "chat",
        f"{MISTRAL}/conversations",
        [
            {"type": "conversation.response.started", "conversation_id": "conv_1"},
            {**SEARCH, "type": "tool.execution.started", "output_index": 0},
            {"type": "tool.execution.done", "id": "t1", "name": "web_search", "output_index": 0},
            {"type": "message.output.delta", "id": "m1", "content": "Hel", "output_index": 1},
            {
                "type": "message.output.delta",
                "id": "m1",
                "content": {"type": "text", "text": "lo"},
                "output_index": 1,
            },
            {**MISTRAL_CALL, "type": "function.call.delta", "arguments": '{"x"', "output_index": 2},
            {**MISTRAL_CALL, "type": "function.call.delta", "arguments": ":1}", "output_index": 2},
            {"type": "conversation.response.done", "usage": MISTRAL_USAGE},
        ],
        CONVERSATION_SAYS,
        {"inputs": "Hi", "model": "m-1", "stream": True},
    ),
    "mistral ocr": _plain(
        "mistral.ocr",
        "ocr",
        f"{MISTRAL}/ocr",
        {
            "pages": [
                {"index": 0, "markdown": "# Hi", "images": [], "dimensions": None},
                {"index": 1, "markdown": "Bye", "images": [], "dimensions": None},
            ],
            "model": "mistral-ocr-latest",
            "usage_info": {"pages_processed": 2, "doc_size_bytes": 10},
        },
        {"text": "# HiBye", **_counts(None, None, pages=2)},
        {"model": "mistral-ocr-latest", "document": {}},
    ),
    "mistral transcription": _plain(
        "openai.transcription",
        "transcription",
        f"{MISTRAL}/audio/transcriptions",
        {
            "model": "voxtral-mini",
            "text": "Hello",
            "language": "en",
            "segments": [],
            "usage": {"prompt_audio_seconds": 4, "prompt_tokens": 4, "completion_tokens": 45, "total_tokens": 49},
        },
        {"text": "Hello", "model": "voxtral-mini", **_counts(4, 45, 49, seconds=4)},
    ),
    "mistral transcription streamed": _streamed(
        "openai.transcription",
        "transcription",
        f"{MISTRAL}/audio/transcriptions",
        [
            {"type": "transcription.language", "audio_language": "en"},
            {"type": "transcription.text.delta", "text": "Hel"},
            {"type": "transcription.text.delta", "text": "lo"},
            {
                "type": "transcription.done",
                "model": "voxtral-mini",
                "text": "Hello",
                "language": "en",
                "usage": {"prompt_audio_seconds": 4, "prompt_tokens": 4, "completion_tokens": 45, "total_tokens": 49},
            },
        ],
        {"text": "Hello", "model": "voxtral-mini", **_counts(4, 45, 49, seconds=4)},
    ),
    "mistral speech": _plain(
        "openai.speech",
        "speech",
        f"{MISTRAL}/audio/speech",
        {"audio_data": MP364},
        {"media": [(len(MP3), "audio")], **_counts(None, None, characters=5)},
        {"model": "voxtral-tts", "input": "Hello"},
    ),
    "mistral moderation": _plain(
        "mistral.moderation",
        "moderation",
        f"{MISTRAL}/moderations",
        {"id": "m1", "model": "mistral-moderation", "results": [{"categories": {}, "category_scores": {}}]},
        {"id": "m1", "model": "mistral-moderation"},
        {"model": "mistral-moderation", "input": "x"},
    ),
    "cohere v1": _plain(
        "cohere.chat_v1", "chat", f"{COHERE}/v1/chat", COHERE_CHAT, COHERE_SAYS, {"message": "Hi", "stream": False}
    ),
    "cohere v1 streamed": Paid(
        "cohere.chat_v1",
        "chat",
        f"{COHERE}/v1/chat",
        b"".join(
            json.dumps(event).encode() + b"\n"
            for event in (
                {"is_finished": False, "event_type": "stream-start", "generation_id": "g"},
                {"is_finished": False, "event_type": "text-generation", "text": "Hel"},
                {"is_finished": False, "event_type": "text-generation", "text": "lo"},
                {
                    "is_finished": True,
                    "event_type": "stream-end",
                    "finish_reason": "COMPLETE",
                    "response": COHERE_CHAT,
                },
            )
        ),
        {"stream": True, **COHERE_SAYS},
        {"message": "Hi", "stream": True},
        "application/stream+json",
    ),
    "cohere generate": _plain(
        "cohere.generate",
        "completion",
        f"{COHERE}/v1/generate",
        {"id": "1", "generations": [{"id": "g", "text": "Hello", "finish_reason": "COMPLETE"}], "meta": META},
        {"text": "Hello", **_counts(69, 3)},
    ),
    "cohere rerank": _plain(
        "cohere.rerank",
        "rerank",
        f"{COHERE}/v2/rerank",
        {"id": "1", "results": RANKED, "meta": {"billed_units": {"search_units": 1}}},
        {"request_model": "rerank-v3.5", **_counts(None, None, search_units=1)},
        ASKED_RANKING,
    ),
    "cohere classify": _plain(
        "cohere.classify",
        "classification",
        f"{COHERE}/v1/classify",
        {"id": "1", "classifications": [], "meta": {"billed_units": {"classifications": 2}}},
        _counts(None, None, classifications=2),
        {"inputs": ["a", "b"]},
    ),
}
HOSTS = "https://api.replicate.com/v1"
WATSONX = "https://us-south.ml.cloud.ibm.com/ml/v1"
DASHSCOPE = "https://dashscope.aliyuncs.com/api/v1/services/aigc"
SNOWFLAKE = "https://x.snowflakecomputing.com/api/v2/cortex/inference:complete"
BEDROCK = "https://bedrock-runtime.us-east-1.amazonaws.com"


def _prediction(output: Any, **metrics: float) -> dict[str, Any]:
    return {"id": "p1", "model": "o/m", "status": "succeeded", "output": output, "metrics": metrics, "error": None}


OTHER_CASES = {
    "voyage rerank": _plain(
        "cohere.rerank",
        "rerank",
        "https://api.voyageai.com/v1/rerank",
        {"object": "list", "data": RANKED, "model": "rerank-2", "usage": {"total_tokens": 26}},
        {"provider": "api.voyageai.com", **_counts(26, None, 26)},
        ASKED_RANKING,
    ),
    "jina rerank": _plain(
        "cohere.rerank",
        "rerank",
        "https://api.jina.ai/v1/rerank",
        {"model": "jina-reranker", "usage": {"total_tokens": 26}, "results": RANKED},
        {"provider": "api.jina.ai", **_counts(26, None, 26)},
        ASKED_RANKING,
    ),
    "text-embeddings-inference rerank": _plain(
        "cohere.rerank",
        "rerank",
        "http://localhost:8090/rerank",
        [{"index": 0, "score": 0.9}],
        {"usage": None},
        {"query": "x", "texts": ["a"]},
    ),
    "voyage embeddings": _plain(
        "openai.embeddings",
        "embedding",
        "https://api.voyageai.com/v1/embeddings",
        {"object": "list", "data": [{"embedding": [0.1], "index": 0}], "model": "v-3", "usage": {"total_tokens": 5}},
        {"provider": "api.voyageai.com", "usage.total_tokens": 5},
        {"input": ["x"], "model": "v-3"},
    ),
    "databricks embeddings": _plain(
        "openai.embeddings",
        "embedding",
        "https://x.cloud.databricks.com/serving-endpoints/bge/invocations",
        {"object": "list", "data": [{"embedding": [0.1]}], "usage": {"prompt_tokens": 5, "total_tokens": 5}},
        _counts(5, None, 5),
        {"input": ["x"]},
    ),
    "ollama embed": _plain(
        "ollama.embed",
        "embedding",
        "http://localhost:11434/api/embed",
        {"model": "all-minilm", "embeddings": [[0.1]], "prompt_eval_count": 8},
        {"model": "all-minilm", **_counts(8, None)},
        {"model": "all-minilm", "input": "x"},
    ),
    "ollama embeddings": _plain(
        "ollama.embed",
        "embedding",
        "http://localhost:11434/api/embeddings",
        {"embedding": [0.1]},
        {"usage": None},
        {"model": "all-minilm", "prompt": "x"},
    ),
    "llama.cpp": _plain(
        "llamacpp.completion",
        "completion",
        "http://localhost:8080/completion",
        {"content": "Hello", "stop": True, "stop_type": "eos", "model": "m", "tokens_predicted": 5,
         "tokens_evaluated": 10, "timings": {"cache_n": 4}},
        {"text": "Hello", "finish_reason": "eos", **_counts(10, 5), "usage.cache_read_input_tokens": 4},
        {"prompt": "Hi"},
    ),
    "llama.cpp at its second URL": _plain(
        "llamacpp.completion",
        "completion",
        "http://localhost:8080/completions",
        {"content": "Hello", "stop": True, "stop_type": "limit", "tokens_predicted": 5, "tokens_evaluated": 10},
        {"text": "Hello", "finish_reason": "limit", **_counts(10, 5)},
        {"prompt": "Hi"},
    ),
    "llama.cpp streamed": _streamed(
        "llamacpp.completion",
        "completion",
        "http://localhost:8080/completion",
        [
            {"content": "Hel", "stop": False},
            {"content": "lo", "stop": False, "tokens_predicted": 2, "tokens_evaluated": 10},
            {"content": "", "stop": True, "stop_type": "limit", "tokens_predicted": 5, "tokens_evaluated": 10},
        ],
        {"text": "Hello", "finish_reason": "limit", **_counts(10, 5)},
        {"prompt": "Hi", "stream": True},
    ),
    "tgi": _plain(
        "tgi.generate",
        "completion",
        "https://x.endpoints.huggingface.cloud/generate",
        {"generated_text": "Hello", "details": {"finish_reason": "length", "generated_tokens": 5, "prefill": []}},
        {"text": "Hello", **_counts(None, 5)},
        {"inputs": "Hi"},
    ),
    "tgi streamed": _streamed(
        "tgi.generate",
        "completion",
        "https://x.endpoints.huggingface.cloud/generate_stream",
        [
            {"index": 1, "token": {"id": 1, "text": "Hel", "special": False}, "generated_text": None, "details": None},
            {"index": 2, "token": {"id": 2, "text": "lo", "special": False}, "generated_text": None, "details": None},
            {"index": 3, "token": {"id": 3, "text": "</s>", "special": True}, "generated_text": "Hello",
             "details": {"finish_reason": "eos_token", "generated_tokens": 3, "input_length": 10}},
        ],
        {"text": "Hello", "finish_reason": "eos_token", **_counts(10, 3)},
        {"inputs": "Hi"},
    ),
    "hugging face": _plain(
        "huggingface.inference",
        "completion",
        "https://router.huggingface.co/hf-inference/models/facebook/bart",
        [{"summary_text": "Short."}],
        {"text": "Short.", "request_model": "facebook/bart"},
        {"inputs": "Long."},
    ),
    "hugging face with details": _plain(
        "huggingface.inference",
        "completion",
        "https://api-inference.huggingface.co/models/gpt2",
        [{"generated_text": "Hello", "details": {"finish_reason": "length", "generated_tokens": 5}}],
        {"text": "Hello", **_counts(None, 5)},
        {"inputs": "Hi"},
    ),
    "cloudflare": _plain(
        "cloudflare.run",
        "chat",
        "https://api.cloudflare.com/client/v4/accounts/a/ai/run/@cf/meta/llama-3-8b",
        {"result": {"response": "Hello", "tool_calls": [{"name": "add", "arguments": {"x": 1}}],
                    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}},
         "success": True, "errors": [], "messages": []},
        {"text": "Hello", "calls": [(None, "add", '{"x":1}')], "request_model": "@cf/meta/llama-3-8b",
         **_counts(10, 5, 15)},
        {"messages": []},
    ),
    "cloudflare, a response": _plain(
        "cloudflare.run",
        "chat",
        "https://api.cloudflare.com/client/v4/accounts/a/ai/run/@cf/openai/gpt-oss-20b",
        {"result": {"object": "response",
                    "output": [{"type": "message", "content": [{"type": "output_text", "text": "Hello"}]}],
                    "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}},
         "success": True, "errors": [], "messages": []},
        {"text": "Hello", **_counts(10, 5, 15)},
        {"input": "Hi"},
    ),
    "cloudflare streamed": Paid(
        "cloudflare.run",
        "chat",
        "https://api.cloudflare.com/client/v4/accounts/a/ai/run/@cf/meta/llama-3-8b",
        sse({"response": "Hel", "p": "ab"}, {"response": "lo"},
            {"response": "", "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}),
        {"stream": True, "text": "Hello", **_counts(10, 5, 15)},
        {"messages": [], "stream": True},
        SSE,
    ),
    "dashscope": _plain(
        "dashscope.generation",
        "chat",
        f"{DASHSCOPE}/text-generation/generation",
        {"output": {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}]},
         "usage": {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}, "request_id": "1"},
        {"text": "Hello", "id": "1", **_counts(10, 5, 15)},
        {"model": "qwen-plus", "input": {"messages": []}},
    ),
    "dashscope streamed, all so far": _streamed(
        "dashscope.generation",
        "chat",
        f"{DASHSCOPE}/text-generation/generation",
        [
            ("result", {"output": {"finish_reason": "null", "text": "Hel"}, "usage": {"input_tokens": 10,
             "output_tokens": 2, "total_tokens": 12}, "request_id": "1"}),
            ("result", {"output": {"finish_reason": "stop", "text": "Hello"}, "usage": {"input_tokens": 10,
             "output_tokens": 5, "total_tokens": 15}, "request_id": "1"}),
        ],
        {"text": "Hello", "finish_reason": "stop", **_counts(10, 5, 15)},
    ),
    "dashscope streamed, what is new": _streamed(
        "dashscope.generation",
        "chat",
        f"{DASHSCOPE}/multimodal-generation/generation",
        [
            ("result", {"output": {"choices": [{"message": {"content": [{"text": "ha"}]}, "finish_reason": "null"}]}}),
            ("result", {"output": {"choices": [{"message": {"content": [{"text": "ha"}]}, "finish_reason": "stop"}]},
             "usage": {"input_tokens": 10, "output_tokens": 5, "image_tokens": 3}, "request_id": "1"}),
        ],
        {"text": "haha", **_counts(10, 5)},
        {"model": "qwen-vl", "input": {}, "parameters": {"incremental_output": True}},
    ),
    "dashscope task": _plain(
        "dashscope.generation",
        "image",
        "GET https://dashscope.aliyuncs.com/api/v1/tasks/t1",
        {"request_id": "1", "output": {"task_id": "t1", "task_status": "SUCCEEDED", "results": [{"url": "https://i/1"}]},
         "usage": {"image_count": 1}},
        {"media": [(None, "image")], **_counts(None, None, images=1)},
    ),
    "watsonx": _plain(
        "watsonx.generation",
        "completion",
        f"{WATSONX}/text/generation?version=2024-05-31",
        {"model_id": "ibm/granite", "created_at": "2026-10-01T00:00:00Z", "results": [
            {"generated_text": "Hello", "generated_token_count": 5, "input_token_count": 10,
             "stop_reason": "eos_token"}]},
        {"text": "Hello", "model": "ibm/granite", "request_model": "ibm/granite", **_counts(10, 5)},
        {"model_id": "ibm/granite", "input": "Hi"},
    ),
    "watsonx streamed": _streamed(
        "watsonx.generation",
        "completion",
        f"{WATSONX}/deployments/d/text/generation_stream?version=2024-05-31",
        [
            ("message", {"model_id": "g", "results": [{"generated_text": "", "generated_token_count": 0,
             "input_token_count": 10, "stop_reason": "not_finished"}]}),
            ("message", {"model_id": "g", "results": [{"generated_text": "Hel", "generated_token_count": 2,
             "input_token_count": 0, "stop_reason": "not_finished"}]}),
            ("message", {"model_id": "g", "results": [{"generated_text": "lo", "generated_token_count": 5,
             "input_token_count": 0, "stop_reason": "max_tokens"}]}),
        ],
        {"text": "Hello", "finish_reason": "max_tokens", **_counts(10, 5)},
    ),
    "watsonx embeddings": _plain(
        "watsonx.embeddings",
        "embedding",
        f"{WATSONX}/text/embeddings?version=2024-05-31",
        {"model_id": "ibm/slate", "results": [{"embedding": [0.1]}], "input_token_count": 10},
        {"model": "ibm/slate", **_counts(10, None)},
        {"model_id": "ibm/slate", "inputs": ["x"]},
    ),
    "snowflake": _plain(
        "snowflake.complete",
        "chat",
        SNOWFLAKE,
        {"choices": [{"message": {"content": "Hello", "content_list": [
            {"type": "text", "text": "Hello"},
            {"type": "tool_use", "tool_use": {"tool_use_id": "c1", "name": "add", "input": {"x": 1}}}]}}],
         "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}},
        {"text": "Hello", "calls": [("c1", "add", '{"x":1}')], **_counts(10, 5, 15)},
    ),
    "snowflake streamed": _streamed(
        "snowflake.complete",
        "chat",
        SNOWFLAKE,
        [
            ("", {"id": "1", "model": "m", "choices": [{"delta": {"type": "text", "content": "Hel",
             "content_list": [{"type": "text", "text": "Hel"}], "text": "Hel"}}], "usage": {}}),
            ("", {"id": "1", "model": "m", "choices": [{"delta": {"type": "text", "content": "lo", "text": "lo"}}],
             "usage": {}}),
            ("", {"id": "1", "model": "m", "choices": [{"delta": {"type": "tool_use", "tool_use_id": "c1",
             "name": "add", "content_list": [{"tool_use_id": "c1", "name": "add"}]}}], "usage": {}}),
            ("", {"id": "1", "model": "m", "choices": [{"delta": {"type": "tool_use", "input": '{"x":1}',
             "content_list": [{"input": '{"x":1}'}]}}],
             "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}),
        ],
        {"text": "Hello", "calls": [("c1", "add", '{"x":1}')], "id": "1", "model": "m", **_counts(10, 5, 15)},
    ),
    "replicate": _plain(
        "replicate.prediction",
        "completion",
        f"{HOSTS}/models/meta/llama/predictions",
        _prediction(["Hel", "lo"], predict_time=1.5, input_token_count=10, output_token_count=5),
        {"text": "Hello", "request_model": "meta/llama", **_counts(10, 5, seconds=1.5)},
        {"input": {"prompt": "Hi"}},
    ),
    "replicate image, polled": _plain(
        "replicate.prediction",
        "image",
        f"GET {HOSTS}/predictions/p1",
        _prediction(["https://replicate.delivery/x/out.png"], predict_time=1.5, image_count=1),
        {"media": [(None, "image")], **_counts(None, None, seconds=1.5, images=1)},
    ),
    "replicate streamed": Paid(
        "replicate.prediction",
        "completion",
        "GET https://stream.replicate.com/v1/files/abc",
        b"event: output\nid: 1:0\ndata: Hel\n\nevent: output\nid: 2:0\ndata: lo\n\nevent: done\ndata: {}\n\n",
        {"stream": True, "text": "Hello"},
        None,
        SSE,
    ),
    "bedrock images": _plain(
        "bedrock.invoke_model",
        "image",
        f"{BEDROCK}/model/amazon.nova-canvas-v1%3A0/invoke",
        {"images": [PNG64], "error": None},
        {"media": [(len(PNG), "image")], **_counts(None, None, images=1)},
        {"taskType": "TEXT_IMAGE"},
    ),
    "bedrock rerank by InvokeModel": _plain(
        "bedrock.invoke_model",
        "rerank",
        f"{BEDROCK}/model/cohere.rerank-v3-5%3A0/invoke",
        {"results": RANKED},
        {},
        ASKED_RANKING,
    ),
    "bedrock rerank": _plain(
        "bedrock.rerank",
        "rerank",
        "https://bedrock-agent-runtime.us-east-1.amazonaws.com/rerank",
        {"results": [{"index": 0, "relevanceScore": 0.9}]},
        _counts(None, None, search_units=1),
        {"queries": [{}], "sources": [{}, {}]},
    ),
    "bedrock guardrail": _plain(
        "bedrock.guardrail",
        "moderation",
        f"{BEDROCK}/guardrail/g/version/1/apply",
        {"action": "NONE", "outputs": [], "usage": {"topicPolicyUnits": 1, "wordPolicyUnits": 0}},
        _counts(None, None, topicPolicyUnits=1),
        {"content": []},
    ),
    "deepgram": _plain(
        "deepgram.transcription",
        "transcription",
        "https://api.deepgram.com/v1/listen?model=nova-3",
        {"metadata": {"request_id": "r", "duration": 12.5},
         "results": {"channels": [{"alternatives": [{"transcript": "Hello"}]}]}},
        {"text": "Hello", "id": "r", "request_model": "nova-3", **_counts(None, None, seconds=12.5)},
    ),
    "elevenlabs": Paid(
        "elevenlabs.speech",
        "speech",
        "https://api.elevenlabs.io/v1/text-to-speech/v1?output_format=mp3",
        MP3,
        {"media": [(len(MP3), "audio")], **_counts(None, None, characters=5)},
        {"text": "Hello", "model_id": "eleven_v3"},
        "audio/mpeg",
    ),
    "assemblyai": _plain(
        "assemblyai.transcription",
        "transcription",
        "GET https://api.assemblyai.com/v2/transcript/t1",
        {"id": "t1", "status": "completed", "text": "Hello", "audio_duration": 12, "speech_model": "best"},
        {"text": "Hello", **_counts(None, None, seconds=12)},
    ),
    "stability": Paid(
        "stability.images",
        "image",
        "https://api.stability.ai/v2beta/stable-image/generate/core",
        PNG,
        {"media": [(len(PNG), "image")], **_counts(None, None, images=1)},
        b"--x",
        "image/png",
    ),
    "perplexity, polled": _plain(
        "openai.chat",
        "chat",
        "GET https://api.perplexity.ai/async/chat/completions/a1",
        {"id": "a1", "status": "COMPLETED", "model": "sonar", "response": CHAT},
        {"text": "ok", "provider": "perplexity", **_counts(10, 5, 15)},
    ),
    "perplexity search": _plain(
        "perplexity.search",
        "search",
        "https://api.perplexity.ai/search",
        {"id": "s1", "results": [{"title": "T", "url": "https://e", "snippet": "..."}]},
        _counts(None, None, searches=1),
        {"query": "x"},
    ),
}  # fmt: skip
CASES = {**OPENAI_CASES, **GOOGLE_ANTHROPIC_CASES, **MISTRAL_COHERE_CASES, **OTHER_CASES}
