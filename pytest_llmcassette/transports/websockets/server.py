"""The server of a recorded conversation, in memory: what a client's library sends it, and what that gets, as bytes.

The library itself stays as it is, its handshake, its messages and its errors: only what lies below it is replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from pytest_llmcassette.cassette.model import FrameKind, Outcome
from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.framing import websocket as wire
from pytest_llmcassette.recorder.conversation import Conversation
from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.exchange import Exchange

TICK_SECONDS = 0.05
"""How often a client that waits is looked at."""

_OPCODES = {FrameKind.TEXT: wire.TEXT, FrameKind.BINARY: wire.BINARY}
_KINDS = {wire.TEXT: FrameKind.TEXT, wire.BINARY: FrameKind.BINARY}
_SWITCHING = 101


class RecordedServer:
    """Answers one client. `is_awaited` tells whether its code waits for a message now.

    `receive` takes what the client sends, `next` gives what comes to it, and when; a stop that either raises is for
    whoever uses the connection. May be called from any thread.
    """

    def __init__(
        self, exchange: Exchange, carrier: Carrier, head: Head, is_awaited: Callable[[], bool] = lambda: True
    ) -> None:
        self.is_awaited = is_awaited
        self.is_over = False
        """Whether nothing comes any more: the connection is closed."""
        self.error: Exception | None = None
        """What the connection broke off with, where that is more than its end."""
        self.stop: CassetteStop | None = None
        self._exchange = exchange
        self._carrier = carrier
        self._head = head
        self._conversation: Conversation | None = None
        self._ready: list[bytes] = []
        self._asked: bytearray | None = bytearray()
        self._messages = wire.Messages()
        self._closing = False
        self._lock = Lock()

    def receive(self, data: bytes) -> None:
        """The client sends this; raises a `CassetteStop` for a message that the recording does not have."""
        with self._alone():
            self._receive(data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One thread at a time; who asks again after a stop meets it again."""
        with self._lock:
            try:
                yield
            except CassetteStop as stop:
                self.stop = stop
                raise
            except Exception as error:
                self.stop = self._exchange.fault(error)
                raise self.stop from error

    def _receive(self, data: bytes) -> None:
        if self._asked is not None:
            self._asked += data
            request, found, data = bytes(self._asked).partition(b"\r\n\r\n")
            if not found:
                return
            self._asked = None
            self._ready.append(self._answer(request))
        for opcode, payload in self._messages.feed(data):
            if opcode in _KINDS and self._conversation is not None:
                said = wire.json_in(payload) if opcode == wire.BINARY else ""
                self._conversation.say(payload, _KINDS[opcode], said)
            elif opcode == wire.PING:
                self._ready.append(wire.frame(wire.PONG, payload))
            elif opcode == wire.CLOSE:
                if not self._closing:
                    self._ready.append(wire.frame(wire.CLOSE, payload))
                self._closing = self.is_over = True

    def _answer(self, request: bytes) -> bytes:
        head, pieces = self._head, list[bytes]()
        lines = [b"HTTP/1.1 %d %b" % (head.status, head.reason)]
        if head.status == _SWITCHING:
            self._conversation = self._carrier.conversation
            key = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
            accepted = wire.accept_key(key.partition(b":")[2])
            lines += [b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Accept: " + accepted]
        else:
            pieces = list(self._carrier)
            self.is_over = True
        own = (b"upgrade", b"connection", b"content-length")
        lines += [b"%b: %b" % (name, value) for name, value in head.headers if not _is_own(name, own)]
        if head.status != _SWITCHING:
            lines.append(b"Content-Length: %d" % sum(map(len, pieces)))
        return b"\r\n".join(lines) + b"\r\n\r\n" + b"".join(pieces)

    def next(self, *, waited: bool = False) -> tuple[float, bytes] | None:
        """What comes next, and after how many seconds; None where nothing does before the client has said more.

        `waited`: `TICK_SECONDS` have passed in which nothing was due. Raises a stop for a client that waits in vain,
        and for one that is left from a test that is over.
        """
        with self._alone():
            if self.stop is not None:
                raise self.stop
            due = self._next()
            if due is None and waited:
                self._tick()
            return due

    def _next(self) -> tuple[float, bytes] | None:
        if self._ready:
            return 0.0, self._ready.pop(0)
        if self.is_over or self._closing or self._conversation is None:
            return None
        heard = self._conversation.hear()
        if heard is not None:
            data = heard.frame.data
            if heard.frame.kind is FrameKind.CLOSE:
                self._closing = True
                data = wire.frame(wire.CLOSE, wire.close_payload(data))
            else:
                data = wire.frame(_OPCODES[heard.frame.kind], data)
            return self._carrier.message_wait(heard), data
        if self._conversation.is_over and self._conversation.interaction.outcome is Outcome.FAILED:
            self.is_over = True
            if self._conversation.interaction.end in ("ReadError", "WriteError"):
                self.error = ConnectionResetError(self._conversation.interaction.end_message)
        return None

    def _tick(self) -> None:
        conversation = self._conversation
        if conversation is None or self.is_over or self._closing:
            return
        if self._exchange.recorder.closed:
            raise conversation.late()
        if self.is_awaited() and conversation.has_waited(TICK_SECONDS):
            raise conversation.give_up()


def _is_own(name: bytes, own: tuple[bytes, ...]) -> bool:
    """Whether a header speaks of this connection, and not of the recorded one's."""
    name = name.lower()
    return name in own or (name.startswith(b"sec-websocket-") and name != b"sec-websocket-protocol")
