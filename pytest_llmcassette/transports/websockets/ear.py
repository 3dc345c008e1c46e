"""A live connection, heard for the recording: the bytes of both sides, which reach the other as ever."""

from __future__ import annotations

from pytest_llmcassette.cassette.model import CLIENT, SERVER, FrameKind
from pytest_llmcassette.framing import websocket as wire
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.exchange import Exchange
from pytest_llmcassette.transports.http1 import Unframed, extensions_in
from pytest_llmcassette.transports.live import LiveAnswer

_KINDS = {wire.TEXT: FrameKind.TEXT, wire.BINARY: FrameKind.BINARY}
_SWITCHING = 101


class Ear:
    """Hears messages, from behind the heads: of the client before they are sent, of the server when they arrive."""

    def __init__(self, answer: LiveAnswer, exchange: Exchange, extensions: str = "") -> None:
        self.answer = answer
        self.exchange = exchange
        self._client_said: wire.Messages
        self._server_said: wire.Messages
        self._is_closed = False
        self.agree(extensions)

    def agree(self, extensions: str) -> None:
        """Both sides have agreed upon these, the server's header says."""
        deflate = wire.deflate_of(extensions)
        self._client_said, self._server_said = wire.Messages(deflate, CLIENT), wire.Messages(deflate, SERVER)

    def sends(self, data: bytes) -> None:
        """The client is about to send this; raises a `CassetteStop` for what must not be sent."""
        self._hear(CLIENT, self._client_said, data)

    def receives(self, data: bytes) -> None:
        """This has arrived."""
        self._hear(SERVER, self._server_said, data)

    def _hear(self, sender: str, said: wire.Messages, data: bytes) -> None:
        try:
            for opcode, payload in said.feed(data):
                if opcode in _KINDS:
                    if sender == CLIENT:
                        self.exchange.check_message(payload)
                    json = wire.json_in(payload) if opcode == wire.BINARY else ""
                    self.answer.frame(sender, payload, _KINDS[opcode], json)
                elif opcode == wire.CLOSE and not self._is_closed:
                    self._is_closed = True
                    self.answer.frame(sender, wire.close_words(payload), FrameKind.CLOSE)
                    self.answer.is_left() if sender == CLIENT else self.answer.is_whole()
        except Exception as error:
            raise self.exchange.fault(error) from error

    def is_lost(self, error: BaseException | None) -> None:
        """Nothing comes any more."""
        if not self._is_closed:
            self._is_closed = True
            if error is None:
                self.answer.is_cut("connection closed without a close frame")
            else:
                self.answer.has_failed(error)

    def is_left(self) -> None:
        """The client has gone, without a word."""
        if not self._is_closed:
            self._is_closed = True
            self.answer.is_left()


class WholeEar(Ear):
    """Hears all of a connection, the handshake too."""

    def __init__(self, answer: LiveAnswer, exchange: Exchange) -> None:
        super().__init__(answer, exchange)
        self._asked: bytearray | None = bytearray()
        self._status = 0
        self._refusal: list[bytes] = []
        self._answered = Unframed("GET", self._head, self._refusal.append)

    def sends(self, data: bytes) -> None:
        """See `Ear`."""
        if self._asked is not None:
            self._asked += data
            _, found, data = bytes(self._asked).partition(b"\r\n\r\n")
            if not found:
                return
            self._asked = None
        super().sends(data)

    def _head(self, status: int, reason: str, headers: RawHeaders, version: str) -> None:
        self.answer.head(status, reason, headers, version)
        self._status = status
        self.agree(extensions_in(headers))

    def receives(self, data: bytes) -> None:
        """See `Ear`."""
        if self._status != _SWITCHING:
            self._answered.feed(data)
            data = self._answered.rest
        if self._status == _SWITCHING:
            super().receives(data)

    def is_lost(self, error: BaseException | None) -> None:
        """See `Ear`."""
        if not self._is_refused():
            super().is_lost(error)

    def is_left(self) -> None:
        """See `Ear`."""
        if not self._is_refused():
            super().is_left()

    def _is_refused(self) -> bool:
        """Whether the handshake was answered by something else, which is whole by now, and told."""
        is_refused = self._status not in (0, _SWITCHING)
        if is_refused and not self._is_closed:
            self._is_closed = True
            self.answer.data(b"".join(self._refusal))
            self.answer.is_whole()
        return is_refused
