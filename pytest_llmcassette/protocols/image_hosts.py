"""Images at hosts that serve them in ways of their own: Stability AI and Fireworks. Billed by the image.

Formats: https://platform.stability.ai/docs/api-reference, https://docs.fireworks.ai/api-reference.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.media import decoded, media_of_bytes, type_of
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, dict_list


class _Images(DocumentAnswer):
    answers_with = "image"

    def request_model(self) -> str | None:
        """The last names of the URL, which say it."""
        return self.exchange.path.rstrip("/").removesuffix("/text_to_image").rpartition("/")[2]

    def bare(self) -> None:
        """Take in an image."""
        self.made("image", "image", self.exchange.content_type or None)
        self.counts = counted(None, images=1)

    def take(self, document: Any) -> None:
        """Images as base64 text."""
        fields = as_dict(document)
        found = [entry.get("base64") for entry in dict_list(fields.get("artifacts"))]
        texts = (fields.get("image"), *as_list(fields.get("base64")), *found)
        for text in texts:
            if isinstance(text, str):
                data = decoded(text) or b""
                self._choice.add(media_of_bytes("image", type_of(data), data))
        self.counts = counted(None, images=len(self._choice.parts) or None)


PROTOCOLS = (RoutedProtocol("stability.images", _Images), RoutedProtocol("fireworks.images", _Images))
