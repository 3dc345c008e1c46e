"""`cloudflare.run`: any model of Cloudflare's Workers AI by its own API, streamed or plain, also through its gateway.

Format: https://developers.cloudflare.com/workers-ai/models/. The result stands in an envelope; newer models answer in
the shape of chat completions inside it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.chat_message import ChatChoice
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import decoded, media_of_bytes, type_of
from pytest_llmcassette.protocols.responses_items import add_item
from pytest_llmcassette.protocols.wire_values import as_dict, as_json_text, dict_list


class _Result(DocumentAnswer):
    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._message = ChatChoice(0)
        self._choice = self._message.draft

    def request_model(self) -> str | None:
        """The model in the URL."""
        path = unquote(self.exchange.path)
        return path[path.index("/@") + 1 :] if "/@" in path else None

    def plain(self, document: object) -> None:
        """Take in an envelope, or the bytes of an image."""
        if document is None and self.exchange.content_type.startswith("image/"):
            self.made("image", "image", self.exchange.content_type)
            self.counts = counted(None, images=1)
        else:
            super().plain(document)

    def take(self, document: Any) -> None:
        """The result."""
        fields = as_dict(document)
        if fields.get("success") is False:
            self.error = error_object(fields, status=self.exchange.status)
        result = fields.get("result", document)
        self._result(as_dict(result))
        if isinstance(result, list):
            self.answers_with = "classification"
            self.other("result", result)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """A piece of the result."""
        self._result(event)

    def complete(self) -> bool:
        """Whether the last of it came: in a stream `[DONE]`."""
        self.ended = self.ended or "[DONE]" in self.kinds
        return super().complete()

    def _result(self, result: dict[str, Any]) -> None:
        response = result.get("response")
        self.say(response if isinstance(response, str) or response is None else as_json_text(response))
        for call in dict_list(result.get("tool_calls")):
            function = as_dict(call.get("function")) or call
            self.call(call.get("id"), function.get("name"), function.get("arguments"))
        for choice in dict_list(result.get("choices")):
            whole = isinstance(choice.get("message"), dict)
            self._message.add(as_dict(choice.get("message")) or as_dict(choice.get("delta")), whole=whole)
            self.say(choice.get("text"))
            self.stop(choice.get("finish_reason"))
        # So do newer ones of OpenAI in the shape of the Responses API.
        for position, item in enumerate(dict_list(result.get("output"))):
            add_item(self._choice, item, position)
        if isinstance(result.get("text"), str):
            self.answers_with = "transcription"
            self.say(result["text"])
        for kind, answers in (("image", "image"), ("audio", "speech")):
            if isinstance(result.get(kind), str):
                self.answers_with = answers
                data = decoded(result[kind]) or b""
                self._choice.add(media_of_bytes(kind, type_of(data), data))
        if "data" in result and "shape" in result:
            self.answers_with = "embedding"
        if result.get("usage"):
            self.counts = counted(result["usage"])
        elif self.answers_with == "image":
            self.counts = counted(None, images=1)


PROTOCOLS = (RoutedProtocol("cloudflare.run", _Result),)
