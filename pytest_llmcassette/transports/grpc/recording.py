"""A call that goes to the network, over the user's own channel: the recording is told what its serialisers hear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import grpc

from pytest_llmcassette.cassette.model import CLIENT, SERVER, FrameKind
from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder.requests import LiveRequest, RawHeaders, canonical_headers, refuse_placeholder
from pytest_llmcassette.transports.exchange import Exchange
from pytest_llmcassette.transports.grpc.messages import CONTENT_TYPE, as_json, headers_of, text_of
from pytest_llmcassette.transports.live import LiveAnswer

in_flight: dict[LiveCall, None] = {}
"""Those that may still be asked for their channel's credentials."""


class LiveCall:
    """One call. All of this is told from whatever thread grpc reads in."""

    def __init__(self, exchange: Exchange, answer: LiveAnswer, url: str) -> None:
        self.url = url
        self.stop: CassetteStop | None = None
        """Why it must not go on."""
        self._exchange = exchange
        self._answer = answer
        self._headers: RawHeaders | None = None
        self.at_message: Callable[[], None] | None = None
        """What is to be told when the next message has come."""
        in_flight[self] = None

    def serializer(self, own: Callable[[Any], bytes] | None) -> Callable[[Any], bytes]:
        """That of a stream of requests, heard."""

        def serialize(message: Any) -> bytes:
            data = own(message) if own else message
            self._hear(CLIENT, data, message)
            return data

        return serialize

    def deserializer(self, own: Callable[[bytes], Any] | None) -> Callable[[bytes], Any]:
        """The user's own, heard."""

        def deserialize(data: bytes) -> Any:
            message = own(data) if own else data
            self._hear(SERVER, data, message)
            if self.at_message is not None:
                self.at_message()
            return message

        return deserialize

    def _hear(self, sender: str, data: bytes, message: Any) -> None:
        try:
            if sender == SERVER:
                self._head()
            self._answer.frame(sender, data, FrameKind.BINARY, as_json(message))
        except Exception as error:
            # Noted, and the test fails with it: raised it would end grpc's thread, and others' calls.
            self._exchange.fault(error)

    def _head(self) -> RawHeaders:
        if self._headers is None:
            # Its metadata is added at the end, when all of grpc's threads know it.
            self._headers = [CONTENT_TYPE]
            self._answer.head(200, "OK", self._headers, "HTTP/2")
        return self._headers

    def ended(self, code: int, details: Any, initial: Any, trailing: Any) -> None:
        """The call has its status, of the server's or of grpc's own making."""
        text = details.decode("utf-8", "replace") if isinstance(details, bytes) else details or ""
        self._head().extend(headers_of(initial))
        lines = [(b"Grpc-Status", b"%d" % code), *headers_of(trailing)]
        if text:
            lines.insert(1, (b"Grpc-Message", text.encode("utf-8", "surrogateescape")))
        self._answer.trailer(lines)
        in_flight.pop(self, None)
        self._answer.is_whole()

    def left(self) -> None:
        """The client has cancelled it, or lets it go."""
        in_flight.pop(self, None)
        self._answer.is_left()

    def carries(self, headers: RawHeaders) -> None:
        """What its channel's credentials add; raises a `CassetteStop` where it must not be sent with it."""
        if self.stop is not None:
            # A service config has it tried again.
            raise self.stop
        recorder = self._exchange.recorder
        recorder.known.learn_headers(canonical_headers(headers))
        try:
            refuse_placeholder(LiveRequest("POST", self.url, headers, b""), recorder.owner, recorder.shown)
        except CassetteStop as stop:
            self.stop = recorder.note(stop)
            raise


def heard(service_url: Any, method: Any, callback: Callable[..., Any]) -> Callable[..., Any]:
    """`callback`, which a plugin of credentials gives the metadata of a call to, for the calls that are recorded."""
    path = f"{urlsplit(text_of(service_url)).path}/{text_of(method)}"

    def tell(metadata: Any, code: Any, details: Any) -> Any:
        try:
            for call in [call for call in tuple(in_flight) if call.url.endswith(path)]:
                call.carries(headers_of(metadata))
        except CassetteStop as stop:
            return callback(None, type(code)(grpc.StatusCode.UNAUTHENTICATED.value[0]), str(stop).encode())
        return callback(metadata, code, details)

    return tell
