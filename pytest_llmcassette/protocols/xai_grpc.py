"""xAI's own SDK speaks gRPC: `xai.chat`, `xai.sample`, `xai.image`, `xai.video` and `xai.embed`.

Format: https://github.com/xai-org/xai-proto, and the classes of `xai_sdk.proto`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import GRPC, Exchange
from pytest_llmcassette.protocols.conversations import messages_of
from pytest_llmcassette.protocols.documents import counted
from pytest_llmcassette.protocols.grpc_status import call_error
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.media import media_of_base64, media_of_url
from pytest_llmcassette.protocols.transcript import Media, Text
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, dict_list, index_of
from pytest_llmcassette.protocols.xai_answer import Chat, XaiAnswer


class _Sample(XaiAnswer):
    answers_with = "completion"

    def take(self, document: dict[str, Any]) -> None:
        """The next words of each choice."""
        for choice in dict_list(document.get("choices")):
            index = index_of(choice, 0)
            draft = self.draft(index)
            draft.part(Text).pieces.append(as_str(choice.get("text")) or "")
            reason = as_str(choice.get("finish_reason"))
            draft.finish_reason = reason if reason and reason != "REASON_INVALID" else draft.finish_reason

    def complete(self) -> bool:
        """Also that each says why it ended."""
        return super().complete() and all(draft.finish_reason for draft in self.drafts.values())


class _Made(XaiAnswer):
    """An image, or a video that was waited for."""

    def take(self, document: dict[str, Any]) -> None:
        """What was made, which is paid for by the piece, or by the second."""
        if isinstance(document.get("response"), dict):
            self.plain(document["response"])
            return
        draft = self.draft()
        images, video = dict_list(document.get("images")), as_dict(document.get("video"))
        for made in images:
            draft.add(_image(made))
        seconds = None
        if video:
            seconds = video.get("duration")
            draft.add(Media(kind="video", media_type=None, url=as_str(video.get("url"))))
        units = counted(None, images=len(images) or None, seconds=seconds)
        if units is not None:
            self.counts = units if self.counts is None else replace(self.counts, billed_units=units.billed_units)
        if document.get("error"):
            self.error = error_object(document, status=None)


class _Image(_Made):
    answers_with = "image"


class _Video(_Made):
    answers_with = "video"


def _image(made: dict[str, Any]) -> Media:
    data = as_str(made.get("base64"))
    if not data:
        return Media(kind="image", media_type=None, url=as_str(made.get("url")))
    return media_of_url("image", data) if data.startswith("data:") else media_of_base64("image", "image/jpeg", data)


class _Vectors(XaiAnswer):
    answers_with = "embedding"

    def take(self, document: dict[str, Any]) -> None:
        """Vectors are not kept; they are counted by the text and by the image."""
        wire = as_dict(document.get("usage"))
        texts, images = as_int(wire.get("num_text_embeddings")), as_int(wire.get("num_image_embeddings"))
        self.counts = counted(None, text_embeddings=texts, image_embeddings=images)


def _calls(methods: str) -> Callable[[Exchange], bool]:
    """By URL; of what is waited for, once it is there."""

    def is_call(exchange: Exchange) -> bool:
        types = exchange.request.headers.get("Content-Type") or [GRPC]
        called = re.search(f"/xai_api\\.(?:{methods})$", exchange.posted_to)
        return called is not None and types[0].startswith(GRPC) and not _is_pending(exchange)

    return is_call


def _is_pending(exchange: Exchange) -> bool:
    if "/GetDeferred" not in exchange.path:
        return False
    status = next((message.get("status") for sender, message in messages_of(exchange) if sender == SERVER), None)
    return status not in ("DONE", "FAILED") and call_error(exchange.response) is None


PROTOCOLS = (
    ProtocolRow("xai.chat", Chat, _calls("Chat/(?:Get(?:Deferred)?Completion(?:Chunk)?|CompactContext)")),
    ProtocolRow("xai.sample", _Sample, _calls("Sample/SampleText(?:Streaming)?")),
    ProtocolRow("xai.image", _Image, _calls("Image/GenerateImage")),
    ProtocolRow("xai.video", _Video, _calls("Video/GetDeferredVideo")),
    ProtocolRow("xai.embed", _Vectors, _calls("Embedder/Embed")),
)
