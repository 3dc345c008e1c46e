"""`replicate.prediction`: what a model at Replicate made, waited for, polled, or streamed.

Format: https://replicate.com/docs/reference/http. Some models are billed by the second, others by what they made.
"""

from __future__ import annotations

from typing import Any

from pytest_llmcassette.framing import sse
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.documents import DocumentAnswer, RoutedProtocol, counted
from pytest_llmcassette.protocols.http_errors import is_error
from pytest_llmcassette.protocols.json_stream import Events, is_event_stream
from pytest_llmcassette.protocols.media import media_of_url
from pytest_llmcassette.protocols.transcript import ExchangeError
from pytest_llmcassette.protocols.wire_values import as_dict, as_list, as_str, seconds_of

_ENDED = ("succeeded", "failed", "canceled", "aborted")
_COUNTS = {"input_token_count": "input_tokens", "output_token_count": "output_tokens"}
_UNITS = {"predict_time": "seconds", "image_count": "images", "image_output_count": "images", "video_count": "videos"}
_KINDS = {"mp4": "video", "webm": "video", "mov": "video", "mp3": "audio", "wav": "audio", "ogg": "audio"}
_ANSWERS = {"image": "image", "video": "video", "audio": "speech"}


class _Words(Events):
    """A stream's events: their data are words, not JSON."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self._stream = sse.parse(body)

    def __iter__(self) -> Any:
        """As events with their data as `words`."""
        for name, data in self._stream.events:
            self.count(name or "data")
            yield name, {"words": data}
        self.cut = self._stream.tail is not None


class _Prediction(DocumentAnswer):
    answers_with = "completion"

    def request_model(self) -> str | None:
        """The model in the URL (`/models/OWNER/NAME/predictions`), else the version that was asked for."""
        _, found, rest = self.exchange.path.removesuffix("/predictions").partition("/models/")
        return rest if found else as_str(self.exchange.asked("version"))

    def events(self) -> Events | None:
        """The words of a stream."""
        return _Words(self.exchange.body) if is_event_stream(self.exchange) else None

    def event(self, name: str, event: dict[str, Any]) -> None:
        """More words, or the end."""
        self._begun = True
        if name == "output":
            self.say(event["words"])
        elif name == "error":
            self.error = ExchangeError(status=None, type="error", message=event["words"])
        elif name == "done":
            self.ended = True

    def take(self, document: Any) -> None:
        """A prediction that has ended."""
        output = document.get("output")
        for one in output if isinstance(output, list) else [output]:
            if isinstance(one, str) and one.startswith(("https://", "data:")):
                kind = _KINDS.get(one.rpartition(".")[2], "image")
                self._choice.add(media_of_url(kind, one))
                self.answers_with = _ANSWERS[kind]
            elif isinstance(one, str):
                self.say(one)
            else:
                self.other("output", one)
        self.created = seconds_of(document.get("created_at"))
        self.stop(document.get("status"))
        metrics = as_dict(document.get("metrics"))
        tokens = {ours: metrics[theirs] for theirs, ours in _COUNTS.items() if metrics.get(theirs) is not None}
        units = {ours: metrics[theirs] for theirs, ours in _UNITS.items() if metrics.get(theirs) is not None}
        self.counts = counted(tokens, **units)


def _is_call(exchange: Exchange) -> bool:
    """A prediction that has ended, or its stream: what has only begun is polled."""
    if is_error(exchange):
        return exchange.posted_to != ""
    document = as_dict(exchange.response_json)
    return is_event_stream(exchange) or (document.get("status") in _ENDED and not as_list(document.get("results")))


PROTOCOLS = (RoutedProtocol("replicate.prediction", _Prediction, _is_call),)
