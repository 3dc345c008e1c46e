"""What is paid for at OpenAI."""

from __future__ import annotations

import base64
from typing import Any

from .paid_case import CHAT, MP3, PNG, PNG64, Paid, counts, line, plain, streamed

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
IMAGE_SAYS = {"media": [(len(PNG), "image")], **counts(50, 272, 322), "usage.image_input_tokens": 40}
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


OPENAI_CASES = {
    "openai image": plain(
        "openai.images",
        "image",
        f"{OPENAI}/images/generations",
        {"created": 1790000000, "data": [{"b64_json": PNG64}], "usage": IMAGE_USAGE},
        IMAGE_SAYS,
        {"model": "gpt-image-1", "prompt": "x"},
    ),
    "openai image by its price": plain(
        "openai.images",
        "image",
        f"{OPENAI}/images/generations",
        {"created": 1, "data": [{"url": "https://i/1", "revised_prompt": "a cat"}, {"url": "https://i/2"}]},
        {"media": [(None, "image")] * 2, **counts(None, None, images=2)},
        {"model": "dall-e-3", "prompt": "x"},
    ),
    "openai image streamed": streamed(
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
    "openai image edited": plain(
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
        {"media": [(len(MP3), "audio")], **counts(None, None, characters=5)},
        {"model": "tts-1", "input": "Hello", "voice": "alloy"},
        "audio/mpeg",
    ),
    "openai speech streamed": streamed(
        "openai.speech",
        "speech",
        f"{OPENAI}/audio/speech",
        [
            {"type": "speech.audio.delta", "audio": base64.b64encode(MP3[:6]).decode()},
            {"type": "speech.audio.delta", "audio": base64.b64encode(MP3[6:]).decode()},
            {"type": "speech.audio.done", "usage": {"input_tokens": 7, "output_tokens": 90, "total_tokens": 97}},
        ],
        {"media": [(len(MP3), "audio")], **counts(7, 90, 97)},
        {"model": "gpt-4o-mini-tts", "input": "Hello", "voice": "alloy", "stream_format": "sse"},
    ),
    "openai transcription": plain(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/transcriptions",
        {"text": "Hello", "usage": AUDIO_USAGE},
        {"text": "Hello", **counts(14, 45, 59), "usage.audio_input_tokens": 14},
    ),
    "openai transcription by the second": plain(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/transcriptions",
        {"text": "Hello", "duration": 3.4, "language": "en", "usage": {"type": "duration", "seconds": 4}},
        {"text": "Hello", **counts(None, None, seconds=4)},
    ),
    "openai transcription streamed": streamed(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/transcriptions",
        [
            {"type": "transcript.text.delta", "delta": "Hel"},
            {"type": "transcript.text.delta", "delta": "lo"},
            {"type": "transcript.text.done", "text": "Hello", "usage": AUDIO_USAGE},
        ],
        {"text": "Hello", **counts(14, 45, 59)},
    ),
    "openai translation": plain(
        "openai.transcription",
        "transcription",
        f"{OPENAI}/audio/translations",
        {"text": "Hello", "duration": 12.5, "task": "translate", "language": "english"},
        {"text": "Hello", **counts(None, None, seconds=12.5)},
    ),
    "openai batch": Paid(
        "openai.batch",
        "batch",
        f"GET {OPENAI}/files/file-1/content",
        line(1, response={"status_code": 200, "body": CHAT}, error=None)
        + line(2, response={"status_code": 200, "body": CHAT}, error=None)
        + line(3, response={"status_code": 400, "body": {"error": {"message": "No."}}}, error=None),
        {"text": "ok", "id": "file-1", "service_tier": "batch", "model": "m-1", **counts(20, 10, 30)},
        content_type="application/octet-stream",
    ),
    "openai batch of embeddings": Paid(
        "openai.batch",
        "batch",
        f"GET {OPENAI}/files/file-1/content",
        line(
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
        {"model": "e-1", **counts(8, None, 8)},
    ),
    "openai batch counted": plain(
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
        {"id": "file-1", **counts(20, 10, 30), "usage.cache_read_input_tokens": 4, "usage.reasoning_output_tokens": 2},
    ),
    "openai assistants": plain(
        "openai.assistants",
        "chat",
        f"GET {OPENAI}/threads/t/runs/run_1",
        RUN,
        {"id": "run_1", "model": "m-1", "finish_reason": "completed", **counts(10, 5, 15)},
    ),
    "openai assistants wait for a tool": plain(
        "openai.assistants",
        "chat",
        f"GET {OPENAI}/threads/t/runs/run_1",
        WAITS,
        {"calls": [("c1", "add", '{"x":1}')], "finish_reason": "requires_action"},
    ),
    "openai assistants streamed": streamed(
        "openai.assistants",
        "chat",
        f"{OPENAI}/threads/t/runs",
        [("thread.run.created", {**RUN, "status": "queued", "usage": None}), _thread_delta("He"), _thread_delta("llo"),
         ("thread.run.completed", RUN)],
        {"text": "Hello", "id": "run_1", **counts(10, 5, 15)},
        {"assistant_id": "a", "stream": True},
    ),
    "openai video": plain(
        "openai.videos",
        "video",
        f"GET {OPENAI}/videos/video_1",
        {"id": "video_1", "object": "video", "model": "sora-2", "status": "completed", "seconds": "8",
         "size": "720x1280", "created_at": 1790000000, "progress": 100},
        {"model": "sora-2", **counts(None, None, seconds=8)},
    ),
}  # fmt: skip
