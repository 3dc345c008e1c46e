"""Reading an exchange of the chat completions shape, streamed or plain: what `openai.chat` and `mistral.chat` share."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import Assembly
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_message import ChatChoice, response_citations
from pytest_llmcassette.protocols.chat_usage import chat_usage
from pytest_llmcassette.protocols.http_errors import error_object, http_error, is_error, unreadable
from pytest_llmcassette.protocols.json_stream import JsonStream, is_event_stream
from pytest_llmcassette.protocols.transcript import Choice, Citation, FinishReason, Transcript
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


def normalise(reason: str) -> FinishReason | None:
    """The normalised finish reason of the OpenAI family; None for a word that it does not have."""
    return _FINISH.get(reason) or _FINISH.get(reason.lower())


class ChatAnswer(Assembly):
    """An answer that grows by whole documents or chunks."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.provider = exchange.provider
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

    def event(self, name: str, event: dict[str, Any]) -> None:
        """A chunk of a stream."""
        self.add({"error": event} if name == "error" and not event.get("error") else event, chunk=True)

    def choices(self) -> tuple[Choice, ...]:
        """The choices by index."""
        if self._citations and self._choices:
            first = self._choices[min(self._choices)]
            first.add_citations(self._citations)
        return tuple(self._choices[index].build(normalise) for index in sorted(self._choices))

    def complete(self) -> bool:
        """A finish reason for each choice, and in a stream the `[DONE]` of hosts that send it."""
        finished = bool(self._choices) and all(choice.draft.finish_reason for choice in self._choices.values())
        if (
            not finished
            or self.error is not None
            or self.cut
            or self.exchange.interaction.outcome is not Outcome.COMPLETE
        ):
            return False
        return not self.streamed or "[DONE]" in self.kinds or self._ends_without_done()

    def usage(self) -> Usage | None:
        """The last counts."""
        return chat_usage(self._usage, self.provider)

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

    def _ends_without_done(self) -> bool:
        # Groq behind another host (the Hugging Face router) is known by its own field.
        if self._speaks_groq or self.provider in _SEND_DONE:
            return False
        asked = as_dict(self.exchange.asked("stream_options")).get("include_usage") is True
        return not asked or self.usage() is not None


def read_chat(exchange: Exchange, protocol: str) -> Transcript:
    """The transcript of an exchange of the chat completions shape."""
    answer = ChatAnswer(exchange)
    if is_error(exchange):
        answer.error = http_error(exchange)
    elif is_event_stream(exchange):
        answer.stream(JsonStream(exchange.body))
    elif isinstance(exchange.response_json, dict):
        answer.add(exchange.response_json, chunk=False)
        if "choices" not in exchange.response_json and answer.error is None:
            answer.error = unreadable(exchange, "the body has no choices")
    else:
        answer.error = unreadable(exchange, "the body is no JSON object")
    return answer.transcript(protocol)
