"""`openai.images`: images made, edited and varied, at OpenAI, Azure, xAI, Together and compatible hosts.

Format: https://platform.openai.com/docs/api-reference/images. A stream shows the image while it grows
(`partial_image`); the event that ends it has the whole. Images are counted
where no tokens are.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.media import decoded, media_of_bytes, media_of_url, type_of
from pytest_llmcassette.protocols.wire_values import as_str, as_time, dict_list


class _Images(DocumentAnswer):
    answers_with = "image"
    _images = 0

    def request_model(self) -> str | None:
        """In the JSON, or in the form that images are sent in."""
        return super().request_model() or self.exchange.asked_in_form("model")

    def take(self, document: Any) -> None:
        """The images, by value or by address."""
        for entry in dict_list(document.get("data")):
            self._add(entry, document)
        self._count(document)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """The image as it is at the end."""
        if kind.endswith(".completed"):
            self.ended = True
            self._add(event, event)
            self._count(event)

    def _add(self, entry: dict[str, Any], around: dict[str, Any]) -> None:
        self._images += 1
        written = as_str(around.get("output_format"))
        if isinstance(entry.get("b64_json"), str):
            data = decoded(entry["b64_json"]) or b""
            self._choice.add(media_of_bytes("image", f"image/{written}" if written else type_of(data), data))
        elif isinstance(entry.get("url"), str):
            self._choice.add(media_of_url("image", entry["url"]))
        self.other("revised_prompt", entry.get("revised_prompt"))

    def _count(self, fields: dict[str, Any]) -> None:
        self.created = as_time(fields.get("created", fields.get("created_at")))
        usage = counted(fields.get("usage"), self.exchange.provider)
        if usage is not None and usage.output_tokens is None and usage.cost is None:
            usage = None
        self.counts = usage or counted(fields.get("usage"), images=self._images)


PROTOCOLS = (RoutedProtocol("openai.images", _Images),)
