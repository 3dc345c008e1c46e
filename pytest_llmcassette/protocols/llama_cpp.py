"""`llamacpp.completion`: the own API of llama.cpp's server, streamed or plain; also of what is filled in (`/infill`).

Format: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#api-endpoints.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol
from pytest_llmcassette.protocols.http_errors import is_error
from pytest_llmcassette.protocols.usage import Usage
from pytest_llmcassette.protocols.wire_values import as_dict, as_int, as_str

# Before `stop_type` the reason was one of these flags.
_FLAGS = {"stopped_eos": "eos", "stopped_word": "stop", "stopped_limit": "limit"}


class _Completion(DocumentAnswer):
    takes = (dict, list)
    answers_with = "completion"

    def take(self, document: Any) -> None:
        """A whole completion, or one for each prompt."""
        for position, one in enumerate(document if isinstance(document, list) else [document]):
            self._add(as_dict(one), position)

    def piece(self, kind: str, event: dict[str, Any]) -> None:
        """More words; the last piece says why it ended and what it took."""
        self._add(event, None)
        self.ended = self.ended or event.get("stop") is True

    def _add(self, fields: dict[str, Any], key: object) -> None:
        self.model = as_str(fields.get("model")) or self.model
        self.say(fields.get("content"), key=key)
        if fields.get("stop") is not False:
            self.stop(as_str(fields.get("stop_type")) or next((w for f, w in _FLAGS.items() if fields.get(f)), None))
            usage = _usage(fields)
            self.counts = usage if self.counts is None or self.streamed else self.counts + usage


def _usage(fields: dict[str, Any]) -> Usage:
    names = ("tokens_evaluated", "tokens_predicted")
    return Usage(
        input_tokens=as_int(fields.get("tokens_evaluated")),
        output_tokens=as_int(fields.get("tokens_predicted")),
        cache_read_input_tokens=as_int(as_dict(fields.get("timings")).get("cache_n")),
        wire={name: fields[name] for name in names if name in fields},
    )


def _is_call(exchange: Exchange) -> bool:
    """`/completion` and `/infill`: by what was asked, and by the look of the answer."""
    asked = exchange.asked("prompt") is not None or exchange.asked("input_prefix") is not None
    if is_error(exchange):
        return asked
    return b'"tokens_predicted"' in exchange.body or (asked and b'"content"' in exchange.body)


PROTOCOLS = (RoutedProtocol("llamacpp.completion", _Completion, _is_call),)
