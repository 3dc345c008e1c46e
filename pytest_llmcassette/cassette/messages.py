"""What pydantic-ai's suite records beside HTTP: the messages of WebSockets, and xAI's gRPC calls, as plain values.

Neither file names a URL: that of a session is told by the model in it, that of a call by its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any
from urllib.parse import quote

from pytest_llmcassette.cassette.formats import Document, Format
from pytest_llmcassette.cassette.model import CLIENT, SERVER, Frame, FrameKind, Interaction, Request, Response
from pytest_llmcassette.cassette.vcrpy.parsed_body import json_text
from pytest_llmcassette.cassette.yaml.fields import Fields, interactions_in

_SENDERS = {"sent": CLIENT, "received": SERVER}
_KINDS = ("message", "close")
_REALTIME = "wss://{host}/v1/realtime?model={model}"
_LIVE = (
    "wss://generativelanguage.googleapis.com/ws/google.ai.generativelanguage.v1beta.GenerativeService"
    ".BidiGenerateContent"
)
_LIVE_ON_VERTEX = (
    "wss://aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent"
)
_RESPONSES = "wss://api.openai.com/v1/responses"
_UNKNOWN = "wss://not-recorded.invalid/"
_METHODS = {"sample": "GetCompletion", "stream": "GetCompletionChunk"}
_CALL = "https://api.x.ai:443/xai_api.Chat/"
_GRPC = "application/grpc"


def _items(document: Document) -> list[dict[str, Any]]:
    listed = document.root.get("interactions")
    items = listed if isinstance(listed, list) else []
    return [item for item in items if isinstance(item, dict)] if document.root.get("version") == "1" else []


def _is_websocket(document: Document) -> bool:
    items = _items(document)
    return bool(items) and all(item.get("kind") in _KINDS and "request" not in item for item in items)


def _is_grpc(document: Document) -> bool:
    items = _items(document)
    return bool(items) and all(_method(item) for item in items)


def _method(item: dict[str, Any]) -> str:
    """Which kind of call an item is; `""` for what is none that is known."""
    return next((kind for kind in _METHODS if set(item) == {f"request_{kind}", f"response_{kind}"}), "")


def _read_websocket(document: Document) -> list[Interaction]:
    """An interaction for each connection: a close ends one."""
    found: list[Interaction] = []
    frames: list[Frame] = []
    values: list[Any] = []
    for fields in interactions_in(document.root):
        if fields.text("kind") == "close":
            words = f"{fields.whole('code', 1005)} {fields.text('reason', '')}".rstrip()
            sender = _sender(fields) if "direction" in fields.values else SERVER
            frames.append(Frame(sender=sender, data=words.encode("utf-8", "surrogatepass"), kind=FrameKind.CLOSE))
            found.append(_connection(frames, values))
            frames, values = [], []
        else:
            frames.append(_frame(fields))
            values.append(fields.values.get("data"))
    return [*found, _connection(frames, values)] if frames else found


def _sender(fields: Fields) -> str:
    sender = _SENDERS.get(fields.text("direction"))
    if sender is None:
        raise fields.fault("direction", "is neither `sent` nor `received`")
    return sender


def _frame(fields: Fields) -> Frame:
    sender, data = _sender(fields), fields.values.get("data")
    if isinstance(data, bytes):
        return Frame(sender=sender, data=data, kind=FrameKind.BINARY)
    if isinstance(data, dict | list):
        return Frame(sender=sender, data=json_text(data, (*fields.place, "data")))
    return Frame(sender=sender, data=fields.text("data").encode("utf-8", "surrogatepass"))


def _connection(frames: list[Frame], values: list[Any]) -> Interaction:
    url = next(_urls(value for value in values if isinstance(value, dict)), _UNKNOWN)
    return Interaction(
        request=Request(method="GET", url=url, host=url.split("/")[2]),
        response=Response(code=101, status="101 Switching Protocols"),
        frames=tuple(frames),
    )


def _urls(messages: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Where such messages are sent to, by what says so first."""
    for message in messages:
        setup, session = message.get("setup"), message.get("session")
        if isinstance(setup, dict):
            yield _LIVE_ON_VERTEX if str(setup.get("model")).startswith("projects/") else _LIVE
        elif isinstance(session, dict) and "model" in session:
            model = str(session["model"])
            host = "api.x.ai" if model.startswith("grok") else "api.openai.com"
            yield _REALTIME.format(host=host, model=quote(model, safe=""))
        elif message.get("type") == "response.create" and "model" in message:
            yield _RESPONSES


def _read_grpc(document: Document) -> list[Interaction]:
    return [_call(fields, _method(fields.values)) for fields in interactions_in(document.root)]


def _call(fields: Fields, kind: str) -> Interaction:
    asked, answered = fields.mapping(f"request_{kind}"), fields.mapping(f"response_{kind}")
    url = _CALL + _METHODS[kind]
    pairs = (
        zip_longest(answered.listed("chunks_json"), answered.listed("chunks_raw"))
        if kind == "stream"
        else [(answered.get("json"), answered.get("raw"))]
    )
    headers = {"Content-Type": [_GRPC]}
    return Interaction(
        request=Request(
            method="POST",
            url=url,
            host=url.split("/")[2],
            headers=headers,
            body=_json(asked.get("json"), asked),
        ),
        response=Response(headers=dict(headers), trailer={"Grpc-Status": ["0"]}),
        frames=tuple(_message(tree, raw, answered) for tree, raw in pairs),
    )


def _message(tree: Any, raw: Any, fields: Fields) -> Frame:
    """One message, unwrapped: chunks are kept under a name of what they were handed out with."""
    inner = next(iter(tree.values())) if isinstance(tree, dict) and len(tree) == 1 else None
    said = inner if isinstance(inner, dict) else tree
    return Frame(
        sender=SERVER,
        data=raw if isinstance(raw, bytes) else b"",
        kind=FrameKind.BINARY,
        json=_json(said, fields).decode("utf-8", "surrogateescape"),
    )


def _json(tree: Any, fields: Fields) -> bytes:
    return b"" if tree is None else json_text(tree, fields.place)


FORMATS = (
    Format(name="WebSocket messages", suffixes=(".yaml", ".yml"), sniff=_is_websocket, read=_read_websocket),
    Format(name="xAI's gRPC calls", suffixes=(".yaml", ".yml"), sniff=_is_grpc, read=_read_grpc),
)
