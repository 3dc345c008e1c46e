"""`huggingface.inference`: Hugging Face's inference of any task. Billed by computing time, it hardly counts tokens.

Format: https://huggingface.co/docs/inference-providers/providers/hf-inference.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, dict_list

_TEXTS = ("generated_text", "summary_text", "translation_text", "text", "answer")
_MEDIA = {"image": "image", "audio": "speech", "video": "video"}


class _Task(DocumentAnswer):
    takes = (dict, list)
    answers_with = "completion"

    def request_model(self) -> str | None:
        """The model in the URL."""
        _, _, rest = self.exchange.path.partition("/models/")
        return "/".join(rest.split("/")[:2]) or None

    def plain(self, document: object) -> None:
        """Take in a document, or the bytes of a medium."""
        family = self.exchange.content_type.partition("/")[0]
        if family in _MEDIA and document is None:
            self.made(_MEDIA[family], family, self.exchange.content_type)
        else:
            super().plain(document)
        if self.error is None:
            seconds = counted(None, seconds=self.exchange.header("x-compute-time") or None)
            self.counts = seconds + self.counts if seconds and self.counts else seconds or self.counts

    def take(self, document: Any) -> None:
        """Texts, classes, or vectors, which are not kept."""
        listed = document if isinstance(document, list) else [document]
        if listed and isinstance(listed[0], list) and dict_list(listed[0]):
            listed = listed[0]
        for one in dict_list(listed):
            words = next((one[name] for name in _TEXTS if isinstance(one.get(name), str)), None)
            self.say(words)
            generated = as_int(as_dict(one.get("details")).get("generated_tokens"))
            if generated is not None:
                self.counts = counted({"output_tokens": generated})
            self.other("result", one if words is None else None)
        if listed and not dict_list(listed):
            self.answers_with = "embedding"


PROTOCOLS = (RoutedProtocol("huggingface.inference", _Task),)
