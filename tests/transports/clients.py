"""One request through each HTTP library and event loop that the cassette has to serve alike."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KINDS = tuple(f"{library}-{loop}" for library in ("httpx", "httpx2") for loop in ("sync", "asyncio", "trio"))


@dataclass
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    version: str
    reason: str
    pieces: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    def header(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.headers if key.lower() == name.lower().encode()]


def library_of(kind: str) -> Any:
    return importlib.import_module(kind.partition("-")[0])


def fetch(
    kind: str,
    method: str,
    url: str,
    *,
    on_piece: Callable[[bytes], None] = lambda piece: None,
    stop_after: int | None = None,
    client: dict[str, Any] | None = None,
    **request: Any,
) -> Answer:
    """One streamed request; stops reading after `stop_after` pieces and closes the response."""
    library = library_of(kind)
    # Without verify=False each client loads a CA bundle, which takes longer than everything else here.
    options = {"timeout": 5.0, "verify": False, **(client or {})}
    if kind.endswith("-sync"):
        with library.Client(**options) as sync_client, sync_client.stream(method, url, **request) as response:
            answer = _answer(response)
            for piece in response.iter_bytes():
                answer.pieces.append(piece)
                on_piece(piece)
                if len(answer.pieces) == stop_after:
                    break
        return answer

    async def run() -> Answer:
        async with (
            library.AsyncClient(**options) as async_client,
            async_client.stream(method, url, **request) as response,
        ):
            answer = _answer(response)
            async for piece in response.aiter_bytes():
                answer.pieces.append(piece)
                on_piece(piece)
                if len(answer.pieces) == stop_after:
                    break
        return answer

    got: Answer = run_async(kind, run)
    return got


def run_async(kind: str, function: Callable[[], Any]) -> Any:
    if kind.endswith("trio"):
        import trio

        return trio.run(function)
    return asyncio.run(function())


def _answer(response: Any) -> Answer:
    return Answer(response.status_code, response.headers.raw, response.http_version, response.reason_phrase)
