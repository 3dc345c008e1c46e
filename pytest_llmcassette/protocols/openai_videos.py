"""`openai.videos`: a video that is made in the background, once it is there. It is billed by its seconds.

Format: https://platform.openai.com/docs/api-reference/videos.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.transcript import Media
from pytest_llmcassette.protocols.wire_values import as_dict, as_str, as_time


class _Video(DocumentAnswer):
    answers_with = "video"

    def take(self, document: Any) -> None:
        """The video's length; its bytes are fetched by themselves."""
        self.created = as_time(document.get("created_at"))
        self._choice.add(Media(kind="video", media_type=None, url=as_str(document.get("id"))))
        self.stop(document.get("status"))
        self.counts = counted(None, seconds=document.get("seconds"))


def _is_call(exchange: Exchange) -> bool:
    """`/videos/ID`, polled until it is completed or has failed: what came before is no answer."""
    video = as_dict(exchange.response_json)
    return video.get("object") == "video" and video.get("status") in ("completed", "failed")


PROTOCOLS = (RoutedProtocol("openai.videos", _Video, _is_call),)
