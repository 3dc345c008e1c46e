"""`llmcassette show`: what was asked and answered in cassette files, as JSON lines or as a readable conversation."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pytest_llmcassette.cassette.files import load
from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.cli.paths import cassette_files, patterns
from pytest_llmcassette.cli.terminal import Terminal
from pytest_llmcassette.errors import CassetteError
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.free import free_kind
from pytest_llmcassette.protocols.grpc_status import call_error
from pytest_llmcassette.protocols.registry import read
from pytest_llmcassette.protocols.transcript import Choice, ExchangeError, Media, Transcript
from pytest_llmcassette.protocols.usage import Usage

# 128 + SIGPIPE: what the shell reports for any program whose reader went away (`... | head`).
_BROKEN_PIPE = 141


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommand's arguments."""
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help=f"cassette files, or folders to search for {patterns()}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per interaction and line")


def run(args: argparse.Namespace) -> int:
    """Show all paths; 1 when a file could not be read (said on stderr, after which the rest is shown), else 0."""
    try:
        status = _show(args.paths, as_json=args.json)
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes stdout at exit and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    return status


def _show(paths: list[str], *, as_json: bool) -> int:
    unreadable = False
    terminal = Terminal(sys.stdout)
    for given in paths:
        files = list(cassette_files(given))
        if not files and Path(given).is_dir():
            print(f"{given}: no cassettes ({patterns()}) in this folder.", file=sys.stderr)
        for file in files:
            try:
                interactions = load(Path(file))
            except Exception as problem:
                # Whatever is wrong with one file must not hide the others.
                unreadable = True
                print(_complaint(file, problem), file=sys.stderr)
                continue
            for index, interaction in enumerate(interactions):
                if as_json:
                    sys.stdout.write(json.dumps(row(file, index, interaction)) + "\n")
                else:
                    # Only a reader of conversations waits for the code that draws them.
                    from pytest_llmcassette.cli.conversation import draw

                    draw(terminal, f"{file} #{index}", interaction, read(interaction))
    return 1 if unreadable else 0


def _complaint(file: str, problem: Exception) -> str:
    if isinstance(problem, CassetteError):
        words = str(problem)
    elif isinstance(problem, OSError):
        words = f"{file}: cannot be read: {problem.strerror or problem}. Check the path and its permissions."
    else:
        words = f"{file}: cannot be read as a cassette ({type(problem).__name__}: {problem}). Is it one at all?"
    return words.encode(errors="backslashreplace").decode()


_OF_ANSWERS = (
    *("protocol", "provider", "stream", "id", "model", "text", "reasoning", "refusal", "tool_calls", "finish_reason"),
    *("complete", "error", "usage", "request_model", "service_tier", "kind"),
)
"""What is null where no protocol knows the exchange."""


def row(file: str, index: int, interaction: Interaction) -> dict[str, Any]:
    """One interaction as the object that `show --json` prints: a stable interface, fields may only be added."""
    transcript = read(interaction)
    found: dict[str, Any] = {
        "file": file,
        "index": index,
        "url": interaction.request.url,
        "status": interaction.response.code,
        **{name: getattr(transcript, name, None) for name in _OF_ANSWERS},
        "tool_calls": [],
        "choices": None,
        "media": [],
        "method": interaction.request.method,
        "notes": [],
        "turns": None,
    }
    if transcript is None:
        # Free, but known.
        found["kind"] = free_kind(Exchange(interaction))
        failed = call_error(interaction.response)
        found["error"] = None if failed is None else _fields(failed)
    if transcript is not None:
        found.update(_said(transcript), **_outcome(transcript))
        if transcript.turns:
            found["turns"] = [_turn(turn) for turn in transcript.turns]
        if len(transcript.choices) > 1:
            found["choices"] = [{"index": choice.index, **_said(choice)} for choice in transcript.choices]
        found["media"] = [_fields(part) for part in transcript.parts if isinstance(part, Media)]
        found["notes"] = list(transcript.notes)
    return found


def _said(one: Transcript | Choice) -> dict[str, Any]:
    # SDKs fill "" in where the wire had no text; here an absent text is null.
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in one.tool_calls]
    words = {"text": one.text or None, "reasoning": one.reasoning, "refusal": one.refusal}
    return {**words, "tool_calls": calls, "finish_reason": one.finish_reason}


def _turn(turn: Transcript) -> dict[str, Any]:
    """One answer of a conversation."""
    known = {name: getattr(turn, name) for name in ("kind", "id", "model", "complete")}
    media = [_fields(part) for part in turn.parts if isinstance(part, Media)]
    return {**known, **_said(turn), **_outcome(turn), "media": media}


def _outcome(transcript: Transcript) -> dict[str, Any]:
    error, usage = transcript.error, transcript.usage
    return {"error": None if error is None else _fields(error), "usage": None if usage is None else _fields(usage)}


def _fields(value: ExchangeError | Media | Usage) -> dict[str, Any]:
    """All fields by name, but for what is the wire's own."""
    values = {field.name: getattr(value, field.name) for field in fields(value) if field.name != "wire"}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
