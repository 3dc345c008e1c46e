"""Reading an exchange of the chat completions shape, streamed or plain: what `openai.chat` and `mistral.chat` share."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_message import ChatChoice, response_citations
from pytest_llmcassette.protocols.chat_usage import chat_usage
from pytest_llmcassette.protocols.http_errors import error_object, http_error, is_error
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream
from pytest_llmcassette.protocols.transcript import Choice, Citation, ExchangeError, FinishReason, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, as_time

# Hosts whose documentation and recordings end every stream with `data: [DONE]`. At other hosts (34 recorded streams
# have none) the finish reason is enough, with the usage chunk where one was asked for.
_SEND_DONE = frozenset({"openai", "azure", "openrouter", "groq", "mistral", "deepseek"})

_FINISH = {
    "stop": FinishReason.STOP,
    "eos": FinishReason.STOP,
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "COMPLETE": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALL,
    "tool_use": FinishReason.TOOL_CALL,
    "function_call": FinishReason.TOOL_CALL,
    "content_filter": FinishReason.CONTENT_FILTER,
    "sensitive": FinishReason.CONTENT_FILTER,
    "safety": FinishReason.CONTENT_FILTER,
    "error": FinishReason.ERROR,
    "network_error": FinishReason.ERROR,
}


def normalise(reason: str) -> FinishReason:
    """The normalised finish reason of the OpenAI family."""
    return _FINISH.get(reason) or _FINISH.get(reason.lower(), FinishReason.OTHER)


class ChatAnswer:
    """An answer that grows by whole documents or chunks."""

    def __init__(self, exchange: Exchange, protocol: str) -> None:
        self.exchange = exchange
        self.protocol = protocol
        self.provider = exchange.provider
        self.id: str | None = None
        self.model: str | None = None
        self.created: float | None = None
        self.error: ExchangeError | None = None
        self._choices: dict[int, ChatChoice] = {}
        self._usage: Any = None
        self._speaks_groq = False
        self._citations: list[Citation] = []

    def add(self, document: dict[str, Any], *, chunk: bool) -> None:
        """A chunk of a stream, or a whole chat completion."""
        # Azure's first chunk has "" for both: the first non-empty ones count, and later changes do not (avian, groq).
        if not self.id:
            self.id = as_str(document.get("id")) or None
        if not self.model:
            self.model = as_str(document.get("model")) or None
        if not self.created:
            self.created = as_time(document.get("created"))
        usage = document.get("usage")
        if "x_groq" in document:
            self._speaks_groq = True
            extra = as_dict(document["x_groq"])
            usage = usage or extra.get("usage")
            if extra.get("error"):
                # Why the stream was stopped early, in words (`XGroq.error` of Groq's SDK).
                self._fail(extra)
        if usage:
            self._usage = usage
        if document.get("error"):
            self._fail(document)
        for position, entry in enumerate(as_list(document.get("choices"))):
            if isinstance(entry, dict):
                self._add_choice(entry, position, chunk=chunk)
        if "citations" in document or "search_results" in document:
            # Perplexity repeats the whole list in every chunk.
            self._citations = response_citations(document) or self._citations

    def transcript(self, *, stream: JsonStream | None) -> Transcript:
        """The finished transcript; `stream` where the answer came as one."""
        usage = chat_usage(self._usage, self.provider)
        choices = self._build()
        finished = bool(choices) and all(choice.finish_reason for choice in choices) and self.error is None
        if finished and stream is not None:
            finished = not stream.cut and (stream.done or self._ends_without_done(usage))
        return Transcript(
            protocol=self.protocol,
            provider=self.provider,
            stream=stream is not None,
            id=self.id,
            request_model=as_str(self.exchange.asked("model")),
            model=self.model,
            choices=choices,
            complete=finished and self.exchange.interaction.outcome is Outcome.COMPLETE,
            error=self.error,
            usage=usage,
            created=self.created,
            shape=() if stream is None else stream.shape,
            notes=() if stream is None else tuple(stream.notes),
        )

    def _add_choice(self, entry: dict[str, Any], position: int, *, chunk: bool) -> None:
        index = entry.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            index = position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = ChatChoice(index)
        # Perplexity gives both: in a chunk its `message` repeats all text so far, in an answer its `delta` is empty.
        delta, message = entry.get("delta"), entry.get("message")
        if isinstance(delta, dict) and (chunk or not isinstance(message, dict)):
            choice.add(delta)
        elif isinstance(message, dict):
            choice.add(message, whole=True)
        elif isinstance(entry.get("text"), str):
            # Legacy completions.
            choice.add({"content": entry["text"]})
        reason = entry.get("finish_reason")
        if reason:
            choice.draft.finish_reason = str(reason)
            # Moonshot counts in the choice that ends a stream; what stands beside the choices goes before it.
            self._usage = self._usage or entry.get("usage")
        if entry.get("error"):
            self._fail(entry)

    def _fail(self, holder: dict[str, Any]) -> None:
        if self.error is None:
            self.error = error_object(holder, status=None)

    def _build(self) -> tuple[Choice, ...]:
        if self._citations and self._choices:
            first = self._choices[min(self._choices)]
            first.add_citations(self._citations)
        return tuple(self._choices[index].build(normalise) for index in sorted(self._choices))

    def _ends_without_done(self, usage: Usage | None) -> bool:
        # Groq behind another host (the Hugging Face router) is known by its own field.
        if self._speaks_groq or self.provider in _SEND_DONE:
            return False
        asked = as_dict(self.exchange.asked("stream_options")).get("include_usage") is True
        return usage is not None or not asked


def read_chat(exchange: Exchange, protocol: str) -> Transcript:
    """The transcript of an exchange of the chat completions shape."""
    answer = ChatAnswer(exchange, protocol)
    if is_error(exchange):
        answer.error = http_error(exchange)
        return answer.transcript(stream=None)
    if is_event_stream(exchange):
        stream = JsonStream(exchange.body)
        for name, chunk in stream:
            if name == "error" and not chunk.get("error"):
                chunk = {"error": chunk}
            answer.add(chunk, chunk=True)
        return answer.transcript(stream=stream)
    document = exchange.response_json
    if isinstance(document, dict):
        answer.add(document, chunk=False)
        if not document.get("choices") and answer.error is None and "choices" not in document:
            answer.error = unreadable(exchange, "the body has no choices")
    else:
        answer.error = unreadable(exchange, "the body is no JSON object")
    return answer.transcript(stream=None)


def unreadable(exchange: Exchange, problem: str) -> ExchangeError:
    """The error of an answer with a good status whose body is not what the protocol says."""
    start = exchange.body[:80].decode(errors="replace")
    return ExchangeError(
        status=exchange.status,
        type="unreadable",
        message=f"The recorded answer could not be read: {problem}: {start!r}",
    )
