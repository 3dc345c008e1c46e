"""Carries a delivery out, for clients of any kind: waits, pieces and end, in threads, asyncio and trio."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.replay.deliver import Delivery, End
from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.replay.timing import message_wait
from pytest_llmcassette.transports.client_errors import ClientErrors
from pytest_llmcassette.transports.loops import pause
from pytest_llmcassette.transports.unexpected import Fault

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.conversation import Conversation, Heard

Asked = Mapping[str, Any]
"""What a client asks of its connection, in the form of httpcore's request extensions."""
_NOTHING: Asked = {}
_FOR_EVER = 24 * 3600.0
"""Seconds that a client hangs which has no timeout: not to be outlived."""


class Carrier:
    """One delivery on its way to one client. First `begin` or `begin_async`, then the body by iterating over this."""

    def __init__(self, delivery: Delivery, recorder: Recorder, errors: ClientErrors, fault: Fault) -> None:
        self._delivery = delivery
        self._recorder = recorder
        self._errors = errors
        self._fault = fault
        self._asked: Asked = _NOTHING
        self.conversation: Conversation | None = None
        """What both sides say behind this head; None for an answer that has a body alone."""
        self._wait_by: Callable[[float], bool] | None = None

    @property
    def recorded(self) -> Interaction:
        """The recording."""
        return self._delivery.interaction

    @property
    def delivered(self) -> Interaction:
        """The recording, or what a change has made of it."""
        return self._delivery.altered or self._delivery.interaction

    def wait_by(self, wait: Callable[[float], bool]) -> None:
        """Wait by this instead of sleeping: it returns early, and true, where the client has left.

        Such a client is given time to leave, as an async one is.
        """
        self._wait_by = wait

    def _sleep(self, seconds: float) -> None:
        (self._wait_by or time.sleep)(seconds)

    def begin(self, asked: Asked = _NOTHING) -> Head:
        """The head, when it is time; raises the client library's own error, or a `CassetteStop`, where none comes.

        `asked` has the client's timeouts, in httpcore's form: `{"timeout": {"read": seconds}}`.
        """
        delivery = self._delivery
        self._asked = asked
        if delivery.wait:
            self._sleep(self._wait(delivery.wait))
        if delivery.head is None:
            if self._is_left():
                raise self._errors.error("ReadError", "the client has left")
            self._raise_end()
        return delivery.head

    async def begin_async(self, asked: Asked = _NOTHING) -> Head:
        """`begin`, in an event loop."""
        delivery = self._delivery
        self._asked = asked
        if delivery.wait:
            await pause(self._wait(delivery.wait))
        if delivery.head is None:
            await self._give_time()
            self._raise_end()
        return delivery.head

    def _wait(self, seconds: float) -> float:
        """How long to sleep where this is waited for; a client that does not wait so long gets its timeout then."""
        delivery = self._delivery
        failing = "" if delivery.head is not None or delivery.end is None else delivery.end.kind
        phase = next((name for name in ("Connect", "Pool", "Write") if failing.startswith(name)), "Read")
        limit = self._asked.get("timeout", _NOTHING).get(phase.lower())
        if limit is not None and limit < seconds:
            seconds = limit
            delivery.head = None
            delivery.end = End(f"{phase}Timeout", "timed out")
            if not delivery.comes_again:
                self._recorder.comes_again(delivery.interaction, delivery.altered or delivery.interaction)
        elif seconds == inf:
            return _FOR_EVER
        return seconds if delivery.sleeps else 0.0

    def message_wait(self, heard: Heard) -> float:
        """How long to wait for a message of a conversation, in seconds."""
        if not self._delivery.sleeps:
            return 0.0
        return message_wait(self._recorder.config.timing, heard.gap, is_first=heard.is_first)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for seconds, piece in self._delivery.pieces:
                if seconds:
                    self._sleep(self._wait(seconds))
                    if self._delivery.head is None:
                        break
                yield piece
        except Exception as error:
            raise self._fault(error) from error
        if self._delivery.end is not None and not self._is_left():
            self._raise_end()

    def _is_left(self) -> bool:
        """Whether the client leaves before the end is told to it."""
        end = self._delivery.end
        if end is not None and end.silence:
            self._sleep(self._wait(end.silence))
        return self._wait_by is not None and end is not None and self._wait_by(end.patience)

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        try:
            for seconds, piece in self._delivery.pieces:
                if seconds:
                    await pause(self._wait(seconds))
                    if self._delivery.head is None:
                        break
                yield piece
        except Exception as error:
            raise self._fault(error) from error
        if self._delivery.end is not None:
            await self._give_time()
            self._raise_end()

    async def _give_time(self) -> None:
        """The client left here when this was recorded (a lost race, a deadline, a cancelled task): let it again."""
        end = self._delivery.end
        if end is not None and end.patience:
            await pause(end.patience)
        if end is not None and end.silence:
            await pause(self._wait(end.silence))

    def _raise_end(self) -> NoReturn:
        end = self._delivery.end
        assert end is not None
        if end.stop is not None:
            raise self._recorder.note(end.stop)
        raise self._errors.error(end.kind, end.message)

    def close(self) -> None:
        """Nothing is held open."""

    async def aclose(self) -> None:
        """Nothing is held open."""
