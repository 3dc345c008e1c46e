"""Request bodies, read into memory: JSON, forms, files, generators are payloads, which write themselves."""

from __future__ import annotations

from typing import Any

from aiohttp import ClientConnectionError
from aiohttp.payload import BytesPayload


class _Sink:
    """Takes what a payload writes."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    async def write(self, piece: Any) -> None:
        self.pieces.append(bytes(piece))


async def read_body(request: Any) -> bytes:
    """The whole body, which can still be sent; as it is before `compress=` is applied."""
    payload = request.body
    if isinstance(payload, bytes | bytearray):
        return bytes(payload)
    sink = _Sink()
    try:
        await payload.write(sink)
    except Exception as error:
        # As aiohttp tells it: a generator of the user's raised this.
        raise ClientConnectionError(f"Failed to send bytes into the underlying connection: {error!r}") from error
    body = b"".join(sink.pieces)
    if not isinstance(payload, BytesPayload):
        _keep(payload, body)
    return body


def _keep(payload: Any, body: bytes) -> None:
    """Let a payload that may be used up by now write what it held, as often as it is asked to."""

    async def write(writer: Any, *_: Any, **__: Any) -> None:
        await writer.write(body)

    async def write_with_length(writer: Any, length: int | None) -> None:
        await writer.write(body if length is None else body[:length])

    payload.write = write
    payload.write_with_length = write_with_length
