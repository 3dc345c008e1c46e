"""The tee around a live response body, for clients of any kind."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator
from types import AsyncGeneratorType
from typing import Any

from pytest_llmcassette.cassette.model import CLOSED
from pytest_llmcassette.recorder.slot import RecordingSlot

EndReport = Callable[[RecordingSlot, BaseException], None]


class Tee:
    """A live response body: every piece reaches the client as soon as it has arrived, and the recording too."""

    def __init__(self, stream: Any, slot: RecordingSlot, report: EndReport) -> None:
        self._stream = stream
        self._slot = slot
        self._report = report

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._stream:
                self._slot.data(piece)
                yield piece
        except BaseException as error:
            self._report(self._slot, error)
            raise
        self._slot.end("")

    def close(self) -> None:
        self._slot.end(CLOSED)
        self._stream.close()


class AsyncTee:
    """`Tee` for the async pools. Cancellation (asyncio's or trio's) reaches it as an exception."""

    def __init__(self, stream: Any, slot: RecordingSlot, report: EndReport) -> None:
        self._stream = stream
        self._slot = slot
        self._report = report

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        pieces = self._stream.__aiter__()
        try:
            async for piece in pieces:
                self._slot.data(piece)
                yield piece
        except BaseException as error:
            self._report(self._slot, error)
            raise
        finally:
            # A generator that is left to the garbage collector closes its connection late, and trio warns of it.
            if isinstance(pieces, AsyncGeneratorType):
                await pieces.aclose()
        self._slot.end("")

    async def aclose(self) -> None:
        self._slot.end(CLOSED)
        await self._stream.aclose()
