"""One interaction drawn as a conversation: what was asked, the answer put together, usage and cost."""

from __future__ import annotations

from importlib.util import find_spec

from pytest_llmcassette.answers.parts import Shown, cut, error_words, remarks, shown
from pytest_llmcassette.answers.said import asked
from pytest_llmcassette.cassette.model import CLIENT, SERVER, Interaction
from pytest_llmcassette.cli.terminal import Terminal
from pytest_llmcassette.protocols.grpc_status import call_error, status_words
from pytest_llmcassette.protocols.transcript import Choice, Transcript
from pytest_llmcassette.protocols.usage import Usage

_LONGEST = 400
"""What a tool gave back is cut after this many characters."""

_STYLES = {"text": "", "reasoning": "reasoning", "refusal": "error", "tool": "tool", "media": "tool", "error": "error"}


def draw(terminal: Terminal, title: str, interaction: Interaction, transcript: Transcript | None) -> None:
    """Print the interaction; one that is no LLM call as one line of method, URL, status and sizes."""
    request, response = interaction.request, interaction.response
    terminal.line(title, "heading")
    terminal.line(f"{request.method} {request.url} -> {status_words(response)}", "dim")
    if transcript is None:
        sent, got = sizes(interaction)
        terminal.line(f"no LLM call ({sent:,} bytes sent, {got:,} bytes received)", "dim", indent=2)
        failed = call_error(response)
        if failed is not None:
            terminal.line(f"error: {error_words(failed)}", "error")
        terminal.line()
        return
    terminal.line(_headline(transcript), "dim")
    terminal.line()
    for kind, role, text in asked(interaction):
        terminal.line(f"{role}:", "role")
        terminal.line(text, "dim" if kind in ("tools", "system") else "", indent=2)
    for number, turn in enumerate(transcript.turns, 1):
        _draw_turn(terminal, number, turn, transcript)
    for choice in () if transcript.turns else transcript.choices:
        who = f"assistant (choice {choice.index})" if len(transcript.choices) > 1 else "assistant"
        _draw_choice(terminal, choice, who)
    _draw_end(terminal, transcript)
    terminal.line()


def sizes(interaction: Interaction) -> tuple[int, int]:
    """The bytes of what was sent and of what came, in bodies and in frames."""
    frames = interaction.frames
    sent, got = (sum(len(one.data) for one in frames if one.sender == who) for who in (CLIENT, SERVER))
    return len(interaction.request.body) + sent, len(interaction.response.body) + got


def _headline(transcript: Transcript) -> str:
    model = transcript.model_name or "unknown model"
    if transcript.request_model and transcript.model and transcript.request_model != transcript.model:
        model = f"{transcript.model} (asked: {transcript.request_model})"
    count = len(transcript.turns)
    form = f"{count} turn{'' if count == 1 else 's'}" if count else "streamed" if transcript.stream else "plain"
    return " · ".join((transcript.protocol, transcript.provider, model, form))


def _draw_turn(terminal: Terminal, number: int, turn: Transcript, around: Transcript) -> None:
    """One answer of a conversation, and what it used; or what its user was heard to say."""
    for choice in turn.choices:
        _draw_choice(
            terminal, choice, f"assistant (turn {number})" if turn.kind == around.kind else f"user ({turn.kind})"
        )
    if turn.error is not None:
        terminal.line(f"error: {error_words(turn.error)}", "error", indent=2)
    if turn.usage is not None and len(around.turns) > 1:
        terminal.line(f"usage: {usage_line(turn.usage)}", "dim", indent=2)


def _draw_choice(terminal: Terminal, choice: Choice, who: str) -> None:
    terminal.line(f"{who}:", "role")
    for part in choice.parts:
        for one in shown(part):
            _draw_part(terminal, one)
    reason = choice.finish_reason
    if who.startswith("user"):
        return
    terminal.line(f"finish reason: {reason if reason is not None else 'none'}", "dim", indent=2)


def _draw_part(terminal: Terminal, part: Shown) -> None:
    kind, title, text = part
    style = _STYLES.get(kind, "dim")
    if kind in ("text", "reasoning"):
        terminal.line(text, style, indent=2 if kind == "text" else 4)
    elif kind == "tool":
        terminal.line(title, style, indent=2)
        terminal.line(text, indent=4)
    else:
        terminal.line(f"{title}: {cut(text, _LONGEST)}", style, indent=2)


def _draw_end(terminal: Terminal, transcript: Transcript) -> None:
    for kind, title, text in remarks(transcript):
        terminal.line(f"{title}: {text}", _STYLES.get(kind, "dim"))
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
    counts = (*usage.server_tool_calls.items(), *usage.billed_units.items())
    words.extend(f"{count:,} {name}" for name, count in counts if count)
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
