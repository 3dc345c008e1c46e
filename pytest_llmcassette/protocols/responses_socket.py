"""The Responses API over a WebSocket: events as in a stream, of one response after the other, or in lanes."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

from pytest_llmcassette.protocols.assembly import ProtocolRow
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.protocols.conversations import Conversation
from pytest_llmcassette.protocols.http_errors import error_object
from pytest_llmcassette.protocols.responses_stream import FORMS, ResponseAnswer, error_fields
from pytest_llmcassette.protocols.wire_values import as_int, as_str


class _Session(Conversation):
    """A session."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self._asked: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self._open: dict[str, ResponseAnswer] = {}
        self._model: str | None = None

    def request_model(self) -> str | None:
        """The model that was asked for last."""
        return self._model or super().request_model()

    def sent(self, message: dict[str, Any]) -> None:
        """A response that is asked for."""
        if message.get("type") == "response.create":
            self._asked[_lane(message)].append(message)
            self._model = as_str(message.get("model")) or self._model
            self.waiting = True

    def event(self, kind: str, message: dict[str, Any]) -> None:
        """An event of one response, or an error of none."""
        lane = _lane(message)
        if kind == "error" and lane not in self._open:
            self.error = error_object(error_fields(message), status=as_int(message.get("status")))
            self._begun(lane)
            self._settle()
        elif kind.startswith("response.") and not kind.startswith("response.steer"):
            answer = self._open[lane] if lane in self._open else self._open.setdefault(lane, self._begun(lane))
            answer.event(kind, message)
            if answer.ended:
                self._ended(lane)
        elif kind == "error":
            self._open[lane].event(kind, message)
            self._ended(lane)

    def _begun(self, lane: str) -> ResponseAnswer:
        """The response to what the lane asked for next."""
        asked = self._asked[lane].pop(0) if self._asked[lane] else {}
        interaction = self.exchange.interaction
        request = replace(interaction.request, body=json.dumps(asked).encode())
        return ResponseAnswer(Exchange(replace(interaction, request=request, end="")))

    def _ended(self, lane: str) -> None:
        answer = self._open.pop(lane)
        self._settle()
        answer.conclude()
        turn = answer.transcript(self.protocol)
        self.model = turn.model or self.model
        self.add(turn)

    def _settle(self) -> None:
        self.waiting = bool(self._open) or any(self._asked.values())

    def end(self) -> None:
        """What has begun and not ended."""
        for lane in list(self._open):
            self._ended(lane)
            self.waiting = True


def _is_session(exchange: Exchange) -> bool:
    """By URL. Each response is a turn."""
    return exchange.request.method.upper() == "GET" and exchange.path.rstrip("/").endswith("/responses")


def _lane(message: dict[str, Any]) -> str:
    return as_str(message.get("stream_id")) or ""


PROTOCOLS = (ProtocolRow("openai.responses", _Session, _is_session, FORMS),)
