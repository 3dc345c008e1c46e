"""Body streams: the tee around a live one, the replayed one, and a request body that was read into memory."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from types import AsyncGeneratorType
from typing import Any

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.slot import CLOSED, RecordingSlot
from pytest_llmcassette.replay import deliver

EndReport = Callable[[RecordingSlot, BaseException], None]


class Body:
    """A request body in memory, to be sent as often as the pool needs."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        yield self._body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


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


class Replay:
    """A recorded response body, for sync and async clients, with the end that it had."""

    def __init__(
        self,
        interaction: Interaction,
        recorder: Recorder,
        error: Callable[[str, str], Exception],
        *,
        instant: bool,
    ) -> None:
        self._interaction = interaction
        self._recorder = recorder
        self._error = error
        self._instant = instant

    def __iter__(self) -> Iterator[bytes]:
        if self._instant:
            yield from deliver.pieces(self._interaction)
        else:
            for delay, piece in deliver.timed_pieces(self._interaction):
                time.sleep(delay)
                yield piece
        if self._interaction.end:
            self._raise_end()

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        if self._instant:
            for piece in deliver.pieces(self._interaction):
                yield piece
        else:
            for delay, piece in deliver.timed_pieces(self._interaction):
                await pause(delay)
                yield piece
        if self._interaction.end == CLOSED:
            await pause(deliver.CANCELLED_SECONDS)
        if self._interaction.end:
            self._raise_end()

    def _raise_end(self) -> None:
        if self._interaction.end == CLOSED:
            raise self._recorder.note(deliver.truncated(self._interaction))
        raise self._error(self._interaction.end, self._interaction.end_message)

    def close(self) -> None:
        """Nothing is held open."""

    async def aclose(self) -> None:
        """Nothing is held open."""


async def pause(seconds: float) -> None:
    """Sleep in the event loop that runs: asyncio's (uvloop too) or trio's."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        await asyncio.sleep(seconds)
        return
    import trio

    await trio.sleep(seconds)
