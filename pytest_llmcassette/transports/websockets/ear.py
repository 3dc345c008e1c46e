"""A live connection, heard for the recording: the bytes of both sides, which reach the other as ever."""

from __future__ import annotations

import io
import re
from http.client import HTTPException, HTTPResponse
from typing import Any

from pytest_llmcassette.cassette.model import CLIENT, SERVER, FrameKind
from pytest_llmcassette.framing import websocket as wire
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.transports.exchange import Exchange
from pytest_llmcassette.transports.live import LiveAnswer

_KINDS = {wire.TEXT: FrameKind.TEXT, wire.BINARY: FrameKind.BINARY}
_SWITCHING = 101
_STATUS_LINE = re.compile(rb"HTTP/[\d.]+ \d+")


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
        try:
            for opcode, payload in self._client_said.feed(data):
                if opcode in _KINDS:
                    self.exchange.check_message(payload)
                    self._tell(CLIENT, opcode, payload)
                elif opcode == wire.CLOSE and not self._is_closed:
                    self._is_closed = True
                    self.answer.frame(CLIENT, wire.close_words(payload), FrameKind.CLOSE)
                    self.answer.is_left()
        except Exception as error:
            raise self.exchange.fault(error) from error

    def receives(self, data: bytes) -> None:
        """This has arrived."""
        try:
            for opcode, payload in self._server_said.feed(data):
                if opcode in _KINDS:
                    self._tell(SERVER, opcode, payload)
                elif opcode == wire.CLOSE and not self._is_closed:
                    self._is_closed = True
                    self.answer.frame(SERVER, wire.close_words(payload), FrameKind.CLOSE)
                    self.answer.is_whole()
        except Exception as error:
            raise self.exchange.fault(error) from error

    def _tell(self, sender: str, opcode: int, payload: bytes) -> None:
        self.answer.frame(sender, payload, _KINDS[opcode], wire.json_in(payload) if opcode == wire.BINARY else "")

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
        self._answered: bytearray | None = bytearray()
        self._is_refused = False

    def sends(self, data: bytes) -> None:
        """See `Ear`."""
        if self._asked is not None:
            self._asked += data
            _, found, data = bytes(self._asked).partition(b"\r\n\r\n")
            if not found:
                return
            self._asked = None
        super().sends(data)

    def receives(self, data: bytes) -> None:
        """See `Ear`."""
        if self._answered is not None:
            self._answered += data
            head, found, rest = bytes(self._answered).partition(b"\r\n\r\n")
            if not found or self._is_refused or not _STATUS_LINE.match(head):
                # No HTTP: the client will say so.
                return
            status, reason, headers = _read_head(head)
            self.answer.head(status, reason, headers, "HTTP/1.1")
            self._is_refused = status != _SWITCHING
            if self._is_refused:
                return
            self._answered, data = None, rest
            self.agree(b", ".join(v for n, v in headers if n.lower() == b"sec-websocket-extensions").decode("latin-1"))
        super().receives(data)

    def is_lost(self, error: BaseException | None) -> None:
        """See `Ear`."""
        self._refuse() if self._is_refused else super().is_lost(error)

    def is_left(self) -> None:
        """See `Ear`."""
        self._refuse() if self._is_refused else super().is_left()

    def _refuse(self) -> None:
        """The handshake was answered by something else, which is whole by now."""
        if self._answered is not None:
            self.answer.data(_body(bytes(self._answered)))
            self._answered = None
            self.answer.is_whole()


def _read_head(head: bytes) -> tuple[int, str, RawHeaders]:
    first, *lines = head.split(b"\r\n")
    _, _, rest = first.partition(b" ")
    status, _, reason = rest.partition(b" ")
    pairs = [line.partition(b":") for line in lines]
    return int(status), reason.decode("latin-1"), [(name, value.strip()) for name, _, value in pairs]


class _Wire:
    """Bytes, for the standard library's parser."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *args: Any) -> io.BytesIO:
        return io.BytesIO(self._data)


def _body(answer: bytes) -> bytes:
    response = HTTPResponse(_Wire(answer))  # type: ignore[arg-type]
    try:
        response.begin()
        return response.read()
    except HTTPException:
        return answer.partition(b"\r\n\r\n")[2]
