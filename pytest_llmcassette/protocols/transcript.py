"""What was answered in one exchange: the same value for the streamed and the plain form of any wire protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from pytest_llmcassette.protocols.usage import Usage


class FinishReason(StrEnum):
    """Why the model stopped, normalised (the wire's own word is `Choice.finish_reason`)."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALL = "tool_call"
    CONTENT_FILTER = "content_filter"
    ERROR = "error"
    OTHER = "other"


def finish_reasons(**words: str) -> dict[str, FinishReason]:
    """A protocol's words for why the model stopped, by what they mean: `stop="end_turn stop_sequence"`."""
    return {word: FinishReason(meaning) for meaning, listed in words.items() for word in listed.split()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """A source that a text part names. `raw` is the wire's own object."""

    title: str | None = None
    url: str | None = None
    quote: str | None = None
    raw: Mapping[str, Any]

    @classmethod
    def of(cls, raw: Mapping[str, Any], title: object, url: object, quote: object = None) -> Self:
        """By what the wire says of it; what is no text there is None."""
        words = {"title": title, "url": url, "quote": quote}
        return cls(**{name: word for name, word in words.items() if isinstance(word, str)}, raw=raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Words of the answer, with the citations that belong to them."""

    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """Thinking that the provider shows. `encrypted` is opaque reasoning (redacted_thinking, encrypted_content)."""

    text: str = ""
    id: str | None = None
    signature: str | None = None
    encrypted: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Words in which the model declines, where the wire marks them as such."""

    text: str


class _Arguments:
    """A call, whose arguments are JSON text."""

    __slots__ = ()
    arguments: str

    @property
    def parsed(self) -> Any:
        """The arguments as values; `{}` for an empty text, None when the text is not JSON."""
        if not self.arguments.strip():
            return {}
        try:
            return json.loads(self.arguments)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall(_Arguments):
    """A tool that the model wants called. `arguments` is the JSON text as on the wire, possibly `""`."""

    id: str | None
    name: str | None
    arguments: str
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerToolCall(_Arguments):
    """A tool that the provider itself runs (web search, code execution, MCP). `arguments` as in `ToolCall`."""

    id: str | None
    name: str | None
    arguments: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerToolResult:
    """What a provider-run tool gave back. `content` is the wire's own value."""

    id: str | None
    name: str | None
    content: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """An image, audio or file in the answer. `digest` is `sha256:` + 16 hex digits of the bytes, `size` their count."""

    kind: str
    media_type: str | None
    size: int | None = None
    digest: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """A part of a kind this version does not know (`compaction`, ...), shown all the same. `raw` is the wire's."""

    kind: str
    raw: Any


Part = Text | Reasoning | Refusal | ToolCall | ServerToolCall | ServerToolResult | Media | Other


class _Said:
    """What can be asked of parts."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def parts(self) -> tuple[Part, ...]: ...

    @property
    def text(self) -> str:
        """All words, without reasoning and refusal; `""` when there are none. Of a transcript: of the first choice."""
        return _words(self.parts)

    @property
    def reasoning(self) -> str | None:
        """All shown reasoning, or None."""
        shown = [part.text for part in self.parts if isinstance(part, Reasoning) and part.text]
        return "".join(shown) if shown else None

    @property
    def refusal(self) -> str | None:
        """The refusal, or None."""
        words = [part.text for part in self.parts if isinstance(part, Refusal)]
        return "".join(words) if words else None

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The tool calls, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


def _words(parts: Iterable[Part]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(_Said):
    """One of the alternative answers. `finish_reason` is the wire's word, `finish` the normalised one."""

    index: int
    parts: tuple[Part, ...] = ()
    finish_reason: str | None = None
    finish: FinishReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeError:
    """An error the provider answered with: an HTTP error body, an error inside a 200 stream, or bytes nobody can read.

    `status` is the HTTP status; `type` the provider's own code or class of error.
    """

    status: int | None
    type: str | None
    message: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript(_Said):
    """One exchange, put back together.

    `kind` says what sort of answer it is: chat, completion, embedding, image, speech, transcription, rerank,
    moderation, classification, ocr, video, batch or search, or of an agent's tool or another agent: tool, agent. Of a
    conversation's turns some are what its user was heard to say: transcription where that is paid for, else heard.
    `complete` says that the answer reached its end by the protocol's own rules (terminal marker and finish reason).
    `shape` counts the stream's events by kind in the order of their first appearance; empty for a plain answer.
    `notes` are things that could not be read, or that break the protocol's rules, in words.
    """

    protocol: str
    provider: str
    stream: bool
    kind: str = "chat"
    id: str | None = None
    request_model: str | None = None
    model: str | None = None
    choices: tuple[Choice, ...] = ()
    complete: bool = False
    error: ExchangeError | None = None
    usage: Usage | None = None
    service_tier: str | None = None
    """At which tier it was served, in the wire's word (`default`, `flex`, `priority`, `batch`), for the price."""
    created: float | None = None
    """Seconds since 1970, as the body says it (`created`, `created_at`), else None."""
    shape: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    turns: tuple[Transcript, ...] = ()
    """Of a conversation (over a WebSocket) its answers one by one. It has their parts as its one choice, what they used
    together, the last one's finish reason, and is complete when the last that began has ended."""

    @property
    def is_billed(self) -> bool:
        """Whether a model's provider counts it; an agent's tools and the agents it talks to do not."""
        return self.kind not in ("tool", "agent", "heard")

    @property
    def answers(self) -> tuple[Transcript, ...]:
        """What was answered and is counted by itself: its turns, of a conversation; else this one."""
        return self.turns or (self,)

    @property
    def text(self) -> str:
        """The words of the first choice; of a conversation those of its turns, a line each."""
        if not self.turns:
            return _words(self.parts)
        return "\n".join(turn.text for turn in self.turns if turn.kind == self.kind and turn.text)

    @property
    def model_name(self) -> str | None:
        """The model that answered, else the one that was asked for."""
        return self.model or self.request_model

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the first choice."""
        return self.choices[0].parts if self.choices else ()

    @property
    def finish_reason(self) -> str | None:
        """The wire's word of the first choice."""
        return self.choices[0].finish_reason if self.choices else None
