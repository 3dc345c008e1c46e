"""`dashscope.generation`: Alibaba's own API of Model Studio: text, several modes, vectors, rankings, images, sound.

Format: https://www.alibabacloud.com/help/en/model-studio/qwen-api-via-dashscope. A stream repeats all words so far in
every event, unless `incremental_output` was asked for. What takes longer is a task, polled until it has succeeded.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import media_of, media_of_url
from pytest_llmcassette.protocols.transcript import Reasoning, Text, ToolCall
from pytest_llmcassette.protocols.wire_values import as_dict, as_json_text, as_list, as_str, dict_list, index_of

_KINDS = {
    "rerank": "rerank",
    "embedding": "embedding",
    "video": "video",
    "image": "image",
    "asr": "transcription",
    "tts": "speech",
}
_UNITS = {
    "image_count": "images",
    "video_count": "videos",
    "characters": "characters",
    "duration": "seconds",
    "video_duration": "seconds",
    "seconds": "seconds",
}
_WAITING = ("PENDING", "RUNNING", "SUSPENDED")


class _Output(DocumentAnswer):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        path = exchange.path.lower()
        self.answers_with = next((kind for word, kind in _KINDS.items() if word in path), "chat")
        self._grows = as_dict(exchange.asked("parameters")).get("incremental_output") is True

    def take(self, document: Any) -> None:
        """The output and what it took."""
        self.id = as_str(document.get("request_id")) or self.id
        if document.get("code"):
            self.error = error_object(document, status=self.exchange.status)
            return
        self._output(as_dict(document.get("output")))
        usage = as_dict(document.get("usage"))
        if usage:
            units = {ours: usage[theirs] for theirs, ours in _UNITS.items() if usage.get(theirs)}
            self.counts = counted(usage, **units)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """As a whole answer, with all words so far, or with those that are new."""
        self.take(event)

    def _output(self, output: dict[str, Any]) -> None:
        self._words(output.get("text"))
        self.stop(output.get("finish_reason"))
        for choice in dict_list(output.get("choices"))[:1]:
            self._message(as_dict(choice.get("message")))
            self.stop(choice.get("finish_reason"))
        if output.get("results") and self.answers_with == "rerank":
            self.other("ranking", output["results"])
        else:
            self._media(output)
        if output.get("task_status") == "FAILED":
            self.error = error_object(output, status=self.exchange.status)

    def _message(self, message: dict[str, Any]) -> None:
        self._words(message.get("reasoning_content"), Reasoning)
        content = message.get("content")
        if isinstance(content, str):
            self._words(content)
        else:
            self._words("".join(as_str(entry.get("text")) or "" for entry in dict_list(content)))
            for entry in dict_list(content):
                if isinstance(entry.get("image"), str):
                    self.answers_with = "image"
                    self._choice.add(media_of_url("image", entry["image"]))
        for position, call in enumerate(dict_list(message.get("tool_calls"))):
            function = as_dict(call.get("function"))
            draft = self._choice.part(ToolCall, index_of(call, position))
            draft.id = as_str(call.get("id")) or draft.id
            draft.name = as_str(function.get("name")) or draft.name
            self._grow(draft.pieces, as_json_text(function.get("arguments")))

    def _media(self, output: dict[str, Any]) -> None:
        found = [as_dict(entry).get("url") for entry in as_list(output.get("results"))]
        for address in (*found, output.get("video_url")):
            if isinstance(address, str):
                self.answers_with = "video" if address == output.get("video_url") else "image"
                self._choice.add(media_of_url(self.answers_with, address))
        audio = as_dict(output.get("audio"))
        self._choice.add(media_of("audio", None, audio.get("data") or None, audio.get("url") or None))
        if audio:
            self.answers_with = "speech"

    def _words(self, words: object, kind: type[Text] | type[Reasoning] = Text) -> None:
        if isinstance(words, str) and words:
            self._grow(self._choice.part(kind, kind.__name__).pieces, words)

    def _grow(self, pieces: list[str], words: str) -> None:
        if not self._grows and words.startswith(so_far := "".join(pieces)) and so_far:
            pieces.clear()
        pieces.append(words)


def _is_call(exchange: Exchange) -> bool:
    """`/api/v1/services/...`, and the tasks that some of these begin: one that goes on is polled."""
    return as_dict(as_dict(exchange.response_json).get("output")).get("task_status") not in _WAITING


PROTOCOLS = (RoutedProtocol("dashscope.generation", _Output, _is_call),)
