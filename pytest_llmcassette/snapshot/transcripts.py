"""Transcripts and usage as trees: parts in order, figures in one line, nothing that changes from call to call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols import transcript as said
from pytest_llmcassette.protocols.transcript import Choice, ExchangeError, Part, Transcript
from pytest_llmcassette.protocols.usage import COUNTS, Usage
from pytest_llmcassette.snapshot import blobs, json_values
from pytest_llmcassette.snapshot.nodes import Arguments, Entry, Line, Plain, Stack, Words
from pytest_llmcassette.snapshot.ordinals import Ordinals


def usage_tree(usage: Usage) -> Line:
    """The known figures, in the order of `Usage`. Cost changes with prices, not with the code: it is left out."""
    figures = Line((name, value) for name in COUNTS if (value := getattr(usage, name)) is not None)
    for counts in (usage.server_tool_calls, usage.billed_units):
        figures.update({name: counts[name] for name in sorted(counts)})
    return figures


def transcript_tree(transcript: Transcript, ids: Ordinals, heading: str) -> Entry:
    """One answer under its heading. The provider's name is left out: it is the host's, which snapshots never show."""
    fields: dict[str, Any] = {}
    if transcript.model is not None:
        fields["model"] = transcript.model
    if transcript.id:
        fields["id"] = ids.name("session" if transcript.turns else "response", transcript.id)
    if transcript.turns:
        fields["turns"] = Stack(_turn(number, turn, transcript, ids) for number, turn in enumerate(transcript.turns, 1))
    elif len(transcript.choices) == 1:
        fields.update(_choice(transcript.choices[0], ids))
    elif transcript.choices:
        fields["choices"] = Stack(
            Entry(f"choice {choice.index + 1}:", _choice(choice, ids)) for choice in transcript.choices
        )
    error = transcript.error
    if error is not None and not any(turn.error is error for turn in transcript.turns):
        fields["error"] = error_tree(error, ids)
    elif not transcript.complete and error is None:
        fields["complete"] = False
    if transcript.usage is not None and len(transcript.turns) != 1:
        fields["usage"] = usage_tree(transcript.usage)
    if transcript.notes:
        fields["notes"] = [ids.in_words(note) for note in transcript.notes]
    return Entry(heading, fields)


def error_tree(error: ExchangeError, ids: Ordinals) -> dict[str, Any]:
    """What was answered in place of an answer."""
    message = None if error.message is None else Words(ids.in_words(error.message))
    return _with(status=error.status, type=error.type, message=message)


def _turn(number: int, turn: Transcript, around: Transcript, ids: Ordinals) -> Entry:
    """One answer of a conversation, with its model where that is another one."""
    if turn.model == around.model:
        turn = replace(turn, model=None)
    return transcript_tree(turn, ids, f"turn {number}:" if turn.kind == around.kind else f"turn {number}, {turn.kind}:")


def describe(transcript: Transcript) -> str:
    """`openai.chat, streamed`."""
    return transcript.protocol + (", streamed" if transcript.stream and not transcript.turns else "")


def _choice(choice: Choice, ids: Ordinals) -> dict[str, Any]:
    fields: dict[str, Any] = {"parts": Stack(_part(part, ids) for part in choice.parts)} if choice.parts else {}
    if choice.finish_reason is not None:
        word, normal = choice.finish_reason, choice.finish
        fields["finish"] = Plain(word if normal is None or word == normal else f"{normal} ({word})")
    return fields


def _part(part: Part, ids: Ordinals) -> Any:
    match part:
        case said.Text():
            return Entry("text:", _with(text=Words(part.text), citations=_citations(part)), main="text")
        case said.Reasoning():
            shown = _with(
                text=Words(part.text) if part.text else None,
                id=ids.name("reasoning", part.id) if part.id else None,
                signature=blobs.opaque(part.signature) if part.signature else None,
                encrypted=blobs.opaque(part.encrypted) if part.encrypted else None,
            )
            return Entry("reasoning:", shown, main="text")
        case said.Refusal():
            return Entry("refusal:", {"text": Words(part.text)}, main="text")
        case said.ToolCall():
            signature = blobs.opaque(part.signature) if part.signature else None
            shown = _with(arguments=_arguments(part, ids), signature=signature)
            return Entry(f"tool call {_named(part, ids)}:", shown, main="arguments")
        case said.ServerToolCall():
            shown = _with(arguments=_arguments(part, ids))
            return Entry(f"server tool call {_named(part, ids)}:", shown, main="arguments")
        case said.ServerToolResult():
            content = json_values.value(part.content, ids, in_history=True)
            return Entry(f"server tool result {_named(part, ids)}:", _with(content=content), main="content")
        case said.Media():
            return Entry(f"{part.kind}:", {"content": _media(part)}, main="content")
        case _:
            return Entry(f"{part.kind}:", {"raw": json_values.value(part.raw, ids, in_history=True)}, main="raw")


def _with(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _named(part: said.ToolCall | said.ServerToolCall | said.ServerToolResult, ids: Ordinals) -> str:
    number = ids.name("call", part.id) if part.id else None
    return " ".join(word for word in (number, part.name) if word) or "without a name"


def _arguments(call: said.ToolCall | said.ServerToolCall, ids: Ordinals) -> Any:
    parsed = call.parsed
    if isinstance(parsed, dict):
        tree = json_values.value({"name": "", "args": parsed}, ids)["args"]
        return tree if tree else Arguments()
    # No JSON object: the wire's own text, which is what the code under test has to cope with.
    return Words(call.arguments)


def _citations(part: said.Text) -> list[dict[str, Any]] | None:
    shown = [_with(title=source.title, url=source.url, quote=source.quote) for source in part.citations]
    return [source or {"source": Plain("without title and address")} for source in shown] or None


def _media(part: said.Media) -> Any:
    if part.digest is not None:
        return blobs.blob_of(part)
    # The query of a download link is its signature and expiry.
    return (part.url or "").partition("?")[0] or Plain(part.media_type or "without content")
