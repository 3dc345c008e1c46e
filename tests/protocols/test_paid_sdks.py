"""The official SDKs on the same bytes, replayed offline: they read what the transcript says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_llmcassette.cassette.files import save
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.context import use_cassette

from .made import interaction
from .paid import CASES, Paid
from .test_paid import said

Read = dict[str, Any]


def _openai() -> Any:
    import openai

    return openai.OpenAI(api_key="x", max_retries=0)


def _tokens(usage: Any) -> Read:
    """`input_tokens` and so on, as OpenAI's images and audio have them."""
    return {f"usage.{name}_tokens": getattr(usage, f"{name}_tokens") for name in ("input", "output", "total")}


def _chat_tokens(usage: Any) -> Read:
    return {
        "usage.input_tokens": usage.prompt_tokens,
        "usage.output_tokens": usage.completion_tokens,
        "usage.total_tokens": usage.total_tokens,
    }


def _size(base64_text: str) -> int:
    import base64

    return len(base64.b64decode(base64_text))


def _image(asked: Read) -> Read:
    answer = _openai().images.generate(**asked)
    return {"media": [(_size(answer.data[0].b64_json), "image")], **_tokens(answer.usage)}


def _image_stream(asked: Read) -> Read:
    last = list(_openai().images.generate(**asked))[-1]
    return {"media": [(_size(last.b64_json), "image")], **_tokens(last.usage)}


def _image_edit(asked: Any) -> Read:
    answer = _openai().images.edit(model="gpt-image-1", image=("i.png", b"png"), prompt="x")
    return {"media": [(_size(answer.data[0].b64_json), "image")], **_tokens(answer.usage)}


def _speech(asked: Read) -> Read:
    return {"media": [(len(_openai().audio.speech.create(**asked).read()), "audio")]}


def _speech_stream(asked: Read) -> Read:
    with _openai().audio.speech.with_streaming_response.create(**asked) as answer:
        events = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith("data: ")]
    usage = events[-1]["usage"]
    return {f"usage.{name}": usage[name] for name in usage}


def _transcription(asked: Any, **more: Any) -> Read:
    answer = _openai().audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", b"mp3"), **more)
    seconds = answer.usage.type == "duration"
    billed = {"usage.billed_units": {"seconds": int(answer.usage.seconds)}} if seconds else _tokens(answer.usage)
    return {"text": answer.text, **billed}


