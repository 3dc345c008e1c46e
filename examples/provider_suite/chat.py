"""The suite's own words for a chat, so that one scenario serves every SDK."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_llmcassette import Provider


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call as the SDK gave it."""

    id: str | None
    name: str
    arguments: Mapping[str, Any]

    @property
    def json(self) -> str:
        return json.dumps(self.arguments)


@dataclass(frozen=True, kw_only=True)
class Tool:
    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A question. `answered` holds the tool calls of the model's last answer with what the tools said."""

    text: str
    tools: tuple[Tool, ...] = ()
    answered: tuple[tuple[Call, str], ...] = ()
    image: bytes | None = None
    schema: Mapping[str, Any] | None = None
    think: bool = False
    model: str | None = None

    @property
    def image_base64(self) -> str:
        return base64.b64encode(self.image or b"").decode()

    @property
    def image_uri(self) -> str:
        return f"data:image/png;base64,{self.image_base64}"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer as the SDK gave it."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[Call, ...] = field(default=())


class Builder(ABC):
    """How one SDK asks and what it makes of the answer.

    A subclass says six things; the scenarios then run plain and streamed, sync and async.
    """

    error: type[Exception]
    """What the SDK raises for an HTTP error."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider

    @abstractmethod
    def client(self, *, asynchronous: bool) -> Any:
        """A client, as a context manager that closes it."""

    @abstractmethod
    def request(self, ask: Ask) -> dict[str, Any]:
        """The question as the SDK's arguments."""

    @abstractmethod
    def send(self, client: Any, request: dict[str, Any]) -> Any:
        """Ask for the whole answer."""

    @abstractmethod
    def read(self, answer: Any) -> Reply:
        """The SDK's answer in the suite's words."""

    @abstractmethod
    def streaming(self, client: Any, request: dict[str, Any]) -> Any:
        """Ask for a stream."""

    @abstractmethod
    def final(self, stream: Any) -> Any:
        """What the SDK put together from a stream, for `read`."""

    def plain(self, ask: Ask) -> Reply:
        with self.client(asynchronous=False) as client:
            return self.read(self.send(client, self.request(ask)))

    def stream(self, ask: Ask) -> Reply:
        with self.client(asynchronous=False) as client, self.streaming(client, self.request(ask)) as stream:
            return self.read(self.final(stream))

    async def async_plain(self, ask: Ask) -> Reply:
        async with self.client(asynchronous=True) as client:
            return self.read(await self.send(client, self.request(ask)))

    async def async_stream(self, ask: Ask) -> Reply:
        async with (
            self.client(asynchronous=True) as client,
            self.streaming(client, self.request(ask)) as stream,
        ):
            return self.read(await self.final(stream))


class ChunkBuilder(Builder):
    """For an SDK whose streams are mere chunks: `read` gets the list of them, of one chunk for a plain answer."""

    def final(self, stream: Any) -> Any:
        return stream

    def plain(self, ask: Ask) -> Reply:
        with self.client(asynchronous=False) as client:
            return self.read([self.send(client, self.request(ask))])

    def stream(self, ask: Ask) -> Reply:
        with self.client(asynchronous=False) as client:
            return self.read(list(self.streaming(client, self.request(ask))))

    async def async_plain(self, ask: Ask) -> Reply:
        async with self.client(asynchronous=True) as client:
            return self.read([await self.send(client, self.request(ask))])

    async def async_stream(self, ask: Ask) -> Reply:
        async with self.client(asynchronous=True) as client:
            return self.read([chunk async for chunk in await self.streaming(client, self.request(ask))])
