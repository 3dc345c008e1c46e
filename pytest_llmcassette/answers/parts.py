"""What was answered, part by part, for human eyes: what each is, its title, its text. Terminal and page lay it out."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pytest_llmcassette.protocols import transcript as said
from pytest_llmcassette.protocols.transcript import Citation, ExchangeError, Part, Transcript


class Shown(NamedTuple):
    """Something that was asked or answered.

    `kind` is one of ours: of an answer `text`, `source`, `reasoning`, `hidden` (reasoning that only the provider can
    read), `refusal`, `tool`, `result`, `media`, `other`, `error`, `note`; of a request `system`, `tools`, `user`,
    `assistant`, `tool`, `reasoning`. `title` is in words, or the wire's own, and empty for the words of an answer.
    """

    kind: str
    title: str
    text: str


def shown(part: Part) -> list[Shown]:
    """One part of an answer, with the sources that it names."""
    match part:
        case said.Text():
            return [Shown("text", "", part.text), *(Shown("source", "source", _source(one)) for one in part.citations)]
        case said.Reasoning():
            words = [Shown("reasoning", "reasoning", part.text)] if part.text else []
            hidden = part.encrypted or part.signature or ""
            how = "encrypted" if part.encrypted else "signed"
            return words + ([Shown("hidden", f"{how} reasoning", f"{len(hidden):,} characters")] if hidden else [])
        case said.Refusal():
            return [Shown("refusal", "refusal", part.text)]
        case said.ToolCall():
            return [Shown("tool", f"call {part.name} ({part.id or 'no id'})", _arguments(part))]
        case said.ServerToolCall():
            return [Shown("tool", f"provider runs {part.name}", _arguments(part))]
        case said.ServerToolResult():
            return [Shown("result", f"result of {part.name}", as_text(part.content))]
        case said.Media():
            size = None if part.size is None else f"{part.size:,} bytes"
            facts = (part.media_type, size, part.digest or part.url)
            return [Shown("media", part.kind, ", ".join(fact for fact in facts if fact))]
        case _:
            return [Shown("other", part.kind, as_text(part.raw))]


def remarks(transcript: Transcript) -> list[Shown]:
    """What is to be said of an answer as a whole: its error, that it was cut, what could not be read."""
    found = [Shown("note", "note", note) for note in transcript.notes]
    if transcript.error is not None:
        found.insert(0, Shown("error", "error", error_words(transcript.error)))
    elif not transcript.complete:
        found.insert(0, Shown("error", "incomplete", "the answer does not reach its end"))
    return found


def error_words(error: ExchangeError) -> str:
    """`429 rate_limit_error Slow down.`; some name the status again as the type."""
    words = (error.status, error.type, error.message)
    return " ".join(dict.fromkeys(str(word) for word in words if word is not None))


def as_text(value: Any) -> str:
    """A text as it is, any other value as indented JSON."""
    try:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"


def cut(text: str, longest: int) -> str:
    """At most the first `longest` characters of a text, and how many it has."""
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text):,} characters)"


def _source(citation: Citation) -> str:
    named = " ".join(word for word in (citation.title, citation.url) if word)
    return named or as_text(dict(citation.raw))


def _arguments(call: said.ToolCall | said.ServerToolCall) -> str:
    """Indented where they are JSON, else as on the wire."""
    return call.arguments if call.parsed is None else as_text(call.parsed)
