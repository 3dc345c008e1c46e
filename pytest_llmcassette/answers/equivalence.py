"""Whether two conversations are the same up to what may differ: ids, timings, the shape of the stream, the words."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.protocols import transcript as said
from pytest_llmcassette.protocols.transcript import Choice, Part, Transcript

_FIGURES = ("input_tokens", "output_tokens")


class HasTranscripts(Protocol):
    """A cassette: `LlmCassette`, or anything with the same property."""

    @property
    def transcripts(self) -> Sequence[Transcript]: ...


Conversation = Transcript | Sequence[Transcript] | HasTranscripts


def assert_equivalent(
    one: Conversation,
    other: Conversation,
    *,
    same_words: bool = True,
    same_usage: bool = False,
    reasoning: bool = True,
) -> None:
    """Assert that two conversations are the same: a stream and a plain answer, sync and async, two providers.

    Each side is a transcript, a sequence of them, or an `llm_cassette`; a session over a WebSocket counts as its turns.
    Compared are the kinds of parts in their order, the words, the tools called with their arguments as values, the
    normalised finish reason, errors, completeness and
    whether usage was reported. Ids, signatures, timings, models, protocols and the events of a stream may differ.

    - `same_words=False`: words may differ too (two recordings of one question, two providers); kinds of parts, tools
      and arguments may not.
    - `same_usage=True`: input and output tokens must be equal, not just reported.
    - `reasoning=False`: shown reasoning is left out, for providers of which only some show it.

    Raises `AssertionError` that lists every difference.
    """
    found = differences(one, other, same_words=same_words, same_usage=same_usage, reasoning=reasoning)
    if found:
        listed = "\n".join(f"  {line}" for difference in found for line in difference.split("\n"))
        raise AssertionError(f"The conversations differ in {len(found)} place(s):\n{listed}")


def differences(
    one: Conversation,
    other: Conversation,
    *,
    same_words: bool = True,
    same_usage: bool = False,
    reasoning: bool = True,
) -> list[str]:
    """The differences in words, empty when there are none; the switches are those of `assert_equivalent`."""
    left, right = _transcripts(one), _transcripts(other)
    if len(left) != len(right):
        return [f"{len(left)} answer(s) in the first, {len(right)} in the second"]
    found: list[str] = []
    for number, (a, b) in enumerate(zip(left, right, strict=True), 1):
        where = f"answer {number}, " if len(left) > 1 else ""
        found += [where + difference for difference in _compare(a, b, same_words, same_usage, reasoning)]
    return found


def _transcripts(conversation: Conversation) -> Sequence[Transcript]:
    if isinstance(conversation, Transcript):
        given: Sequence[Transcript] = [conversation]
    else:
        given = conversation if isinstance(conversation, Sequence) else conversation.transcripts
    # Turn by turn, so that a session is the same as so many requests. What was heard of its user stands in those.
    found = [answer for one in given for answer in one.answers if answer.kind == one.kind]
    if not found:
        raise CassetteError(
            "assert_equivalent was given a conversation without any answer, which would be equal to any other.\n"
            "Read streams to their end first, and check that the requests are LLM calls."
        )
    return found


def _compare(a: Transcript, b: Transcript, same_words: bool, same_usage: bool, reasoning: bool) -> Iterator[str]:
    if (a.error is None) != (b.error is None):
        yield f"error: {_error(a)} / {_error(b)}"
        return
    if a.error is not None and b.error is not None and a.error.status != b.error.status:
        yield f"error: {_error(a)} / {_error(b)}"
    if a.complete != b.complete:
        yield f"complete: {a.complete} / {b.complete}"
    if len(a.choices) != len(b.choices):
        yield f"choices: {len(a.choices)} / {len(b.choices)}"
    for number, (one, other) in enumerate(zip(a.choices, b.choices, strict=False), 1):
        where = f"choice {number}, " if len(a.choices) > 1 else ""
        for difference in _compare_choices(one, other, same_words, reasoning):
            yield where + difference
    yield from _compare_usage(a, b, same_usage)


def _error(transcript: Transcript) -> str:
    error = transcript.error
    return "none" if error is None else " ".join(str(word) for word in (error.status, error.type) if word is not None)


def _compare_choices(a: Choice, b: Choice, same_words: bool, reasoning: bool) -> Iterator[str]:
    if a.finish != b.finish:
        yield f"finish: {a.finish} ({a.finish_reason}) / {b.finish} ({b.finish_reason})"
    left, right = _merged(a.parts, reasoning), _merged(b.parts, reasoning)
    kinds = [kind for kind, _ in left], [kind for kind, _ in right]
    if kinds[0] != kinds[1]:
        yield f"parts: {', '.join(kinds[0]) or 'none'} / {', '.join(kinds[1]) or 'none'}"
        return
    for number, ((kind, one), (_, other)) in enumerate(zip(left, right, strict=True), 1):
        if one == other or (not same_words and isinstance(one, str)):
            continue
        if isinstance(one, str) and isinstance(other, str):
            yield f"part {number} ({kind}):\n" + _diff(one, other)
        else:
            yield f"part {number} ({kind}): {_short(one)} / {_short(other)}"


def _merged(parts: Sequence[Part], reasoning: bool) -> list[tuple[str, Any]]:
    """Kinds and contents of the parts. Neighbours of one kind are one: a stream may cut a text where a plain answer
    does not."""
    merged: list[tuple[str, Any]] = []
    for part in parts:
        if isinstance(part, said.Reasoning) and not reasoning:
            continue
        kind, content = _content(part)
        if merged and isinstance(content, str) and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1] + content)
        else:
            merged.append((kind, content))
    return merged


def _content(part: Part) -> tuple[str, Any]:
    if isinstance(part, said.Text):
        return "text", part.text
    if isinstance(part, said.Reasoning):
        return "reasoning", part.text
    if isinstance(part, said.Refusal):
        return "refusal", part.text
    if isinstance(part, said.ToolCall):
        parsed = part.parsed
        return f"tool call {part.name}", {"unreadable": part.arguments} if parsed is None else parsed
    if isinstance(part, said.ServerToolCall):
        return f"server tool call {part.name}", part.parsed
    if isinstance(part, said.Media):
        return f"{part.kind} {part.media_type or ''}".strip(), (part.digest,)
    if isinstance(part, said.ServerToolResult):
        return f"server tool result {part.name or ''}".strip(), None
    return part.kind, None


def _diff(one: str, other: str) -> str:
    lines = difflib.ndiff(one.split("\n"), other.split("\n"))
    return "\n".join(f"  {line.rstrip()}" for line in lines if not line.startswith("  "))


def _short(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _compare_usage(a: Transcript, b: Transcript, same_usage: bool) -> Iterator[str]:
    for name in _FIGURES:
        one = None if a.usage is None else getattr(a.usage, name)
        other = None if b.usage is None else getattr(b.usage, name)
        if (one is None) != (other is None) or (same_usage and one != other):
            yield f"usage, {name}: {_reported(one)} / {_reported(other)}"


def _reported(count: int | None) -> str:
    return "not reported" if count is None else str(count)
