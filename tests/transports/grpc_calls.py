"""One gRPC call in each of the ways that grpc's two APIs have for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio

KINDS = {"Stream": "unary_stream", "Gate": "unary_stream", "Endless": "unary_stream", "Collect": "stream_unary"}
KINDS["Talk"] = "stream_stream"
SYNC, AIO = "sync", "aio"
WAYS = {
    SYNC: {
        "unary_unary": ("call", "with_call", "future"),
        "unary_stream": ("iterator", "single-threaded"),
        "stream_unary": ("call", "with_call", "future"),
        "stream_stream": ("iterator",),
    },
    AIO: {
        "unary_unary": ("await",),
        "unary_stream": ("iterator", "read"),
        "stream_unary": ("await", "write"),
        "stream_stream": ("iterator", "write"),
    },
}
"""By API and kind."""


@dataclass
class Got:
    messages: list[Any] = field(default_factory=list)
    code: str = "OK"
    details: str | None = ""
    retry_after: str = ""


def kind_of(name: str) -> str:
    return KINDS.get(name, "unary_unary")


def ways() -> list[tuple[str, str, str]]:
    """Every API, kind and way, with the method of the server that is of this kind."""
    names = {kind: name for name, kind in reversed(KINDS.items())} | {"unary_unary": "Unary"}
    return [(api, names[kind], way) for api, kinds in WAYS.items() for kind, found in kinds.items() for way in found]


def call(
    api: str,
    target: str,
    name: str,
    *requests: Any,
    way: str = "",
    **options: Any,
) -> Got:
    """Of the options `form` are the serialisers; without them messages are bytes."""
    if api == AIO:
        return asyncio.run(call_async(target, name, *requests, way=way, **options))
    single = [(grpc.experimental.ChannelOptions.SingleThreadedUnaryStream, 1)] if way == "single-threaded" else []
    with grpc.insecure_channel(target, options=single) as channel:
        return call_on(channel, name, *requests, way=way, **options)


def call_on(
    channel: Any,
    name: str,
    *requests: Any,
    way: str = "",
    form: dict[str, Any] | None = None,
    on_message: Callable[[], None] = lambda: None,
    **options: Any,
) -> Got:
    way = way or WAYS[SYNC][kind_of(name)][0]
    stub = getattr(channel, kind_of(name))(f"/test.Calls/{name}", **(form or {}))
    request: Any = iter(requests) if kind_of(name).startswith("stream") else requests[0]
    got = Got()
    try:
        if way == "call":
            got.messages.append(stub(request, **options))
            return got
        if way == "with_call":
            response, ended = stub.with_call(request, **options)
            got.messages.append(response)
        elif way == "future":
            ended = stub.future(request, **options)
            got.messages.append(ended.result())
        else:
            ended = stub(request, **options)
            for message in ended:
                got.messages.append(message)
                on_message()
    except grpc.RpcError as error:
        return _failed(got, error)
    got.code, got.details = ended.code().name, ended.details()
    got.retry_after = dict(tuple(ended.trailing_metadata())).get("retry-after", "")
    return got


def _failed(got: Got, error: Any) -> Got:
    got.code, got.details = error.code().name, error.details()
    got.retry_after = dict(tuple(error.trailing_metadata() or ())).get("retry-after", "")
    return got


async def call_async(
    target: str,
    name: str,
    *requests: Any,
    way: str = "",
    form: dict[str, Any] | None = None,
    on_message: Callable[[], None] = lambda: None,
    **options: Any,
) -> Got:
    way = way or WAYS[AIO][kind_of(name)][0]
    got = Got()
    async with grpc.aio.insecure_channel(target) as channel:
        stub = getattr(channel, kind_of(name))(f"/test.Calls/{name}", **(form or {}))
        try:
            if way == "write":
                ended = stub(**options)
                await _write(ended, requests, got, reads=kind_of(name) == "stream_stream")
            else:
                request = _each(requests) if kind_of(name).startswith("stream") else requests[0]
                ended = stub(request, **options)
                await _read(ended, way, got, on_message)
        except grpc.RpcError as error:
            return _failed(got, error)
        got.code, got.details = (await ended.code()).name, await ended.details()
        got.retry_after = str(dict(tuple(await ended.trailing_metadata())).get("retry-after", ""))
    return got


async def _each(requests: tuple[Any, ...]) -> AsyncIterator[Any]:
    for request in requests:
        yield request


async def _read(ended: Any, way: str, got: Got, on_message: Callable[[], None]) -> None:
    if way == "await":
        got.messages.append(await ended)
    elif way == "read":
        while (message := await ended.read()) is not grpc.aio.EOF:
            got.messages.append(message)
            on_message()
    else:
        async for message in ended:
            got.messages.append(message)
            on_message()


async def _write(ended: Any, requests: tuple[Any, ...], got: Got, *, reads: bool) -> None:
    """Of a conversation each message is answered by two."""
    for request in requests:
        await ended.write(request)
        if reads:
            got.messages += [await ended.read(), await ended.read()]
    await ended.done_writing()
    if not reads:
        got.messages.append(await ended)
    else:
        assert await ended.read() is grpc.aio.EOF


def requests_of(name: str, make: Callable[[int], Any]) -> Iterator[Any]:
    """As many as the method's kind takes."""
    return (make(number) for number in range(3 if kind_of(name).startswith("stream") else 1))
