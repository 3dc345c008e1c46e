"""`gemini.live`: Google's Live API (`BidiGenerateContent`) over a WebSocket, at AI Studio and Vertex AI.

A turn ends with `turnComplete`, or where the model waits for its tools and what it took so far was counted: each has
the last `usageMetadata` of its own. What the user was heard to say is a turn before the one that answers it, and costs
nothing by itself.
Format: https://ai.google.dev/api/live; the messages are those of `google.genai.types.LiveServerMessage`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import CLIENT
from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.conversations import Conversation, messages_of
from pytest_llmcassette.protocols.gemini_assembly import ContentAssembly, tier_of, usage_of
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import Sound
from pytest_llmcassette.protocols.transcript import Choice, FinishReason, Text, finish_reasons
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, counts_anything, dict_list

_PATH = re.compile(r"\.(?:GenerativeService|LlmBidiService)[./]BidiGenerateContent\w*$")
_FINISH = finish_reasons(
    stop="turnComplete NEED_MORE_INPUT", tool_call="toolCall", error="MALFORMED_FUNCTION_CALL MAX_REGENERATION_REACHED"
)
_REFUSED = re.compile("PROHIBITED|SAFETY|BLOCKLIST|REJECTED|CELEBRITY|PROMINENT|PHOTO_REALISTIC|UNSAFE|MINORS|IP_|NCII")


class _Turn:
    """An answer as it grows. What was said aloud and what was written down of it come apart, piece by piece."""

    def __init__(self, exchange: Exchange) -> None:
        self.content = ContentAssembly(exchange)
        self.sound = Sound()
        self.spoken: list[str] = []
        self.usage: dict[str, Any] | None = None
        self.finish_reason: str | None = None
        self.is_begun = False
        self.waits = False

    def take(self, content: dict[str, Any]) -> None:
        """Take in a `modelTurn` and what stands beside it."""
        parts = []
        for part in dict_list(as_dict(content.get("modelTurn")).get("parts")):
            blob = as_dict(part.get("inlineData"))
            if str(blob.get("mimeType")).startswith("audio/"):
                # The rate is a parameter of the type.
                self.sound.add(as_str(blob.get("data")) or "", str(blob["mimeType"]).partition(";")[0])
                self.is_begun = True
            else:
                parts.append(part)
        beside = {name: content[name] for name in ("groundingMetadata", "urlContextMetadata") if name in content}
        if parts or beside:
            self.parts(parts, **beside)
        words = as_str(as_dict(content.get("outputTranscription")).get("text"))
        if words:
            self.spoken.append(words)
            self.is_begun = True

    def parts(self, parts: list[dict[str, Any]], **beside: Any) -> None:
        """Take in parts as `generateContent` has them."""
        self.is_begun = True
        self.content.chunk({"candidates": [{"content": {"parts": parts}, **beside}]})

    def choice(self) -> Choice:
        """What was said."""
        said = self.content.choices()
        parts = list(said[0].parts) if said else []
        if self.spoken:
            parts.append(Text(text="".join(self.spoken)))
        sound = self.sound.build()
        if sound is not None:
            parts.append(sound)
        reason = self.finish_reason
        return Choice(index=0, parts=tuple(parts), finish_reason=reason, finish=_finish(reason))


def _finish(reason: str | None) -> FinishReason | None:
    if reason is None:
        return None
    found = _FINISH.get(reason)
    return found or (FinishReason.CONTENT_FILTER if _REFUSED.search(reason) else FinishReason.OTHER)


class _Session(Conversation):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._asked_model: str | None = None
        self._heard: list[str] = []
        self._turn = _Turn(exchange)

    def request_model(self) -> str | None:
        """The model of the setup, by its own name."""
        return None if self._asked_model is None else self._asked_model.rpartition("/")[2]

    def sent(self, message: dict[str, Any]) -> None:
        """The setup, and what is to be answered. SDKs write names in either way."""
        setup = as_dict(message.get("setup"))
        if setup:
            self._asked_model = as_str(setup.get("model"))
        words = as_dict(_either(message, "clientContent", "client_content"))
        if _either(words, "turnComplete", "turn_complete") is True:
            self.waiting = True
        if as_str(as_dict(_either(message, "realtimeInput", "realtime_input")).get("text")):
            self.waiting = True
        if _either(message, "toolResponse", "tool_response") is not None:
            if self._turn.waits and self._turn.usage is not None:
                self._end_turn("toolCall")
            self._turn.waits = False
            self.waiting = True

    def event(self, kind: str, message: dict[str, Any]) -> None:
        """What the server said: several things at once."""
        if message.get("error"):
            self.error = error_object(message, status=None)
        session = as_dict(message.get("setupComplete")).get("sessionId")
        self.id = self.id or as_str(session)
        usage = as_dict(message.get("usageMetadata"))
        if usage and (counts_anything(usage) or self._turn.usage is None):
            self._count(usage, as_dict(message.get("serverContent")))
        for call in dict_list(as_dict(message.get("toolCall")).get("functionCalls")):
            self._turn.parts([{"functionCall": call}])
            self._turn.waits = True
            self.waiting = False
        content = as_dict(message.get("serverContent"))
        if content:
            self._content(content)

    def _count(self, usage: dict[str, Any], content: dict[str, Any]) -> None:
        """The counts of the answer that goes on; what comes behind its end belongs to the one before."""
        if self._turn.is_begun or content or not self.turns:
            self._turn.usage = usage
        else:
            self.turns[-1] = replace(self.turns[-1], usage=usage_of(usage), service_tier=tier_of(usage))

    def _content(self, content: dict[str, Any]) -> None:
        words = as_str(as_dict(content.get("inputTranscription")).get("text"))
        if words:
            self._heard.append(words)
        if self._turn.waits and "modelTurn" in content:
            # Tools that block nothing: the model goes on while they run.
            self._turn.waits = False
        self._turn.take(content)
        self.waiting = self.waiting or (self._turn.is_begun and not self._turn.waits)
        if content.get("interrupted") is True:
            self._turn.finish_reason = "interrupted"
        if content.get("turnComplete") is True:
            reason = as_str(content.get("turnCompleteReason")) or ""
            named = "" if reason.endswith("UNSPECIFIED") else reason
            usual = "toolCall" if self._turn.waits else "turnComplete"
            self._end_turn(self._turn.finish_reason or named or usual)
            self.waiting = False

    def _end_turn(self, reason: str | None) -> None:
        turn, self._turn = self._turn, _Turn(self.exchange)
        if self._heard:
            heard = Choice(index=0, parts=(Text(text="".join(self._heard)),))
            self.add(self.turn(heard, kind="heard", complete=True))
            self._heard = []
        if not turn.is_begun and turn.usage is None and reason in (None, "turnComplete"):
            return
        turn.finish_reason = reason or turn.finish_reason
        made = self.turn(turn.choice(), complete=reason is not None)
        if turn.usage is not None:
            made = replace(made, usage=usage_of(turn.usage), service_tier=tier_of(turn.usage))
        self.add(made)

    def end(self) -> None:
        """What has begun and not ended: the model may wait for tools that the client does not run."""
        self._end_turn("toolCall" if self._turn.waits else None)


def _either(fields: dict[str, Any], name: str, other: str) -> Any:
    return fields.get(name, fields.get(other))


def _is_session(exchange: Exchange) -> bool:
    """By URL; behind a gateway, by its setup."""
    if exchange.url.scheme not in ("ws", "wss"):
        return False
    if _PATH.search(exchange.path.rstrip("/")):
        return True
    first = next((message for sender, message in messages_of(exchange) if sender == CLIENT), {})
    return "model" in as_dict(first.get("setup"))


PROTOCOLS = (ProtocolRow("gemini.live", _Session, _is_session),)
