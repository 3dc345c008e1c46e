"""Words spoken and speech written down: `.speech` and `.transcription` at OpenAI and hosts of their own.

Formats: https://platform.openai.com/docs/api-reference/audio (also at Azure, Groq), Mistral's
https://docs.mistral.ai/capabilities/audio, https://developers.deepgram.com/reference,
https://elevenlabs.io/docs/api-reference, https://www.assemblyai.com/docs/api-reference.
Billed by characters spoken and seconds heard; by OpenAI's newer models by tokens, which plain audio does not report.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.media import Sound, decoded, media_of_bytes
from pytest_llmcassette.protocols.transcript import Text
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, dict_list, first_str

_TYPES = {"mp3": "audio/mpeg", "pcm": "audio/pcm"}


class _Speech(DocumentAnswer):
    answers_with = "speech"

    def bare(self) -> None:
        """Take in the bytes of the audio."""
        self._begun = self.ended = bool(self.exchange.body)
        heard = self.exchange.content_type
        self._hear(self.exchange.body, heard if heard.startswith("audio/") else self._type())
        self._count(None)

    def take(self, document: Any) -> None:
        """Mistral's document."""
        self._hear(decoded(as_str(document.get("audio_data")) or "") or b"", self._type())
        self._count(document.get("usage"))

    def stream(self, events: Any) -> None:
        """Take in a stream's events."""
        self._sound = Sound()
        super().stream(events)
        self._choice.add(self._sound.build())

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """A piece of the audio, or the end with what it took."""
        if kind == "speech.audio.delta":
            self._sound.add(first_str(event.get("audio"), event.get("audio_data")) or "", self._type())
        elif kind == "speech.audio.done":
            self.ended = True
            self._count(event.get("usage"))

    def _type(self) -> str:
        asked = as_str(self.exchange.asked("response_format")) or "mp3"
        return _TYPES.get(asked, f"audio/{asked}")

    def _hear(self, data: bytes, media_type: str) -> None:
        if data:
            self._choice.add(media_of_bytes("audio", media_type, data))

    def _count(self, usage: object) -> None:
        words = self.exchange.asked("input")
        by_tokens = usage or (self.request_model() or "").startswith("gpt-") or not isinstance(words, str)
        self.counts = counted(usage, characters=None if by_tokens else len(words))


class _Transcription(DocumentAnswer):
    answers_with = "transcription"

    def request_model(self) -> str | None:
        """In the form that the audio is sent in."""
        return self.exchange.asked_in_form("model") or super().request_model()

    def bare(self) -> None:
        """Take in the words alone (`text`, `srt`, `vtt`)."""
        if "json" in self.exchange.content_type:
            super().bare()
            return
        self._begun = self.ended = True
        self.say(self.exchange.body.decode(errors="replace").strip())

    def take(self, document: Any) -> None:
        """The words, and how long the audio was where nothing else is counted."""
        self.say(document.get("text"))
        self._count(document)
        if self.counts is None:
            self.counts = counted(None, seconds=document.get("duration"))

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """More words, or all of them again with what they took."""
        if kind.endswith("text.delta"):
            self.say(first_str(event.get("delta"), event.get("text")))
        elif kind.endswith(".done"):
            self.ended = True
            self.model = as_str(event.get("model"))
            if isinstance(event.get("text"), str):
                self._choice.part(Text).pieces[:] = [event["text"]]
            self._count(event)

    def _count(self, fields: dict[str, Any]) -> None:
        usage = as_dict(fields.get("usage"))
        seconds = usage.get("seconds", usage.get("prompt_audio_seconds"))
        self.counts = counted(usage, self.exchange.provider, seconds=seconds)


class _HostsSpeech(DocumentAnswer):
    answers_with = "speech"

    def request_model(self) -> str | None:
        """In the request's body at ElevenLabs, in the query at Deepgram."""
        return super().request_model() or self.exchange.in_query("model")

    def bare(self) -> None:
        """Take in the audio."""
        self._begun = self.ended = True
        self._hear(self.exchange.body)

    def take(self, document: Any) -> None:
        """Audio with the times of its characters."""
        self._hear(decoded(as_str(document.get("audio_base64")) or "") or b"")

    def _hear(self, data: bytes) -> None:
        if data:
            self._choice.add(media_of_bytes("audio", self.exchange.content_type or None, data))
        charged = self.exchange.header("character-cost") or None
        words = self.exchange.asked("text")
        self.counts = counted(None, characters=charged or (len(words) if isinstance(words, str) else None))


class _HostsTranscription(DocumentAnswer):
    answers_with = "transcription"

    def request_model(self) -> str | None:
        """In the form, the body or the query."""
        asked = self.exchange.asked_in_form("model_id") or super().request_model()
        return asked or self.exchange.in_query("model")

    def take(self, document: Any) -> None:
        """The words, and how long the audio was."""
        metadata = as_dict(document.get("metadata"))
        self.id = as_str(document.get("id")) or as_str(metadata.get("request_id"))
        self.model = as_str(document.get("speech_model")) or self.model
        self.say(document.get("text"))
        for channel in dict_list(as_dict(document.get("results")).get("channels")):
            for alternative in dict_list(channel.get("alternatives"))[:1]:
                self.say(alternative.get("transcript"), key=id(channel))
        words = dict_list(document.get("words"))
        heard = document.get("audio_duration", metadata.get("duration", document.get("audio_duration_secs")))
        self.counts = counted(None, seconds=words[-1].get("end") if heard is None and words else heard)


def _is_done(exchange: Exchange) -> bool:
    """`/v2/transcript/ID`, polled until it is there."""
    return as_dict(exchange.response_json).get("status") in ("completed", "error")


PROTOCOLS = (
    RoutedProtocol("openai.speech", _Speech),
    RoutedProtocol("openai.transcription", _Transcription),
    RoutedProtocol("deepgram.speech", _HostsSpeech),
    RoutedProtocol("deepgram.transcription", _HostsTranscription),
    RoutedProtocol("elevenlabs.speech", _HostsSpeech),
    RoutedProtocol("elevenlabs.transcription", _HostsTranscription),
    RoutedProtocol("assemblyai.transcription", _HostsTranscription, _is_done),
)
