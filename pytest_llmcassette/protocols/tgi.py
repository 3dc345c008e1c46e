"""`tgi.generate`: Hugging Face's Text Generation Inference, streamed or plain, also as SageMaker serves it.

Format: https://huggingface.github.io/text-generation-inference/. The prompt's tokens are counted where that is
asked for (`decoder_input_details`), and at the end of a stream.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol
from pytest_llmcassette.protocols.http_errors import is_error
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_list, as_str, dict_list


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


def _is_call(exchange: Exchange) -> bool:
    """`/generate`, `/generate_stream`, the root of an inference endpoint, SageMaker's `/endpoints/NAME/invocations`.

    By the look of the answer: `/generate` is a path of many.
    """
    if is_error(exchange):
        return exchange.asked("inputs") is not None
    return b'"generated_text"' in exchange.body


PROTOCOLS = (RoutedProtocol("tgi.generate", _Generation, _is_call),)
