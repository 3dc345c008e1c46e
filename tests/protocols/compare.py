"""Comparing a transcript with what an official SDK made of the same bytes (a row of the corpus' `expected.jsonl`)."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmcassette.protocols.transcript import Transcript

_USAGE = {
    "input": "input_tokens",
    "output": "output_tokens",
    "total": "total_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
    "reasoning": "reasoning_output_tokens",
}


def differences(row: dict[str, Any], transcript: Transcript | None) -> list[str]:
    """The fields in which the transcript is neither what the SDK read nor the row's second reading, in words.

    A field that the row leaves out was not read by the SDK, and neither was anything (but usage) where `complete`
    is left out or `sdk_error` says that it gave up. An SDK's "" and 0 may be the wire's nothing.
    """
    if transcript is None:
        return [f"no protocol claims {row['url']}"]
    found = ours(transcript)
    wanted = ["protocol", "stream", "provider"]
    if row.get("usage"):
        wanted.append("usage")
    if "complete" in row and "sdk_error" not in row:
        wanted += [name for name in _ANSWER if name in row]
    if row["protocol"] == "bedrock.invoke_model":
        # Of other models the reference has only the usage.
        wanted = [name for name in wanted if name not in _ANSWER]
    other = row.get("alt") or {}
    problems = []
    for name in wanted:
        if name in other and _same(name, other[name], found[name]):
            continue
        if not _same(name, row[name], found[name]):
            problems.append(f"{name}: the SDK read {row[name]!r}, we read {found[name]!r}")
    if "sdk_error" not in row and "complete" in row:
        problems += _error_differences(row, transcript)
    return problems


_ANSWER = ("id", "model", "text", "reasoning", "refusal", "tool_calls", "finish_reason", "complete")


def ours(transcript: Transcript) -> dict[str, Any]:
    """The transcript in the row's words."""
    usage = transcript.usage
    return {
        "protocol": transcript.protocol,
        "provider": transcript.provider,
        "stream": transcript.stream,
        "id": transcript.id,
        "model": transcript.model,
        "text": transcript.text,
        "reasoning": transcript.reasoning,
        "refusal": transcript.refusal,
        "tool_calls": [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in transcript.tool_calls],
        "finish_reason": transcript.finish_reason,
        "complete": transcript.complete,
        "usage": {} if usage is None else {name: getattr(usage, field) for name, field in _USAGE.items()},
    }


def _same(name: str, expected: Any, found: Any) -> bool:
    if name == "tool_calls":
        return [_call(entry) for entry in expected] == [_call(entry) for entry in found]
    if name == "usage":
        return all((expected.get(part) or 0) == (found.get(part) or 0) for part in _USAGE)
    return (expected or None) == (found or None)


def _call(entry: dict[str, Any]) -> tuple[Any, ...]:
    """A call with its arguments as values: SDKs that get an object write it back in their own spacing and order."""
    try:
        arguments = json.loads(entry["arguments"])
    except ValueError:
        arguments = entry["arguments"]
    return entry.get("id") or None, entry.get("name") or None, arguments


def _error_differences(row: dict[str, Any], transcript: Transcript) -> list[str]:
    expected, error = row.get("error"), transcript.error
    if not expected:
        return [] if error is None else [f"error: the SDK had none, we read {error}"]
    if error is None:
        return [f"error: the SDK raised {expected}, we read none"]
    # SDKs put their own words in front: `Error code: 429 - Provider returned error`.
    agrees = (expected["message"] or "").endswith(error.message or "") and expected["status"] == error.status
    return [] if agrees else [f"error: the SDK raised {expected}, we read {error}"]
