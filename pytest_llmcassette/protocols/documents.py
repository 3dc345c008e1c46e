"""Answers that are one document, or events that add up to one: what the small protocols have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import Outcome
from pytest_llmcassette.protocols.assembly import Assembly, OneAnswer, ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_usage import chat_usage
from pytest_llmcassette.protocols.http_errors import error_inside, unreadable
from pytest_llmcassette.protocols.json_stream import Events
from pytest_llmcassette.protocols.media import media_of_bytes
from pytest_llmcassette.protocols.transcript import FinishReason, Other, finish_reasons
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_float, as_int, as_str

_UNWRITTEN = ("embedding", "rerank", "classification")


class DocumentAnswer(OneAnswer):
    """A protocol says what a document (`take`) or an event (`piece`) holds, and of a stream that it has `ended`."""

    finish: Mapping[str, FinishReason] = finish_reasons(
        stop="stop eos eos_token stop_sequence end_turn complete completed succeeded",
        length="length max_tokens token_limit limit",
        tool_call="tool_calls tool_call requires_action function_call",
        content_filter="content_filter",
        error="error failed",
    )
    takes: type | tuple[type, ...] = dict

    def plain(self, document: object) -> None:
        """Take in a whole answer."""
        if not isinstance(document, self.takes):
            self.bare()
            return
        fields = as_dict(document)
        self.error = error_inside(fields, answered=True)
        if self.error is not None:
            return
        self._begun = self.ended = True
        self.id = as_str(fields.get("id")) or None
        self.model = as_str(fields.get("model")) or None
        self.take(document)
        if self.error is None and not self._choice.parts and self.counts is None:
            # Where nothing was answered, words are an error's.
            self.error = error_inside(fields)

    def event(self, name: str, event: dict[str, Any]) -> None:
        """Take in one event of a stream."""
        kind = as_str(event.get("type")) or name
        self.error = error_inside(event, answered=kind != "error") or self.error
        if self.error is not None:
            return
        self._begun = True
        self.piece(kind, event)

    def bare(self) -> None:
        """Take in a whole answer that is no such document: audio, an image, words. Here it cannot be."""
        self.error = unreadable(self.exchange, "the body is no JSON object")

    def take(self, document: Any) -> None:
        """What a whole document holds: an object, or an array. Here there is to be a stream."""
        self.bare()

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """What one event of a stream holds; `kind` is its type, else its name. Here there is to be a document."""
        super().event(kind, event)

    def made(self, answers_with: str, kind: str, media_type: str | None) -> None:
        """The body itself is what was made: an image, sound."""
        self._begun = self.ended = True
        self.answers_with = answers_with
        self._choice.add(media_of_bytes(kind, media_type, self.exchange.body))

    def other(self, kind: str, value: object) -> None:
        """Something that was answered as values, where there is any: a ranking, classes."""
        if value:
            self._choice.add(Other(kind=kind, raw=value))

    def stop(self, reason: object) -> None:
        """Why it ended, where the wire says so; `null` is DashScope's word for not yet."""
        if isinstance(reason, str) and reason not in ("", "null", "not_finished"):
            self._choice.finish_reason = reason
            self.ended = True

    def complete(self) -> bool:
        """Whether the last of it came, without an error."""
        whole = self.streamed or self.exchange.interaction.outcome is Outcome.COMPLETE
        return super().complete() and whole

    def usage(self) -> Usage | None:
        """What was counted. Where nothing is written all tokens are input, though some wires name the total alone."""
        counts = self.counts
        if counts is not None and counts.input_tokens is None and self.answers_with in _UNWRITTEN:
            return replace(counts, input_tokens=counts.total_tokens)
        return counts


class Vectors(Assembly):
    """An answer of vectors, which are not kept: it is whole unless it is an error."""

    answers_with = "embedding"

    def events(self) -> Events | None:
        """None: vectors come in one document."""
        return None


class RoutedProtocol(ProtocolRow):
    """A protocol that is known by its URL (see `routes`), where its row tells its calls from whatever else is there."""

    def claims(self, exchange: Exchange) -> bool:
        """By its route, and by what else tells its calls from others."""
        route = exchange.route
        return route is not None and route.name == self.name and super().claims(exchange)


def counted(wire: object, provider: str = "", /, **units: object) -> Usage | None:
    """The figures of a usage object under any of the usual names, and what is billed by other units.

    None when there are neither: absent is not 0.
    """
    known = {name: count for name, value in units.items() if (count := amount(value)) is not None}
    usage = chat_usage(wire, provider)
    return replace(usage or Usage(), billed_units=known) if usage or known else None


def billed_usage(document: dict[str, Any]) -> Usage | None:
    """What Cohere's `meta` counts, in tokens and in the units that are billed; of who copied its API, `usage`."""
    meta = as_dict(document.get("meta"))
    units = as_dict(meta.get("billed_units"))
    other = {name: count for name, count in units.items() if count and not name.endswith("_tokens")}
    tokens = as_dict(meta.get("tokens")) or {name: count for name, count in units.items() if name not in other}
    return counted(tokens or document.get("usage") or document.get("tokens"), **other)


def amount(value: object) -> int | float | None:
    """A number of something that is billed, whole where it is."""
    whole = as_int(value)
    return as_float(value) if whole is None else whole
