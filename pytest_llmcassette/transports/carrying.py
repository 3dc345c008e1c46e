"""Carries a delivery out, for clients of any kind: waits, pieces and end, in threads, asyncio and trio."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterator
from typing import NoReturn

from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.replay.deliver import Delivery
from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.transports.client_errors import ClientErrors
from pytest_llmcassette.transports.loops import pause
from pytest_llmcassette.transports.unexpected import Fault


class Carrier:
    """One delivery on its way to one client. First `begin` or `begin_async`, then the body by iterating over this."""

    def __init__(
        self,
        delivery: Delivery,
        recorder: Recorder,
        errors: ClientErrors,
        fault: Fault,
        read_timeout: float | None = None,
    ) -> None:
        self._delivery = delivery
        self._recorder = recorder
        self._errors = errors
        self._fault = fault
        self._read_timeout = read_timeout
        self._timeout: Exception | None = None

    def begin(self) -> Head:
        """The head, when it is time; raises the client library's own error, or a `CassetteStop`, where none comes."""
        delivery = self._delivery
        if delivery.wait and self._is_to_sleep(delivery.wait):
            time.sleep(delivery.wait)
        if delivery.head is None:
            self._raise_end()
        return delivery.head

    async def begin_async(self) -> Head:
        """`begin`, in an event loop."""
        delivery = self._delivery
        if delivery.wait and self._is_to_sleep(delivery.wait):
            await pause(delivery.wait)
        if delivery.head is None:
            await self._give_time()
            self._raise_end()
        return delivery.head

    def __iter__(self) -> Iterator[bytes]:
        try:
            for seconds, piece in self._delivery.pieces:
                if seconds and self._is_to_sleep(seconds):
                    time.sleep(seconds)
                yield piece
        except Exception as error:
            if error is self._timeout:
                raise
            raise self._fault(error) from error
        end = self._delivery.end
        if end is not None:
            if end.silence and self._is_to_sleep(end.silence):
                time.sleep(end.silence)
            self._raise_end()

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        try:
            for seconds, piece in self._delivery.pieces:
                if seconds and self._is_to_sleep(seconds):
                    await pause(seconds)
                yield piece
        except Exception as error:
            if error is self._timeout:
                raise
            raise self._fault(error) from error
        if self._delivery.end is not None:
            await self._give_time()
            self._raise_end()

    async def _give_time(self) -> None:
        """The client left here when this was recorded (a lost race, a deadline, a cancelled task): let it again."""
        end = self._delivery.end
        if end is not None and end.patience:
            await pause(end.patience)
        if end is not None and end.silence and self._is_to_sleep(end.silence):
            await pause(end.silence)

    def _is_to_sleep(self, seconds: float) -> bool:
        """Whether a wait is to be slept; raises at once what a client meets that does not wait for so long."""
        if self._read_timeout is not None and seconds > self._read_timeout:
            self._timeout = self._errors.error("ReadTimeout", "The read operation timed out")
            raise self._timeout
        return self._delivery.sleeps

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