def _transcription_stream(asked: Any) -> Read:
    events = list(_openai().audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.mp3", b"mp3"), stream=True))
    return {"text": events[-1].text, **_tokens(events[-1].usage)}


def _batch_file(asked: Any) -> Read:
    from openai.types.chat import ChatCompletion

    lines = [json.loads(line)["response"] for line in _openai().files.content("file-1").text.splitlines()]
    chats = [ChatCompletion.model_validate(one["body"]) for one in lines if one["status_code"] == 200]
    spent = sum(chat.usage.total_tokens for chat in chats if chat.usage)
    return {"text": chats[0].choices[0].message.content, "usage.total_tokens": spent}


def _run_stream(asked: Any) -> Read:
    events = list(_openai().beta.threads.runs.create(thread_id="t", **asked))
    pieces = [one.data.delta.content[0].text.value for one in events if one.event == "thread.message.delta"]
    return {"text": "".join(pieces), **_chat_tokens(events[-1].data.usage)}


def _anthropic_batch(asked: Any) -> Read:
    import anthropic

    results = list(anthropic.Anthropic(api_key="x").messages.batches.results("msgbatch_1"))
    message = results[0].result.message
    given = message.usage.input_tokens + (message.usage.cache_read_input_tokens or 0)
    return {"text": message.content[0].text, "usage.input_tokens": given}


def _google(**where: Any) -> Any:
    from google import genai

    return genai.Client(api_key="x", **where)


def _interaction_usage(usage: Any) -> Read:
    made = usage.total_output_tokens + usage.total_thought_tokens
    return {"usage.input_tokens": usage.total_input_tokens, "usage.output_tokens": made}


def _interaction(asked: Read) -> Read:
    client = _google()
    answer = client.interactions.create(**asked)
    texts = [part.text for step in answer.steps if step.type == "model_output" for part in step.content]
    calls = [(step.id, step.name, json.dumps(step.arguments, separators=(",", ":"))) for step in answer.steps[2:]]
    return {"id": answer.id, "text": "".join(texts), "calls": calls, **_interaction_usage(answer.usage)}


def _interaction_stream(asked: Read) -> Read:
    client = _google()
    events = list(client.interactions.create(**asked))
    deltas = [one.delta for one in events if one.event_type == "step.delta"]
    texts = [delta.text for delta in deltas if delta.type == "text"]
    return {"text": "".join(texts), **_interaction_usage(events[-1].interaction.usage)}


def _imagen(asked: Any) -> Read:
    client = _google(vertexai=True)
    answer = client.models.generate_images(model="imagen-4.0-generate-001", prompt="x")
    return {"media": [(len(one.image.image_bytes), "image") for one in answer.generated_images]}


def _gemini_batch(asked: Any) -> Read:
    client = _google()
    found = client.batches.get(name="batches/b1").dest.inlined_responses
    spent = sum(one.response.usage_metadata.total_token_count for one in found)
    return {"text": found[0].response.text, "usage.total_tokens": spent}


def _mistral() -> Any:
    from mistralai.client import Mistral

    return Mistral(api_key="x")


def _conversation(asked: Read) -> Read:
    answer = _mistral().beta.conversations.start(**asked)
    calls = [(one.tool_call_id, one.name, one.arguments) for one in answer.outputs if one.type == "function.call"]
    text = "".join(one.content for one in answer.outputs if one.type == "message.output")
    return {"id": answer.conversation_id, "text": text, "calls": calls, **_chat_tokens(answer.usage)}


def _conversation_stream(asked: Read) -> Read:
    kept = {name: value for name, value in asked.items() if name != "stream"}
    with _mistral().beta.conversations.start_stream(**kept) as events:
        every = [event.data for event in events]
    said = [event.content for event in every if event.type == "message.output.delta"]
    text = "".join(one if isinstance(one, str) else one.text for one in said)
    return {"id": every[0].conversation_id, "text": text, **_chat_tokens(every[-1].usage)}


def _ocr(asked: Any) -> Read:
    answer = _mistral().ocr.process(model="mistral-ocr-latest", document={"type": "document_url", "document_url": "u"})
    text = "".join(page.markdown for page in answer.pages)
    return {"text": text, "usage.billed_units": {"pages": answer.usage_info.pages_processed}}


def _mistral_transcription(asked: Any) -> Read:
    answer = _mistral().audio.transcriptions.complete(model="voxtral-mini", file_url="https://a")
    return {"text": answer.text, **_chat_tokens(answer.usage)}


def _mistral_transcription_stream(asked: Any) -> Read:
    with _mistral().audio.transcriptions.stream(model="voxtral-mini", file_url="https://a") as events:
        last = [event.data for event in events][-1]
    return {"text": last.text, **_chat_tokens(last.usage)}


def _moderation(asked: Any) -> Read:
    answer = _mistral().classifiers.moderate(model="mistral-moderation", inputs=["x"])
    return {"id": answer.id, "model": answer.model}


def _cohere(version: str = "v1") -> Any:
    import cohere

    return cohere.Client("x") if version == "v1" else cohere.ClientV2("x")


def _cohere_answer(answer: Any) -> Read:
    calls = [(None, one.name, json.dumps(one.parameters, separators=(",", ":"))) for one in answer.tool_calls]
    tokens = answer.meta.tokens
    counts = {"usage.input_tokens": tokens.input_tokens, "usage.output_tokens": tokens.output_tokens}
    return {"text": answer.text, "id": answer.response_id, "calls": calls, **counts}


def _cohere_chat(asked: Any) -> Read:
    return _cohere_answer(_cohere().chat(message="Hi"))


def _cohere_stream(asked: Any) -> Read:
    events = list(_cohere().chat_stream(message="Hi"))
    text = "".join(event.text for event in events if event.event_type == "text-generation")
    return {**_cohere_answer(events[-1].response), "text": text}


def _rerank(asked: Read) -> Read:
    answer = _cohere("v2").rerank(**asked)
    return {"usage.billed_units": {"search_units": answer.meta.billed_units.search_units}}


def _classify(asked: Any) -> Read:
    answer = _cohere().classify(inputs=["a", "b"])
    return {"usage.billed_units": {"classifications": answer.meta.billed_units.classifications}}


def _ollama_embed(asked: Read) -> Read:
    import ollama

    answer = ollama.Client("http://localhost:11434").embed(**asked)
    return {"model": answer.model, "usage.input_tokens": answer.prompt_eval_count}


def _tgi(asked: Any) -> Read:
    from huggingface_hub import InferenceClient

    client = InferenceClient("https://x.endpoints.huggingface.cloud/generate", token="x")
    answer = client.text_generation("Hi", details=True)
    return {"text": answer.generated_text, "usage.output_tokens": answer.details.generated_tokens}


def _tgi_stream(asked: Any) -> Read:
    from huggingface_hub import InferenceClient

    client = InferenceClient("https://x.endpoints.huggingface.cloud/generate_stream", token="x")
    answers = list(client.text_generation("Hi", details=True, stream=True))
    return {"text": answers[-1].generated_text, "usage.output_tokens": answers[-1].details.generated_tokens}


BEFORE = {
    "anthropic batch": interaction(
        "https://api.anthropic.com/v1/messages/batches/msgbatch_1",
        {"id": "msgbatch_1", "results_url": "https://api.anthropic.com/v1/messages/batches/msgbatch_1/results"},
        method="GET",
        content_type="application/json",
    ),
    "tgi": interaction("https://huggingface.co/api/agent-harnesses", {}, method="GET", content_type="application/json"),
}
"""What an SDK asks first, by itself."""


QUICK: dict[str, Callable[[Any], Read]] = {
    "openai image": _image,
    "openai image streamed": _image_stream,
    "openai image edited": _image_edit,
    "openai speech": _speech,
    "openai speech streamed": _speech_stream,
    "openai transcription": _transcription,
    "openai transcription by the second": lambda asked: _transcription(asked, response_format="verbose_json"),
    "openai transcription streamed": _transcription_stream,
    "openai batch": _batch_file,
    "openai batch counted": lambda asked: _tokens(_openai().batches.retrieve("batch_1").usage),
    "openai video": lambda asked: {"model": _openai().videos.retrieve("video_1").model},
}
SLOW: dict[str, Callable[[Any], Read]] = {
    # Seven hundred modules of its own.
    "openai assistants": lambda asked: _chat_tokens(_openai().beta.threads.runs.retrieve("run_1", thread_id="t").usage),
    "openai assistants streamed": _run_stream,
    "anthropic batch": _anthropic_batch,
    "gemini interaction": _interaction,
    "gemini interaction streamed": _interaction_stream,
    "gemini batch": _gemini_batch,
    "imagen": _imagen,
    "mistral conversation": _conversation,
    "mistral conversation streamed": _conversation_stream,
    "mistral ocr": _ocr,
    "mistral transcription": _mistral_transcription,
    "mistral transcription streamed": _mistral_transcription_stream,
    "mistral moderation": _moderation,
    "cohere v1": _cohere_chat,
    "cohere v1 streamed": _cohere_stream,
    "cohere rerank": _rerank,
    "cohere classify": _classify,
    "ollama embed": _ollama_embed,
    "tgi": _tgi,
    "tgi streamed": _tgi_stream,
}


def _replayed(case: Paid, call: Callable[[Any], Read], path: Path, *before: Interaction) -> None:
    save(path, [*before, case.recorded()])
    with use_cassette(path, match_on=("method", "host", "path"), allow_unplayed=bool(before)) as cassette:
        read = call(case.asked)
    ours = {name: said(cassette.transcript, name) for name in read}
    assert ours == read
    assert cassette.transcript.complete


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_openais_sdk(name: str, tmp_path: Path) -> None:
    pytest.importorskip("openai")
    _replayed(CASES[name], QUICK[name], tmp_path / "it.yaml")


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
@pytest.mark.filterwarnings("ignore")
def test_what_takes_long(name: str, tmp_path: Path) -> None:
    try:
        before = (BEFORE[first] for first in BEFORE if name.startswith(first))
        _replayed(CASES[name], SLOW[name], tmp_path / "it.yaml", *before)
    except ImportError as missing:
        pytest.skip(str(missing))
