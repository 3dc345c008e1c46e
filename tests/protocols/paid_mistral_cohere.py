"""What is paid for at Mistral and Cohere."""

from __future__ import annotations

import json

from .paid_case import ASKED_RANKING, MP3, MP364, RANKED, Paid, counts, plain, streamed

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
    **counts(10, 5, 15),
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
COHERE_SAYS = {"text": "Hello", "id": "1", "calls": [(None, "add", '{"x":1}')], **counts(69, 3)}
MISTRAL_COHERE_CASES = {
    "mistral conversation": plain(
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
    "mistral conversation streamed": streamed(
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
    "mistral ocr": plain(
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
        {"text": "# HiBye", **counts(None, None, pages=2)},
        {"model": "mistral-ocr-latest", "document": {}},
    ),
    "mistral transcription": plain(
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
        {"text": "Hello", "model": "voxtral-mini", **counts(4, 45, 49, seconds=4)},
    ),
    "mistral transcription streamed": streamed(
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
        {"text": "Hello", "model": "voxtral-mini", **counts(4, 45, 49, seconds=4)},
    ),
    "mistral speech": plain(
        "openai.speech",
        "speech",
        f"{MISTRAL}/audio/speech",
        {"audio_data": MP364},
        {"media": [(len(MP3), "audio")], **counts(None, None, characters=5)},
        {"model": "voxtral-tts", "input": "Hello"},
    ),
    "mistral moderation": plain(
        "mistral.moderation",
        "moderation",
        f"{MISTRAL}/moderations",
        {"id": "m1", "model": "mistral-moderation", "results": [{"categories": {}, "category_scores": {}}]},
        {"id": "m1", "model": "mistral-moderation"},
        {"model": "mistral-moderation", "input": "x"},
    ),
    "cohere v1": plain(
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
    "cohere generate": plain(
        "cohere.generate",
        "completion",
        f"{COHERE}/v1/generate",
        {"id": "1", "generations": [{"id": "g", "text": "Hello", "finish_reason": "COMPLETE"}], "meta": META},
        {"text": "Hello", **counts(69, 3)},
    ),
    "cohere rerank": plain(
        "cohere.rerank",
        "rerank",
        f"{COHERE}/v2/rerank",
        {"id": "1", "results": RANKED, "meta": {"billed_units": {"search_units": 1}}},
        {"request_model": "rerank-v3.5", **counts(None, None, search_units=1)},
        ASKED_RANKING,
    ),
    "cohere classify": plain(
        "cohere.classify",
        "classification",
        f"{COHERE}/v1/classify",
        {"id": "1", "classifications": [], "meta": {"billed_units": {"classifications": 2}}},
        counts(None, None, classifications=2),
        {"inputs": ["a", "b"]},
    ),
}
