"""Speech at hosts of its own: Deepgram, ElevenLabs, AssemblyAI. Billed by characters spoken, by seconds heard.

Formats: https://developers.deepgram.com/reference, https://elevenlabs.io/docs/api-reference,
https://www.assemblyai.com/docs/api-reference.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.media import decoded, media_of_bytes
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, dict_list


class _Speech(DocumentAnswer):
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


class _Transcription(DocumentAnswer):
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
    RoutedProtocol("deepgram.speech", _Speech),
    RoutedProtocol("deepgram.transcription", _Transcription),
    RoutedProtocol("elevenlabs.speech", _Speech),
    RoutedProtocol("elevenlabs.transcription", _Transcription),
    RoutedProtocol("assemblyai.transcription", _Transcription, _is_done),
)
