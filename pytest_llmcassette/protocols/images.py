"""Images made, edited and varied, and videos: at OpenAI and who copied it, at Stability AI, at Fireworks.

Formats: https://platform.openai.com/docs/api-reference/images (also at Azure, xAI, Together) and .../videos,
https://platform.stability.ai/docs/api-reference, https://docs.fireworks.ai/api-reference.
Images are counted where no tokens are, videos by their seconds.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.media import decoded, media_of_bytes, media_of_url, type_of
from pytest_llmcassette.protocols.transcript import Media
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, as_time, dict_list


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


class _HostsImages(DocumentAnswer):
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


class _Video(DocumentAnswer):
    answers_with = "video"

    def take(self, document: Any) -> None:
        """The video's length; its bytes are fetched by themselves."""
        self.created = as_time(document.get("created_at"))
        self._choice.add(Media(kind="video", media_type=None, url=as_str(document.get("id"))))
        self.stop(document.get("status"))
        self.counts = counted(None, seconds=document.get("seconds"))


def _is_video(exchange: Exchange) -> bool:
    """`/videos/ID`, polled until it is completed or has failed: what came before is no answer."""
    video = as_dict(exchange.response_json)
    return video.get("object") == "video" and video.get("status") in ("completed", "failed")


PROTOCOLS = (
    RoutedProtocol("openai.images", _Images),
    RoutedProtocol("openai.videos", _Video, _is_video),
    RoutedProtocol("stability.images", _HostsImages),
    RoutedProtocol("fireworks.images", _HostsImages),
)
