"""Putting an answer together from pieces: the mutable drafts behind `Choice` and its parts.

Every protocol, streamed or plain, feeds the same drafts, so that both forms give the same transcript.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pytest_llmcassette.protocols.base import Exchange, WireProtocol
from pytest_llmcassette.protocols.forms import Forms
from pytest_llmcassette.protocols.http_errors import error_beside_events, http_error, is_error
from pytest_llmcassette.protocols.json_stream import Events, JsonStream, is_event_stream
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Citation,
    ExchangeError,
    FinishReason,
    Part,
    Reasoning,
    Refusal,
    ServerToolCall,
    ServerToolResult,
    Text,
    ToolCall,
    Transcript,
)
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_json_text, as_str

Kind = type[Text] | type[Reasoning] | type[Refusal] | type[ToolCall] | type[ServerToolCall] | type[ServerToolResult]


class PartDraft:
    """A part that is still growing; `pieces` are its text (or, of a tool call, its arguments)."""

    __slots__ = ("citations", "content", "encrypted", "id", "key", "kind", "name", "pieces", "signature")

    def __init__(self, kind: Kind, key: object) -> None:
        self.kind = kind
        self.key = key
        self.pieces: list[str] = []
        self.id: str | None = None
        self.name: str | None = None
        self.signature: str | None = None
        self.encrypted: str | None = None
        self.content: Any = None
        self.citations: list[Citation] = []

    def grow_call(self, identity: object, name: object, arguments: object) -> None:
        """More of a call: its arguments, and what names it where that is said (again)."""
        self.id, self.name = as_str(identity) or self.id, as_str(name) or self.name
        self.pieces.append(as_json_text(arguments))

    def build(self) -> Part:
        """The finished part."""
        text = "".join(self.pieces)
        if self.kind is Text:
            return Text(text=text, citations=tuple(self.citations))
        if self.kind is Reasoning:
            return Reasoning(text=text, id=self.id, signature=self.signature, encrypted=self.encrypted)
        if self.kind is Refusal:
            return Refusal(text=text)
        if self.kind is ToolCall:
            return ToolCall(id=self.id, name=self.name, arguments=text, signature=self.signature)
        if self.kind is ServerToolCall:
            return ServerToolCall(id=self.id, name=self.name, arguments=text)
        return ServerToolResult(id=self.id, name=self.name, content=self.content)


class ChoiceDraft:
    """A choice that is still growing. Parts keep the order in which they began."""

    __slots__ = ("_by_key", "finish_reason", "index", "parts")

    def __init__(self, index: int) -> None:
        self.index = index
        self.finish_reason: str | None = None
        self.parts: list[PartDraft | Part] = []
        self._by_key: dict[object, PartDraft] = {}

    def part(self, kind: Kind, key: object = None) -> PartDraft:
        """The part that goes on growing.

        With a `key` (a block index, a tool call's index) the part of that kind and key, wherever it stands; without
        one the last part, if it is of that kind and has no key; else a new one at the end.
        """
        if key is not None:
            draft = self._by_key.get((kind, key))
            if draft is not None:
                return draft
        elif self.parts:
            last = self.parts[-1]
            if isinstance(last, PartDraft) and last.kind is kind and last.key is None:
                return last
        draft = PartDraft(kind, key)
        self.parts.append(draft)
        if key is not None:
            self._by_key[(kind, key)] = draft
        return draft

    def add(self, part: Part | None) -> None:
        """Append a part that came whole (media, an unknown kind), where there is one."""
        if part is not None:
            self.parts.append(part)

    def build(self, finish: Mapping[str, FinishReason]) -> Choice:
        """The finished choice; `finish` has the protocol's words for why it ended, which hosts write in any case.

        Empty texts, reasonings and refusals (padding of many hosts) are left out, and calls of nothing with nothing.
        """
        parts = tuple(part.build() if isinstance(part, PartDraft) else part for part in self.parts)
        reason = self.finish_reason
        return Choice(
            index=self.index,
            parts=tuple(part for part in parts if not _is_empty(part)),
            finish_reason=reason,
            finish=None if reason is None else finish.get(reason) or finish.get(reason.lower(), FinishReason.OTHER),
        )


class Assembly:
    """An answer as it grows: what the assemblies of most protocols have in common.

    `streamed` says that it came in pieces, `kinds` counts these. `answers_with` is the transcript's `kind`.
    `finish` has the protocol's words for why it ended. `counts_unended`: see `JsonStream`.
    """

    answers_with = "chat"
    counts_unended = False
    finish: Mapping[str, FinishReason] = {}

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.id: str | None = None
        self.model: str | None = None
        self.created: float | None = None
        self.service_tier: str | None = None
        self.error: ExchangeError | None = None
        self.streamed = False
        self.cut = False
        self.unended = False
        self.notes: list[str] = []
        self.kinds: dict[str, int] = {}
        self.drafts: dict[int, ChoiceDraft] = {}
        self.counts: Usage | None = None

    def read(self, protocol: str) -> Transcript:
        """Take in the exchange's answer, or its error; gives the transcript."""
        if is_error(self.exchange):
            self.error = self.http_error()
        self.take_in()
        return self.transcript(protocol)

    def take_in(self) -> None:
        """Take in an answer, a stream or a whole one, where there is one."""
        if self.error is not None:
            return
        if (events := self.events()) is not None:
            self.stream(events)
        else:
            self.plain(self.exchange.response_json)

    def http_error(self) -> ExchangeError:
        """What an answer with an error status says."""
        return http_error(self.exchange)

    def events(self) -> Events | None:
        """The events of an answer that was streamed, else None."""
        if not is_event_stream(self.exchange):
            return None
        return JsonStream(self.exchange.body, counts_unended=self.counts_unended)

    def request_model(self) -> str | None:
        """The model asked for: in the request's body, unless the protocol names it elsewhere."""
        return as_str(self.exchange.asked("model")) or as_str(self.exchange.asked("model_id"))

    def stream(self, events: Events) -> None:
        """Take in a stream's events."""
        self.streamed = True
        for name, event in events:
            self.event(name, event)
        self.error = events.error or self.error
        self.cut, self.unended, self.kinds = events.cut, events.unended, events.kinds
        self.notes.extend(events.notes)
        if self.error is None and isinstance(events, JsonStream) and "[DONE]" not in self.kinds:
            self.error = error_beside_events(self.exchange, self.kinds)

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream; here there is to be none."""
        self.unreadable("A stream came instead of a whole answer.")

    def plain(self, document: Any) -> None:
        """Take in a whole answer: its JSON value, None when it is none; here there is to be a stream."""
        self.unreadable("A whole answer came instead of a stream.")

    def unreadable(self, words: str) -> None:
        """The status is good, the body is none of this protocol."""
        self.error = ExchangeError(status=self.exchange.status, type="unreadable", message=words)

    def draft(self, index: int = 0) -> ChoiceDraft:
        """The answer that goes on growing, one of several alternatives."""
        return self.drafts.setdefault(index, ChoiceDraft(index))

    def choices(self) -> tuple[Choice, ...]:
        """What was answered, by index. Asked for once, at the end."""
        return tuple(draft.build(self.finish) for _, draft in sorted(self.drafts.items()))

    def complete(self) -> bool:
        """Whether the answer reached its end, by the protocol's own rules."""
        return self.error is None and not self.cut

    def usage(self) -> Usage | None:
        """What was counted."""
        return self.counts

    def transcript(self, protocol: str) -> Transcript:
        """The finished transcript."""
        return Transcript(
            protocol=protocol,
            provider=self.exchange.provider,
            stream=self.streamed,
            kind=self.answers_with,
            id=self.id,
            request_model=self.request_model(),
            model=self.model,
            choices=self.choices(),
            complete=self.complete(),
            error=self.error,
            usage=self.usage(),
            service_tier=self.service_tier,
            created=self.created,
            shape=tuple(self.kinds.items()) if self.streamed else (),
            notes=tuple(self.notes),
        )


class OneAnswer(Assembly):
    """An answer without alternatives; `ended` says that the last of it came."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._choice = ChoiceDraft(0)
        self._begun = False
        self.ended = False

    def complete(self) -> bool:
        """Of a whole answer that it is there, of a stream that the event came which ends it (`ended`)."""
        return super().complete() and self.ended

    def choices(self) -> tuple[Choice, ...]:
        """The one answer, once it has begun."""
        return (self._choice.build(self.finish),) if self._begun or self._choice.parts else ()

    def say(self, words: object, kind: type[Text] | type[Reasoning] = Text, key: object = None) -> None:
        """More words of the answer, where there are any."""
        if isinstance(words, str) and words:
            self._choice.part(kind, key).pieces.append(words)

    def call(self, identity: object, name: object, arguments: object) -> None:
        """A tool call that came whole."""
        words = as_json_text(arguments)
        self._choice.add(ToolCall(id=as_str(identity), name=as_str(name), arguments=words))


class ProtocolRow(WireProtocol):
    """A protocol as a row: its name, what puts its answers together, how its calls are told from others, its forms."""

    def __init__(
        self,
        name: str,
        assembly: type[Assembly],
        is_call: Callable[[Exchange], bool] = lambda exchange: True,
        forms: Forms | None = None,
    ) -> None:
        self.name = name
        self._assembly = assembly
        self.forms = forms
        self._is_call = is_call

    def claims(self, exchange: Exchange) -> bool:
        """As its row says."""
        return self._is_call(exchange)

    def read(self, exchange: Exchange) -> Transcript:
        """The answer, streamed or plain."""
        return self._assembly(exchange).read(self.name)


def _is_empty(part: Part) -> bool:
    if isinstance(part, Text):
        return not part.text and not part.citations
    if isinstance(part, Reasoning):
        return not (part.text or part.signature or part.encrypted)
    if isinstance(part, ToolCall):
        return not part.name and part.arguments.strip() in ("", "{}")
    return isinstance(part, Refusal) and not part.text
