"""`gemini.interactions`: Google's Interactions API, streamed, plain, or polled when it runs in the background.

Format: https://ai.google.dev/gemini-api/docs/interactions. What was answered are `steps` (a model's output with its
contents, thoughts, calls of tools and their results); in the API's first version they were `outputs`, a content each.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol
from pytest_llmcassette.protocols.http_errors import error_object, is_error
from pytest_llmcassette.protocols.json_stream import is_event_stream
from pytest_llmcassette.protocols.media import media_of
from pytest_llmcassette.protocols.responses_items import citation_of
from pytest_llmcassette.protocols.transcript import Other, Reasoning, ServerToolCall, ServerToolResult, Text, ToolCall
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import (
    as_dict,
    as_int,
    as_json_text,
    as_str,
    dict_list,
    first_int,
    seconds_of,
    sum_known,
)

_UNFINISHED = ("in_progress", "queued")
_MEDIA = ("image", "audio", "video", "document")


class _Interaction(DocumentAnswer):
    counts_unended = True

    def take(self, document: Any) -> None:
        """An interaction as it is by now."""
        self._state(document)
        for position, step in enumerate(dict_list(document.get("steps", document.get("outputs")))):
            self._step(step, position)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """A step that begins, grows or ends, or the interaction as it is by now."""
        kind = as_str(event.get("event_type")) or kind
        index = event.get("index")
        if kind == "error":
            self.error = error_object(event, status=None)
        elif kind in ("step.start", "content.start"):
            self._step(as_dict(event.get("step", event.get("content"))), index)
        elif kind in ("step.delta", "content.delta"):
            self._step(as_dict(event.get("delta")), index)
        else:
            self._state(as_dict(event.get("interaction")) or event)
            self.ended = self.ended or kind in ("interaction.completed", "interaction.complete")

    def _state(self, fields: dict[str, Any]) -> None:
        self.id = as_str(fields.get("id")) or self.id
        self.model = as_str(fields.get("model")) or as_str(fields.get("agent")) or self.model
        self.created = seconds_of(fields.get("created")) or self.created
        if fields.get("usage"):
            self.counts = interaction_usage(as_dict(fields["usage"]))
        if fields.get("errors"):
            self.error = error_object({"errors": fields["errors"]}, status=None)
        status = as_str(fields.get("status"))
        if status and status not in _UNFINISHED:
            self.stop(status)

    def _step(self, step: dict[str, Any], key: object) -> None:
        """A step, a content of the first version, or a piece of either: the same fields in all."""
        kind = as_str(step.get("type")) or ""
        if kind in ("model_output", "thought", "thought_summary", "thought_signature"):
            self._contents(step, kind, key)
        elif kind == "text":
            self.say(step.get("text"), key=key)
            self._cite(step, key)
        elif kind == "text_annotation_delta":
            self._cite(step, key)
        elif kind in _MEDIA:
            media_type = as_str(step.get("mime_type"))
            self._choice.add(media_of(kind, media_type, step.get("data"), step.get("uri")))
        elif kind in ("function_call", "arguments_delta"):
            call = self._choice.part(ToolCall, key)
            call.grow_call(step.get("id"), step.get("name"), step.get("arguments") or None)
        elif kind.endswith("_call"):
            words = as_json_text(step.get("arguments"))
            name = as_str(step.get("name")) or kind.removesuffix("_call")
            self._choice.add(ServerToolCall(id=as_str(step.get("id")), name=name, arguments=words))
        elif kind.endswith("_result"):
            name = as_str(step.get("name")) or kind.removesuffix("_result")
            self._choice.add(ServerToolResult(id=as_str(step.get("call_id")), name=name, content=step.get("result")))
        elif kind and kind != "user_input":
            self._choice.add(Other(kind=kind, raw=step))

    def _contents(self, step: dict[str, Any], kind: str, key: object) -> None:
        if kind == "model_output":
            for position, content in enumerate(dict_list(step.get("content"))):
                # A stream's deltas know the step alone; so the first text of it has the step's own number.
                self._step(content, (key, position) if position else key)
            return
        thoughts = self._choice.part(Reasoning, key)
        thoughts.signature = as_str(step.get("signature")) or thoughts.signature
        for content in (*dict_list(step.get("summary")), as_dict(step.get("content"))):
            thoughts.pieces.append(as_str(content.get("text")) or "")

    def _cite(self, content: dict[str, Any], key: object) -> None:
        for annotation in dict_list(content.get("annotations")):
            self._choice.part(Text, key).citations.append(citation_of(annotation))


def interaction_usage(wire: dict[str, Any]) -> Usage:
    """The `usage` of an interaction, normalised: thoughts and what tools read stand beside the output and the input."""
    thoughts = first_int(wire.get("total_thought_tokens"), wire.get("total_reasoning_tokens"))
    return Usage(
        input_tokens=sum_known(as_int(wire.get("total_input_tokens")), as_int(wire.get("total_tool_use_tokens"))),
        output_tokens=sum_known(as_int(wire.get("total_output_tokens")), thoughts),
        total_tokens=as_int(wire.get("total_tokens")),
        cache_read_input_tokens=as_int(wire.get("total_cached_tokens")),
        reasoning_output_tokens=thoughts,
        audio_input_tokens=_of(wire.get("input_tokens_by_modality"), "audio"),
        audio_output_tokens=_of(wire.get("output_tokens_by_modality"), "audio"),
        image_input_tokens=_of(wire.get("input_tokens_by_modality"), "image"),
        image_output_tokens=_of(wire.get("output_tokens_by_modality"), "image"),
        wire=wire,
    )


def _of(entries: object, modality: str) -> int | None:
    named = [entry for entry in dict_list(entries) if str(entry.get("modality")).lower() == modality]
    return sum_known(*(as_int(entry.get("tokens")) for entry in named))


def _is_call(exchange: Exchange) -> bool:
    """An interaction that was streamed, or has ended (one in the background is polled), and Google's.

    Others have such a path too.
    """
    document = as_dict(exchange.response_json)
    asked = exchange.asked("input") is not None
    if not (asked or "google" in exchange.host or document.get("object") == "interaction"):
        return False
    if is_error(exchange):
        return exchange.posted_to != ""
    return is_event_stream(exchange) or ("status" in document and document["status"] not in _UNFINISHED)


PROTOCOLS = (RoutedProtocol("gemini.interactions", _Interaction, _is_call),)
