"""Formats that are known by name only: their files are refused by what they are, and with what to do instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from pytest_llmcassette.cassette.formats import Document, Format
from pytest_llmcassette.cassette.unreadable import Place, UnreadableError
from pytest_llmcassette.cassette.yaml.fields import first_request

_AGAIN = "Record it again with this plugin."


def _is_websocket(item: dict[str, Any]) -> bool:
    return "kind" in item or "frames" in item


def _is_grpc(item: dict[str, Any]) -> bool:
    return any(key.startswith(("request_", "response_")) for key in item)


def _is_cassetters(item: dict[str, Any]) -> bool:
    # Of the document itself: what it has beside HTTP.
    if "ws_interactions" in item or "grpc_interactions" in item:
        return True
    request = item.get("request")
    body = request.get("body") if isinstance(request, dict) else None
    # A JSON request may have a type and a content itself.
    typed = isinstance(body, dict) and "content" in body and body.get("type") in ("json", "text", "binary")
    return "recorded_at" in item or typed


def _is_har(root: dict[str, Any]) -> bool:
    log = root.get("log")
    return isinstance(log, dict) and "entries" in log


def _is_old_go_vcr(root: dict[str, Any]) -> bool:
    return root.get("version") == "1" and "url" in first_request(root)


def _items(root: dict[str, Any]) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The document and its interactions: files exist that are HTTP and something else."""
    yield (), root
    items = root.get("interactions")
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield ("interactions", number), item


def _refused(name: str, shows: Callable[[dict[str, Any]], bool], problem: str, remedy: str) -> Format:
    def find(document: Document) -> Place | None:
        return next((place for place, item in _items(document.root) if shows(item)), None)

    def refuse(document: Document) -> NoReturn:
        raise UnreadableError(problem, remedy, place=find(document) or ())

    return Format(name=name, sniff=lambda document: find(document) is not None, read=refuse)


FORMATS = (
    _refused("HAR", _is_har, "this is a HAR file, as browsers and proxies write it", _AGAIN),
    _refused("WebSocket", _is_websocket, "these are recorded WebSocket messages, not HTTP", _AGAIN),
    _refused("gRPC", _is_grpc, "these are recorded gRPC calls (as xAI's SDK makes them), not HTTP", _AGAIN),
    _refused("cassetter", _is_cassetters, "this is a cassette in cassetter's own format", _AGAIN),
    _refused("old go-vcr", _is_old_go_vcr, "this is a cassette of go-vcr before v3 (its own version 1)", _AGAIN),
)
