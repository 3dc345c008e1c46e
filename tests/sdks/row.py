"""A row of the table of SDKs: one SDK, one way to call it, one kind of answer."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple, Protocol

from faults import streams
from packaging.requirements import Requirement
from servers.staged import Gate, StagedServer

HELLO = [{"role": "user", "content": "hi"}]
JSON, SSE, NDJSON, AWS = (
    "application/json",
    "text/event-stream; charset=utf-8",
    "application/x-ndjson",
    "application/vnd.amazon.eventstream",
)
SYNC, ASYNC = "sync", "async"
PLAIN, STREAM, EMBEDDING = "plain", "stream", "embedding"


class Server(Protocol):
    """What a row is recorded from: `url`, and the `gate` that its client opens with the first event."""

    @property
    def gate(self) -> Gate: ...

    @property
    def url(self) -> str: ...


class Row(NamedTuple):
    """`ask(url, on_first)` calls the SDK and returns its result; it calls `on_first` when the first event has come."""

    sdk: str
    """As the README names it."""
    way: str
    what: str
    through: str
    """The library that it sends with."""
    needs: tuple[str, ...]
    """The requirements without which it is skipped."""
    ask: Callable[[str, Callable[[], None]], Any]
    serve: Callable[[], AbstractContextManager[Server]]

    @property
    def name(self) -> str:
        return f"{self.sdk}, {self.way}, {self.what}"

    def missing(self) -> str:
        """What is not installed, or in another version; empty where all is there."""
        for need in map(Requirement, self.needs):
            try:
                there = version(need.name)
            except PackageNotFoundError:
                return f"{need} is not installed"
            if not need.specifier.contains(there, prereleases=True):
                return f"{need} is not installed, but {there}"
        return ""


class Body(NamedTuple):
    """An answer over HTTP: what comes at once, and what comes when the client has seen that."""

    begin: bytes
    end: bytes = b""
    content_type: str = JSON


def document(name: str) -> Body:
    """One document of `faults.streams`."""
    return Body(streams.document(name))


def staged(body: bytes, content_type: str = SSE, mark: bytes = b"\n\n") -> Body:
    """A stream whose first two events come at once."""
    first, second, rest = body.split(mark, 2)
    return Body(first + mark + second + mark, rest, content_type)


def http_row(
    sdk: str,
    way: str,
    what: str,
    through: str,
    needs: tuple[str, ...],
    made: Callable[[str], Any],
    ask: Callable[[Any], Any],
    *bodies: Body,
    meaning: Callable[[Any], Any] | None = None,
) -> Row:
    """A row of an SDK that is a client: `made(url)` is one, `ask(client)` what is called on it.

    `meaning` is what of an event, or of the answer, must come back, where that is not all.
    """
    told = meaning or shown
    is_stream = any(body.end for body in bodies)

    def call(url: str, on_first: Callable[[], None]) -> Any:
        if way == SYNC:
            return _call(made(url), ask, told, on_first if is_stream else None)
        return asyncio.run(_call_async(lambda: made(url), ask, told, on_first if is_stream else None))

    def serve() -> StagedServer:
        return StagedServer([(body.begin, body.end) for body in bodies], [body.content_type for body in bodies])

    return Row(sdk, way, what, through, needs, call, serve)


def _call(
    client: Any, ask: Callable[[Any], Any], told: Callable[[Any], Any], on_first: Callable[[], None] | None
) -> Any:
    try:
        answer = ask(client)
        if on_first is None:
            return told(answer)
        found = []
        for event in answer:
            on_first()
            found.append(told(event))
        return found
    finally:
        getattr(client, "close", lambda: None)()


async def _call_async(
    made: Callable[[], Any], ask: Callable[[Any], Any], told: Callable[[Any], Any], on_first: Callable[[], None] | None
) -> Any:
    # Many a client is of the loop that it is made in.
    client = made()
    try:
        answer = ask(client)
        if inspect.isawaitable(answer):
            answer = await answer
        if on_first is None:
            return told(answer)
        found = []
        async for event in answer:
            on_first()
            found.append(told(event))
        return found
    finally:
        closing = getattr(client, "aclose", getattr(client, "close", lambda: None))()
        if inspect.isawaitable(closing):
            await closing


def shown(value: Any) -> Any:
    """A result as plain data, with its class."""
    for name in ("model_dump", "as_dict"):
        if hasattr(value, name):
            dump = getattr(value, name)
            data = dump(warnings=False) if name == "model_dump" else dump()
            return type(value).__name__, data
    return value


def module(name: str) -> Any:
    """An SDK, imported when its row is run and not before."""
    return import_module(name)


def embedded(vector: Any = (0.25, 0.5)) -> Body:
    """OpenAI's document of embeddings, as many hosts have it."""
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    usage = {"total_tokens": 1, "prompt_tokens": 1}
    return Body(json.dumps({"object": "list", "model": "m-1", "data": data, "usage": usage}).encode())
