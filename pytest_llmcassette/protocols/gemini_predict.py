"""`gemini.predict`: images (Imagen), videos (Veo), music and text by `predict` and its operations.

Format: https://ai.google.dev/gemini-api/docs/imagen, and Vertex AI's. Images and videos are billed each; old
text models count tokens.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.media import media_of_base64, media_of_url
from pytest_llmcassette.protocols.transcript import Media
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str, dict_list

_UNITS = {"image": "images", "video": "videos", "audio": "clips"}


class _Prediction(DocumentAnswer):
    answers_with = "image"

    def request_model(self) -> str | None:
        """The model in the URL; an operation of Vertex AI has it too."""
        name, found, rest = self.exchange.path.partition("/models/")
        return rest.partition(":")[0].partition("/")[0] if found and name else None

    def take(self, document: Any) -> None:
        """What was predicted, whole or when its operation is done."""
        found = [part for entry in _made(document) if (part := _media(entry)) is not None]
        for part in found:
            self._choice.add(part)
        for entry in dict_list(document.get("predictions")):
            self.say(entry.get("content"))
        if found:
            self.answers_with = found[0].kind if found[0].kind != "audio" else "speech"
            self.counts = counted(None, **{_UNITS[found[0].kind]: len(found)})
            return
        self.answers_with = "completion"
        tokens = as_dict(as_dict(document.get("metadata")).get("tokenMetadata"))
        totals = {
            f"{side}_tokens": as_int(as_dict(tokens.get(f"{side}TokenCount")).get("totalTokens"))
            for side in ("input", "output")
        }
        self.counts = counted({name: count for name, count in totals.items() if count is not None})


def _made(document: dict[str, Any]) -> list[dict[str, Any]]:
    response = as_dict(document.get("response"))
    samples = as_dict(response.get("generateVideoResponse")).get("generatedSamples")
    videos = [as_dict(entry.get("video")) for entry in dict_list(samples)] + dict_list(response.get("videos"))
    return dict_list(document.get("predictions")) + videos


def _media(entry: dict[str, Any]) -> Media | None:
    media_type = as_str(entry.get("mimeType"))
    family = (media_type or "").partition("/")[0]
    address = as_str(entry.get("uri")) or as_str(entry.get("gcsUri"))
    data = as_str(entry.get("bytesBase64Encoded")) or as_str(entry.get("audioContent"))
    if data:
        return media_of_base64(family if family in _UNITS else "image", media_type, data)
    return media_of_url(family if family in _UNITS else "video", address) if address else None


def _is_call(exchange: Exchange) -> bool:
    """`:predict` of models that embed nothing, and the operations that make videos.

    By host, or by media in it; an operation that goes on has made none.
    """
    # Model servers of one's own have such a path too.
    is_google = exchange.posted_to.endswith(":predict") and "google" in exchange.host
    return is_google or any(map(_media, _made(as_dict(exchange.response_json))))


PROTOCOLS = (RoutedProtocol("gemini.predict", _Prediction, _is_call),)
