"""openai.completions: the legacy API, with texts where chat has messages."""

from typing import Any

import pytest

from .made import read, sse

URL = "https://api.openai.com/v1/completions"
USAGE = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}


def piece(text: Any, finish: str | None = None, index: int = 0, **fields: Any) -> dict[str, Any]:
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
    return {"id": "cmpl-1", "object": "text_completion", "model": "davinci", "choices": [choice], **fields}


@pytest.mark.parametrize(
    "answer",
    [
        piece("Once upon", "length", usage=USAGE),
        sse(piece("Once"), piece(" upon"), piece("", "length"), {"usage": USAGE}),
    ],
    ids=["plain", "streamed"],
)
def test_text_finish_reason_and_usage(answer: Any) -> None:
    transcript = read(URL, answer, request={"model": "davinci-002", "prompt": "x"})
    assert (transcript.protocol, transcript.id, transcript.text) == ("openai.completions", "cmpl-1", "Once upon")
    assert (transcript.finish_reason, transcript.complete, transcript.usage.output_tokens) == ("length", True, 3)


def test_several_choices() -> None:
    transcript = read(URL, sse(piece("a"), piece("b", index=1), piece("", "stop"), piece("", "stop", index=1)))
    assert [choice.parts[0].text for choice in transcript.choices] == ["a", "b"]
    assert transcript.complete


@pytest.mark.parametrize(
    ("url", "request_body", "protocol"),
    [
        (
            "https://x.openai.azure.com/openai/deployments/d/completions?api-version=1",
            {"prompt": "x"},
            "openai.completions",
        ),
        ("http://localhost:8000/v1/completions", {"prompt": "x"}, "openai.completions"),
        ("http://proxy.example/generate", {"prompt": "x"}, "openai.completions"),
        ("http://proxy.example/completions", {"messages": []}, "openai.chat"),
    ],
)
def test_found_by_url_and_content(url: str, request_body: Any, protocol: str) -> None:
    assert read(url, piece("x", "stop"), request=request_body).protocol == protocol
