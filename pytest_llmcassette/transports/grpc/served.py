"""How a recording answers one call: what the server in this process sends, and what the client says to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import grpc

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.cassette.model import FrameKind, Interaction, Outcome
from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.recorder.conversation import Conversation
from pytest_llmcassette.transports.carrying import Carrier
from pytest_llmcassette.transports.grpc.client_errors import Failed, failed_with
from pytest_llmcassette.transports.grpc.messages import as_json, metadata_of
from pytest_llmcassette.transports.unexpected import Fault

_END_SECONDS = 0.5
"""How long a client may take to end what it says, where nothing is left to be said."""
_TICK_SECONDS = 0.05
_CODES = {str(code.value[0]): code for code in grpc.StatusCode}

Serializer = Callable[[Any], bytes]


class Served:
    """One call. Its client tells what it says, in its own thread or loop; a thread of the server's answers.

    Of a stream of requests, `conversation` is what is recorded of it.
    """

    def __init__(self, carrier: Carrier, conversation: Conversation | None, fault: Fault) -> None:
        self._carrier = carrier
        self._fault = fault
        self._conversation = conversation
        self._deadline: float | None = None
        self._left = threading.Event()
        self._news = threading.Condition()
        self._told = 0
        self._has_said_all = False
        self.stop: CassetteStop | None = None
        """What has ended it. It is noted, so that the test fails with it, whatever the client makes of its status."""

    def waits(self, seconds: float | None) -> None:
        """The client's timeout."""
        self._deadline = None if seconds is None else Clock.perf_counter() + seconds

    def get(self, _: str) -> float | None:
        """What is left of it, as a `Carrier` asks for timeouts."""
        return None if self._deadline is None else max(0.0, self._deadline - Clock.perf_counter())

    def serializer(self, own: Serializer | None, *, raises: bool = False) -> Serializer:
        """What the call is to serialise with: there is compared what the client says.

        `raises`: what is raised there reaches the client. Else the server ends the call with it.
        """
        conversation = self._conversation
        if conversation is None:
            return lambda message: b""

        def serialize(message: Any) -> bytes:
            data = own(message) if own else message
            try:
                conversation.say(data, FrameKind.BINARY, as_json(message))
            except CassetteStop:
                if raises:
                    raise
            except Exception as error:
                # grpc would take it for one of the message's.
                raise self._fault(error) from error
            finally:
                self._tell()
            return data

        return serialize

    def _tell(self) -> None:
        with self._news:
            self._told += 1
            self._news.notify_all()

    def answer(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        """The messages of the answer; metadata and status are given to the server's `context`."""
        if not context.add_callback(self._leave):
            return
        self._carrier.wait_by(self._left.wait)
        try:
            head = self._carrier.begin({"timeout": self})
            if head.status != 200:
                raise failed_with(head.status, head.reason.decode("latin-1"))
            context.send_initial_metadata(metadata_of(head.headers))
            if self._conversation is None:
                yield from self._carrier
                _end_as(self._carrier.delivered, context)
            else:
                threading.Thread(target=self._listen, args=(requests,), daemon=True).start()
                yield from self._converse(self._conversation)
                _end_as(self._conversation.interaction, context)
        except Failed as failed:
            _end(context, failed.code, failed.message)
        except Exception as error:
            self._stop(self._fault(error), context)
        except CassetteStop as stop:
            self._stop(stop, context)

    def _stop(self, stop: CassetteStop, context: Any) -> None:
        self.stop = stop
        _end(context, grpc.StatusCode.ABORTED, str(stop))

    def _leave(self) -> None:
        self._left.set()
        self._tell()

    def _listen(self, requests: Iterator[bytes]) -> None:
        try:
            for _ in requests:
                """Said already, by the serialiser."""
        except Exception:
            # Cancelled: grpc raises a bare one.
            return
        self._has_said_all = True
        self._tell()

    def _converse(self, conversation: Conversation) -> Iterator[bytes]:
        while not self._left.is_set():
            told = self._told
            heard = conversation.hear()
            if heard is not None:
                self._left.wait(self._carrier.message_wait(heard))
                yield heard.frame.data
                continue
            may_end = conversation.is_over and conversation.interaction.outcome is Outcome.COMPLETE
            if may_end and self._has_said_all:
                return
            if self._has_said_all and not conversation.is_over:
                raise conversation.give_up()
            # A server may end a call before its client does.
            seconds = _END_SECONDS if may_end else _TICK_SECONDS
            with self._news:
                has_news = self._news.wait_for(lambda: self._told != told, seconds)  # noqa: B023
            if has_news:
                continue
            if may_end:
                return
            if conversation.has_waited(seconds):
                raise conversation.give_up()


def _end_as(interaction: Interaction, context: Any) -> None:
    """The recorded status, and the metadata that came with it."""
    trailer = interaction.response.trailer
    lines = [(name, value) for name, values in trailer.items() for value in values]
    context.set_trailing_metadata(
        metadata_of((name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in lines)
    )
    code = _CODES.get((trailer.get("Grpc-Status") or ["0"])[0], grpc.StatusCode.UNKNOWN)
    _end(context, code, (trailer.get("Grpc-Message") or [""])[0])


def _end(context: Any, code: grpc.StatusCode, details: str) -> None:
    context.set_code(code)
    context.set_details(details)
