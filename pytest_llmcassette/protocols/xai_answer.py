"""What the answers of xAI's gRPC services have in common: messages, how a call ended, what was counted.

A message is read by the JSON beside its frame, with the names of the protobuf files or those of protobuf's JSON.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.protocols.assembly import Assembly, ChoiceDraft
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.conversations import messages_of
from pytest_llmcassette.protocols.documents import counted
from pytest_llmcassette.protocols.grpc_status import call_error
from pytest_llmcassette.protocols.http_errors import http_error, is_error
from pytest_llmcassette.protocols.transcript import Choice, Transcript, finish_reasons
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, counts_anything, seconds_of

FINISH = finish_reasons(stop="REASON_STOP", length="REASON_MAX_LEN REASON_MAX_CONTEXT", tool_call="REASON_TOOL_CALLS")
_CAPITAL = re.compile("[A-Z]")


def _named_as_declared(value: Any) -> Any:
    """A message with its fields' names as in the protobuf files: `promptTokens` is `prompt_tokens`."""
    if isinstance(value, dict):
        return {_CAPITAL.sub(lambda c: f"_{c[0].lower()}", name): _named_as_declared(v) for name, v in value.items()}
    return [_named_as_declared(one) for one in value] if isinstance(value, list) else value


class XaiAnswer(Assembly):
    """An answer of any of these services, message by message; `draft` is what is said."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.counts: Usage | None = None
        self.begun = False
        self.drafts: dict[int, ChoiceDraft] = {}

    def read(self, protocol: str) -> Transcript:
        """Take in the call's messages and how it ended; gives the transcript."""
        frames = [frame for frame in self.exchange.interaction.frames if frame.sender == SERVER]
        messages = [message for sender, message in messages_of(self.exchange) if sender == SERVER]
        self.error = http_error(self.exchange) if is_error(self.exchange) else call_error(self.exchange.response)
        self.streamed = bool(re.search("Chunk$|Streaming$", self.exchange.path))
        for message in messages:
            self.kinds["message"] = self.kinds.get("message", 0) + 1
            self.plain(_named_as_declared(message))
        if len(messages) < len(frames):
            self.cut = True
            self.notes.append(f"{len(frames) - len(messages)} messages are protobuf without JSON beside it")
        return self.transcript(protocol)

    def plain(self, document: dict[str, Any]) -> None:
        """Take in one message: an answer, or a chunk of one; the last counts are those of all."""
        self.begun = True
        self.id = as_str(document.get("id")) or self.id
        self.model = as_str(document.get("model")) or self.model
        self.created = self.created or seconds_of(document.get("created"))
        tier = as_str(document.get("service_tier")) or ""
        if not tier.endswith("UNSPECIFIED"):
            self.service_tier = tier.removeprefix("SERVICE_TIER_").lower() or self.service_tier
        wire = as_dict(document.get("usage"))
        if wire and (self.counts is None or counts_anything(wire)):
            self.counts = _usage(wire)
        self.take(document)

    @abstractmethod
    def take(self, document: dict[str, Any]) -> None:
        """What a message says."""

    def choices(self) -> tuple[Choice, ...]:
        """What was said."""
        return tuple(draft.build(FINISH.get) for _, draft in sorted(self.drafts.items()))

    def complete(self) -> bool:
        """Whether all of it came, with a reason why it ended where one is given."""
        return self.begun and self.error is None and not self.cut

    def usage(self) -> Usage | None:
        """What was counted last."""
        return self.counts


def _usage(wire: dict[str, Any]) -> Usage | None:
    """xAI's `SamplingUsage`, which leaves reasoning out of the completion."""
    as_chat = wire | {
        "cached_tokens": wire.get("cached_prompt_text_tokens"),
        "prompt_tokens_details": {"image_tokens": wire.get("prompt_image_tokens")},
    }
    usage = counted(as_chat, "xai", sources=as_int(wire.get("num_sources_used")) or None)
    tools = (
        str(tool).removeprefix("SERVER_SIDE_TOOL_").lower() for tool in as_list(wire.get("server_side_tools_used"))
    )
    return None if usage is None else replace(usage, server_tool_calls=Counter(tools), wire=wire)
