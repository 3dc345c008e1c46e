"""`openai.realtime`: sessions over a WebSocket, at OpenAI, Azure, xAI (its voices) and whoever copied the API.

Each response is a turn, and so is what its user was heard to say, where another model wrote that down. Translating
sessions (`/realtime/translations`) have one.
Format: https://platform.openai.com/docs/api-reference/realtime, of xAI https://docs.x.ai/docs/guides/voice.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import Any

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.protocols.assembly import ChoiceDraft, ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.conversations import Conversation, messages_of
from pytest_llmcassette.protocols.documents import counted
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import Sound
from pytest_llmcassette.protocols.realtime_response import ResponseInSession
from pytest_llmcassette.protocols.transcript import Choice, ExchangeError, Text, Transcript
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_float, as_str, first_str

_HEARD = "conversation.item.input_audio_transcription."


class _Session(Conversation):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._session: dict[str, Any] = {}
        self._open: dict[str, ResponseInSession] = {}
        self._heard: dict[str, list[str]] = {}
        self._translated: tuple[list[str], Sound] = ([], Sound())
        self._messages = 0

    def sent(self, message: dict[str, Any]) -> None:
        """A response that is asked for; and the messages in words, which xAI is paid for by number."""
        kind = message.get("type")
        if kind == "response.create":
            self.waiting = True
        elif kind == "conversation.item.create":
            self._messages += as_dict(message.get("item")).get("role") == "user"

    def event(self, kind: str, message: dict[str, Any]) -> None:
        """What the server said."""
        if kind == "error":
            self.error = error_object(message, status=None)
            # Nothing comes of what was refused.
            self.waiting = bool(self._open)
        elif kind in ("session.created", "session.updated", "transcription_session.updated"):
            self._configure(as_dict(message.get("session")))
        elif kind.startswith(_HEARD):
            self._transcription(kind.removeprefix(_HEARD), message)
        elif kind.startswith("response."):
            self._response(kind.removeprefix("response."), message)
        elif kind == "session.output_transcript.delta":
            self._translated[0].append(as_str(message.get("delta")) or "")
        elif kind == "session.output_audio.delta":
            self._translated[1].add(as_str(message.get("delta")) or "", "audio/pcm")
        elif kind == "session.closed":
            self._end_translation(whole=True)

    def _configure(self, session: dict[str, Any]) -> None:
        self.id = self.id or as_str(session.get("id"))
        self.model = as_str(session.get("model")) or self.model
        self._session = {**self._session, **session}

    def _response(self, step: str, message: dict[str, Any]) -> None:
        fields = as_dict(message.get("response"))
        identity = first_str(message.get("response_id"), fields.get("id")) or ""
        if step == "done":
            response = self._open.pop(identity, None) or self._begun(identity)
            response.done(fields)
            self.waiting = bool(self._open)
            self.add(self._turn(response, fields.get("usage") or message.get("usage"), is_done=True))
        elif identity:
            self.waiting = True
            response = self._open.get(identity) or self._begun(identity)
            response.fields.update(fields)
            self._open[identity] = response
            response.event(step, message)

    def _begun(self, identity: str) -> ResponseInSession:
        response = ResponseInSession(self._media_type())
        response.fields["id"] = identity or None
        return response

    def _media_type(self) -> str:
        """That of what the session says."""
        spoken = as_dict(as_dict(as_dict(self._session.get("audio")).get("output")).get("format"))
        named = first_str(spoken.get("type"), self._session.get("output_audio_format")) or "pcm16"
        return named if "/" in named else {"g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}.get(named, "audio/pcm")

    def _turn(self, response: ResponseInSession, usage: object, *, is_done: bool) -> Transcript:
        error = response.error()
        return self.turn(
            response.choice(),
            id=as_str(response.fields.get("id")),
            model=self.model,
            complete=is_done and error is None,
            error=error,
            usage=self._usage(usage) if isinstance(usage, dict) and usage else None,
        )

    def _usage(self, wire: dict[str, Any]) -> Usage | None:
        provider = self.exchange.provider
        # xAI's voices are paid for by time, and by the messages that were written.
        seconds = wire.get("billable_audio_seconds")
        if as_float(seconds) is None:
            return counted(wire)
        usage = counted(wire, provider, seconds=seconds, text_messages=self._messages or None)
        self._messages = 0
        return usage

    def _transcription(self, step: str, message: dict[str, Any]) -> None:
        """What the user was heard to say, written down by another model; xAI charges nothing for it."""
        identity = f"{message.get('item_id')} {message.get('content_index')}"
        if step == "delta":
            self._heard.setdefault(identity, []).append(as_str(message.get("delta")) or "")
        elif step in ("completed", "failed"):
            pieces = self._heard.pop(identity, [])
            words = as_str(message.get("transcript"))
            error = error_object(message, status=None) if step == "failed" else None
            wire = as_dict(message.get("usage"))
            usage = counted(wire, seconds=wire.get("seconds")) if wire else None
            self._hear("".join(pieces) if words is None else words, usage, error)

    def _hear(self, words: str, usage: Usage | None, error: ExchangeError | None) -> None:
        heard = as_dict(as_dict(as_dict(self._session.get("audio")).get("input")).get("transcription"))
        asked = first_str(heard.get("model"), as_dict(self._session.get("input_audio_transcription")).get("model"))
        kind = "heard" if self.exchange.provider == "xai" and usage is None else "transcription"
        said = Choice(index=0, parts=(Text(text=words),) if words else ())
        # Its model is one of the session's settings, not the one that the URL asks for.
        turn = self.turn(said, kind=kind, request_model=None, model=asked, usage=usage)
        self.add(replace(turn, error=error, complete=error is None))

    def end(self) -> None:
        """What has begun and not ended."""
        for response in self._open.values():
            self.add(self._turn(response, None, is_done=False))
        self._end_translation(whole=False)

    def _end_translation(self, *, whole: bool) -> None:
        """A session that translates has one answer, which goes on until it is closed."""
        words, sound = self._translated
        draft = ChoiceDraft(0)
        draft.part(Text).pieces = words
        draft.add(sound.build())
        choice = draft.build({})
        if choice.parts:
            self._translated = ([], Sound())
            self.add(self.turn(choice, id=self.id, model=self.model, complete=whole))


def _is_session(exchange: Exchange) -> bool:
    """By URL; behind a proxy, by its first events."""
    if exchange.url.scheme not in ("ws", "wss"):
        return False
    if exchange.path.rstrip("/").endswith(("/realtime", "/realtime/translations")):
        return True
    first = islice((message for sender, message in messages_of(exchange) if sender == SERVER), 3)
    return any(one.get("type") == "session.created" and "session" in one for one in first)


PROTOCOLS = (ProtocolRow("openai.realtime", _Session, _is_session),)
