"""Hugging Face's own APIs: `huggingface.inference` of any task, and `tgi.generate`, its server of texts.

Formats: https://huggingface.co/docs/inference-providers/providers/hf-inference, which is billed by computing time and
hardly counts tokens; https://huggingface.github.io/text-generation-inference/, streamed or plain, also as SageMaker
serves it, which counts the prompt's tokens where that is asked for (`decoder_input_details`), and at a stream's end.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import is_error
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, dict_list

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


class _Generation(DocumentAnswer):
    takes = (dict, list)
    answers_with = "completion"

    def take(self, document: Any) -> None:
        """A whole text, or a list of one."""
        for position, one in enumerate(dict_list(document) if isinstance(document, list) else [document]):
            self.say(one.get("generated_text"), key=position)
            self._details(as_dict(one.get("details")))

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """One token; the last event has the details, and the whole text again."""
        token = as_dict(event.get("token"))
        if token.get("special") is not True:
            self.say(token.get("text"))
        if event.get("generated_text") is not None:
            self.ended = True
        self._details(as_dict(event.get("details")))

    def _details(self, details: dict[str, Any]) -> None:
        if not details:
            return
        self.stop(as_str(details.get("finish_reason")))
        prompt = as_int(details.get("input_length"))
        self.counts = Usage(
            input_tokens=len(as_list(details.get("prefill"))) or None if prompt is None else prompt,
            output_tokens=as_int(details.get("generated_tokens")),
            wire={name: value for name, value in details.items() if isinstance(value, int)},
        )


def _is_generate(exchange: Exchange) -> bool:
    """`/generate`, `/generate_stream`, the root of an inference endpoint, SageMaker's `/endpoints/NAME/invocations`.

    By the look of the answer: `/generate` is a path of many.
    """
    if is_error(exchange):
        return exchange.asked("inputs") is not None
    return b'"generated_text"' in exchange.body


PROTOCOLS = (RoutedProtocol("huggingface.inference", _Task), RoutedProtocol("tgi.generate", _Generation, _is_generate))
