"""One interaction drawn as a conversation: what was asked, the answer put together, usage and cost."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

from pytest_llmcassette.answers.request_messages import request_lines
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cli.terminal import Terminal
from pytest_llmcassette.protocols.transcript import (
    Choice,
    Media,
    Other,
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

_LONGEST_RESULT = 400


def draw(terminal: Terminal, title: str, interaction: Interaction, transcript: Transcript | None) -> None:
    """Print the interaction; one that is no LLM call as one line of method, URL, status and sizes."""
    request, response = interaction.request, interaction.response
    terminal.line(title, "heading")
    terminal.line(f"{request.method} {request.url} -> {response.code}", "dim")
    if transcript is None:
        sent, got = len(request.body), len(response.body)
        terminal.line(f"no LLM call ({sent:,} bytes sent, {got:,} bytes received)", "dim", indent=2)
        terminal.line()
        return
    terminal.line(_headline(transcript), "dim")
    terminal.line()
    for role, text in request_lines(request.body):
        style = "dim" if role in ("tools", "system") else ""
        terminal.line(f"{role}:", "role")
        terminal.line(text, style, indent=2)
    for choice in transcript.choices:
        _draw_choice(terminal, choice, numbered=len(transcript.choices) > 1)
    _draw_end(terminal, transcript)
    terminal.line()


def _headline(transcript: Transcript) -> str:
    model = transcript.model or transcript.request_model or "unknown model"
    if transcript.request_model and transcript.model and transcript.request_model != transcript.model:
        model = f"{transcript.model} (asked: {transcript.request_model})"
    form = "streamed" if transcript.stream else "plain"
    return " · ".join((transcript.protocol, transcript.provider, model, form))


def _draw_choice(terminal: Terminal, choice: Choice, *, numbered: bool) -> None:
    terminal.line(f"assistant (choice {choice.index}):" if numbered else "assistant:", "role")
    for part in choice.parts:
        _draw_part(terminal, part)
    reason = choice.finish_reason
    terminal.line(f"finish reason: {reason if reason is not None else 'none'}", "dim", indent=2)


def _draw_part(terminal: Terminal, part: Part) -> None:
    match part:
        case Text():
            terminal.line(part.text, indent=2)
            for citation in part.citations:
                source = " ".join(word for word in (citation.title, citation.url) if word)
                terminal.line(f"[source] {source or _short(dict(citation.raw))}", "dim", indent=4)
        case Reasoning():
            if part.text:
                terminal.line(part.text, "reasoning", indent=4)
            hidden = part.encrypted or part.signature
            if hidden:
                name = "encrypted reasoning" if part.encrypted else "signed reasoning"
                terminal.line(f"[{name}, {len(hidden):,} characters]", "dim", indent=4)
        case Refusal():
            terminal.line(f"refusal: {part.text}", "error", indent=2)
        case ToolCall():
            terminal.line(f"call {part.name} ({part.id or 'no id'})", "tool", indent=2)
            terminal.line(_pretty(part), indent=4)
        case ServerToolCall():
            terminal.line(f"provider runs {part.name} {part.arguments}"[:_LONGEST_RESULT], "tool", indent=2)
        case ServerToolResult():
            terminal.line(f"result of {part.name}: {_short(part.content)}", "dim", indent=2)
        case Media():
            size = "" if part.size is None else f", {part.size:,} bytes"
            terminal.line(f"[{part.kind} {part.media_type or part.url or ''}{size}]", "tool", indent=2)
        case Other():
            terminal.line(f"[{part.kind}] {_short(part.raw)}", "dim", indent=2)


def _pretty(call: ToolCall) -> str:
    """The arguments, indented where they are JSON, else as on the wire."""
    values = call.parsed
    if values is None:
        return call.arguments
    return json.dumps(values, indent=2, ensure_ascii=False)


def _short(value: Any) -> str:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    except RecursionError:
        return "(nested too deeply to be shown)"
    return text if len(text) <= _LONGEST_RESULT else f"{text[:_LONGEST_RESULT]}... ({len(text):,} characters)"


def _draw_end(terminal: Terminal, transcript: Transcript) -> None:
    error = transcript.error
    if error is not None:
        words = " ".join(str(word) for word in (error.status, error.type, error.message) if word is not None)
        terminal.line(f"error: {words}", "error")
    if not transcript.complete and error is None:
        terminal.line("incomplete: the answer does not reach its end", "error")
    for note in transcript.notes:
        terminal.line(f"note: {note}", "dim")
    if transcript.usage is not None:
        terminal.line(f"usage: {usage_line(transcript.usage)}", "dim")
        cost = _cost(transcript)
        if cost:
            terminal.line(f"cost: {cost}", "dim")
        for problem in transcript.usage.check():
            terminal.line(f"note: usage: {problem}", "dim")


def usage_line(usage: Usage) -> str:
    """The known figures in words: `19 in (16 cached), 76 out (64 reasoning), 95 total`."""
    words = []
    within = [
        f"{count:,} {name}"
        for count, name in (
            (usage.cache_read_input_tokens, "cached"),
            (usage.cache_creation_input_tokens, "written to cache"),
        )
        if count
    ]
    if usage.input_tokens is not None:
        words.append(f"{usage.input_tokens:,} in" + (f" ({', '.join(within)})" if within else ""))
    if usage.output_tokens is not None:
        reasoning = f" ({usage.reasoning_output_tokens:,} reasoning)" if usage.reasoning_output_tokens else ""
        words.append(f"{usage.output_tokens:,} out{reasoning}")
    if usage.total_tokens is not None:
        words.append(f"{usage.total_tokens:,} total")
    words.extend(f"{count:,} {name}" for name, count in usage.server_tool_calls.items() if count)
    return ", ".join(words) or "no figures"


def _cost(transcript: Transcript) -> str:
    """The cost in words; `""` where nothing could know one: no price list, and none reported by the host."""
    reported = transcript.usage is not None and transcript.usage.cost is not None
    if not reported and find_spec("genai_prices") is None:
        return ""
    # Loads the price list (a fifth of a second), so only here.
    from pytest_llmcassette.answers.prices import price_of

    found = price_of(transcript)
    if found.cost is None:
        return f"unknown ({found.reason})"
    return f"{found.cost:.6f} {found.currency}" + (f", {found.reason}" if found.reason else "")
