"""An answer of the chat completions shape, streamed or plain: what `openai.chat` and `mistral.chat` share."""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import Assembly
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_message import ChatChoice, response_citations
from pytest_llmcassette.protocols.chat_usage import chat_usage
from pytest_llmcassette.protocols.http_errors import error_inside, error_object, unreadable
from pytest_llmcassette.protocols.transcript import Choice, Citation, FinishReason, Text, ToolCall, finish_reasons
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, as_time, counts_anything, dict_list

# Hosts whose documentation and recordings end every stream with `data: [DONE]`. At other hosts (34 recorded streams
# have none) the finish reason is enough, with the usage chunk where one was asked for.
_SEND_DONE = frozenset({"openai", "azure", "openrouter", "groq", "mistral", "deepseek"})

_FINISH = finish_reasons(
    stop="stop eos end_turn stop_sequence complete",
    length="length max_tokens model_length model_context_window_exceeded",
    tool_call="tool_calls tool_use function_call",
    content_filter="content_filter sensitive safety",
    error="error network_error",
)


class ChatAnswer(Assembly):
    """An answer that grows by whole documents or chunks."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.provider = exchange.provider
        self._choices: dict[int, ChatChoice] = {}
        self._usage: Any = None
        self._speaks_groq = False
        self._citations: list[Citation] = []

    def event(self, name: str, event: dict[str, Any]) -> None:
        """A chunk of a stream."""
        is_error = name == "error" or event.get("object") == "error"
        self._add({"error": event} if is_error and not event.get("error") else event)

    def plain(self, document: object) -> None:
        """A whole chat completion."""
        if isinstance(document, list) and dict_list(document):
            # Google's errors come in a list.
            document = document[0]
        if not isinstance(document, dict):
            self.error = unreadable(self.exchange, "the body is no JSON object")
            return
        self._add(document)
        if document.get("choices") is None and self.error is None:
            # Whoever gives no answer with a good status has a reason, most say it.
            self.error = error_inside(document) or unreadable(self.exchange, "the body has no choices")

    def _add(self, document: dict[str, Any]) -> None:
        # Azure's first chunk has "" for both: the first non-empty ones count, and later changes do not (avian, groq).
        self.id = self.id or as_str(document.get("id")) or None
        self.model = self.model or as_str(document.get("model")) or None
        self.created = self.created or as_time(document.get("created"))
        usage = document.get("usage")
        if "x_groq" in document:
            self._speaks_groq = True
            extra = as_dict(document["x_groq"])
            usage = usage or extra.get("usage")
            if extra.get("error"):
                # Why the stream was stopped early, in words (`XGroq.error` of Groq's SDK).
                self._fail(extra)
        if usage and (not self._usage or counts_anything(as_dict(usage))):
            self._usage = usage
            # Mistral says it there.
            self.service_tier = as_str(as_dict(usage).get("service_tier")) or self.service_tier
        tier = document.get("service_tier")
        if tier and isinstance(tier, str):
            self.service_tier = tier
        choices = document.get("choices")
        if not choices or "error" in document or "base_resp" in document:
            # A chunk of counts alone has no choices, and no words either.
            self.error = self.error or error_inside(document, answered=choices is not None or bool(usage))
        for position, entry in enumerate(as_list(choices)):
            if isinstance(entry, dict):
                self._add_choice(entry, position)
        if "citations" in document or "search_results" in document:
            # Perplexity repeats the whole list in every chunk.
            self._citations = response_citations(document) or self._citations

    def choices(self) -> tuple[Choice, ...]:
        """The choices by index."""
        if self._citations and self._choices:
            first = self._choices[min(self._choices)]
            first.add_citations(self._citations)
        built = tuple(self._choices[index].build(_FINISH) for index in sorted(self._choices))
        return (_joined(built),) if len(built) > 1 and self._is_one_answer(built) else built

    def _is_one_answer(self, built: tuple[Choice, ...]) -> bool:
        """Whether several choices are one answer that was split: Copilot puts the text in one, each call in the next.

        Alternatives are what was asked for, by `n` or several prompts.
        """
        asked = as_dict(self.exchange.request_json)
        if not asked or asked.get("n") not in (None, 1) or "prompt" in asked:
            return False
        words = {choice.text for choice in built if any(isinstance(part, Text) for part in choice.parts)}
        return len(words) <= 1 and any(isinstance(part, ToolCall) for choice in built for part in choice.parts)

    def complete(self) -> bool:
        """Of a whole answer that it is there; of a stream its `[DONE]`, or without one a reason for each choice."""
        if self.error is not None or self.cut or self.exchange.interaction.outcome is not Outcome.COMPLETE:
            return False
        if not self._choices:
            return False
        if not self.streamed or "[DONE]" in self.kinds:
            return True
        finished = all(choice.draft.finish_reason for choice in self._choices.values())
        return finished and (self.unended or self._ends_without_done())

    def usage(self) -> Usage | None:
        """The last counts."""
        return chat_usage(self._usage, self.provider)

    def _add_choice(self, entry: dict[str, Any], position: int) -> None:
        index = entry.get("index")
        if not isinstance(index, int) or isinstance(index, bool):
            index = position
        choice = self._choices.get(index)
        if choice is None:
            choice = self._choices[index] = ChatChoice(index)
        # Perplexity gives both: in a chunk its `message` repeats all text so far, in an answer its `delta` is empty.
        delta, message = entry.get("delta"), entry.get("message")
        if isinstance(delta, dict) and (self.streamed or not isinstance(message, dict)):
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


def _joined(parts_of_one: tuple[Choice, ...]) -> Choice:
    """One answer of several pieces, with the finish reason that says most; a text that all have is there once."""
    parts = [part for one in parts_of_one for part in one.parts]
    last = next((one for one in parts_of_one if one.finish is FinishReason.TOOL_CALL), parts_of_one[-1])
    return Choice(
        index=parts_of_one[0].index,
        parts=tuple(part for place, part in enumerate(parts) if not (isinstance(part, Text) and part in parts[:place])),
        finish_reason=last.finish_reason,
        finish=last.finish,
    )
