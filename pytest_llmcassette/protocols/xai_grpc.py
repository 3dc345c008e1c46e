"""xAI's own SDK speaks gRPC: `xai.chat`, `xai.sample`, `xai.image`, `xai.video` and `xai.embed`.

Format: https://github.com/xai-org/xai-proto, and the classes of `xai_sdk.proto`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pytest_llmcassette.cassette.model import SERVER
from pytest_llmcassette.protocols.assembly import ChoiceDraft
from pytest_llmcassette.protocols.base import GRPC, Exchange, WireProtocol
from pytest_llmcassette.protocols.conversations import messages_of
from pytest_llmcassette.protocols.documents import counted
from pytest_llmcassette.protocols.grpc_status import call_error
from pytest_llmcassette.protocols.media import media_of_base64, media_of_url
from pytest_llmcassette.protocols.transcript import ExchangeError, Media, Text, Transcript
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, dict_list, index_of
from pytest_llmcassette.protocols.xai_answer import XaiAnswer
from pytest_llmcassette.protocols.xai_chat import Chat

_CALLS = re.compile(r"/xai_api\.(Chat|Sample|Image|Video|Embedder)/(\w+)$")


class _Sample(XaiAnswer):
    answers_with = "completion"

    def take(self, document: dict[str, Any]) -> None:
        """The next words of each choice."""
        for choice in dict_list(document.get("choices")):
            index = index_of(choice, 0)
            draft = self.drafts.setdefault(index, ChoiceDraft(index))
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
        draft = self.drafts.setdefault(0, ChoiceDraft(0))
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
            fields = as_dict(document["error"])
            self.error = ExchangeError(
                status=None, type=as_str(fields.get("code")), message=as_str(fields.get("message"))
            )


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


_Reads = Callable[[Exchange], XaiAnswer]


class XaiCall(WireProtocol):
    """The calls of one service that are answered by a model, by the ends of their names."""

    def __init__(self, name: str, service: str, methods: str, assembly: _Reads, *, waits: bool = False) -> None:
        self.name = name
        self._service = service
        self._methods = re.compile(methods)
        self._assembly = assembly

    def claims(self, exchange: Exchange) -> bool:
        """By URL; of what is waited for, once it is there."""
        called = _CALLS.search(exchange.posted_to)
        if called is None or called[1] != self._service or not self._methods.fullmatch(called[2]):
            return False
        types = exchange.request.headers.get("Content-Type") or [GRPC]
        return types[0].startswith(GRPC) and not _is_pending(exchange, called[2])

    def read(self, exchange: Exchange) -> Transcript:
        """The answer."""
        return self._assembly(exchange).read(self.name)


def _is_pending(exchange: Exchange, method: str) -> bool:
    if not method.startswith("GetDeferred"):
        return False
    status = next((message.get("status") for sender, message in messages_of(exchange) if sender == SERVER), None)
    return status not in ("DONE", "FAILED") and call_error(exchange.response) is None


PROTOCOLS = (
    XaiCall("xai.chat", "Chat", "Get(Deferred)?Completion(Chunk)?|CompactContext", Chat),
    XaiCall("xai.sample", "Sample", "SampleText(Streaming)?", _Sample),
    XaiCall("xai.image", "Image", "GenerateImage", _Image),
    XaiCall("xai.video", "Video", "GetDeferredVideo", _Video),
    XaiCall("xai.embed", "Embedder", "Embed", _Vectors),
)
