"""go-vcr v4's schema, read from a YAML tree: every layout that go-vcr itself would read."""

from __future__ import annotations

import math
from typing import Any

from pytest_llmcassette.cassette.encoding import decode_base64
from pytest_llmcassette.cassette.go_vcr.duration import parse_duration
from pytest_llmcassette.cassette.model import (
    CLIENT,
    SERVER,
    Frame,
    FrameKind,
    Headers,
    Interaction,
    Message,
    Request,
    Response,
    defer_body,
)
from pytest_llmcassette.cassette.unreadable import shown
from pytest_llmcassette.cassette.yaml.fields import Fields, interactions_in

_YES = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})
_NO = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})


def interactions_of(root: dict[str, Any]) -> list[Interaction]:
    """The interactions of a `version: 2` document; raises `UnreadableError` with the place of the field."""
    return [_interaction(fields) for fields in interactions_in(root)]


def _interaction(own: Fields) -> Interaction:
    request, response = own.mapping("request"), own.mapping("response")
    return Interaction(
        request=_request(request),
        response=_response(response),
        phase=own.text("phase", ""),
        end=own.text("end", ""),
        end_message=own.text("end_message", ""),
        chunks=_chunks(own),
        frames=tuple(_frame(fields) for fields in own.mappings("frames")),
    )


def _common(fields: Fields) -> dict[str, Any]:
    return {
        "proto": fields.text("proto", "HTTP/1.1"),
        "proto_major": fields.whole("proto_major", 1),
        "proto_minor": fields.whole("proto_minor", 1),
        "transfer_encoding": _texts(fields, "transfer_encoding"),
        "trailer": _multimap(fields, "trailer"),
        "headers": _multimap(fields, "headers"),
    }


def _request(fields: Fields) -> Request:
    request = Request(
        **_common(fields),
        content_length=fields.whole("content_length", 0),
        host=fields.text("host", ""),
        remote_addr=fields.text("remote_addr", ""),
        request_uri=fields.text("request_uri", ""),
        form=_multimap(fields, "form"),
        url=fields.text("url"),
        method=fields.text("method"),
    )
    _defer(request, fields)
    return request


def _response(fields: Fields) -> Response:
    response = Response(
        **_common(fields),
        content_length=fields.whole("content_length", -1),
        uncompressed=_boolean(fields, "uncompressed"),
        status=fields.text("status", ""),
        code=fields.whole("code"),
        duration_ns=_duration(fields, "duration"),
    )
    # A file written by hand may leave these out; where a program wrote `proto` it wrote these, unless it was cut.
    if "proto" in fields.values:
        if "body" not in fields.values:
            raise fields.fault("body", "is missing")
        if fields.get("duration") is None:
            raise fields.fault("duration", "is missing")
    _defer(response, fields)
    return response


def _defer(message: Message, fields: Fields) -> None:
    value = fields.get("body")
    if isinstance(value, str):
        defer_body(message, lambda: value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, bytes):
        message.body = value
    elif value is not None:
        raise fields.fault("body", "is neither text nor !!binary")


def _chunks(fields: Fields) -> tuple[tuple[float, int], ...]:
    pairs = []
    for word in fields.text("chunks", "").split():
        at, _, size = word.partition("+")
        try:
            pair = float(at), int(size)
        except ValueError:
            pair = math.nan, 0
        if not math.isfinite(pair[0]) or pair[1] < 0:
            raise fields.fault("chunks", f"holds {shown(word)}, where each is MILLISECONDS+BYTES")
        pairs.append(pair)
    return tuple(pairs)


def _frame(fields: Fields) -> Frame:
    sender = fields.text("from")
    if sender not in (CLIENT, SERVER):
        raise fields.fault("from", f"is neither {CLIENT} nor {SERVER}: {shown(sender)}")
    kind = next((kind for kind in FrameKind if kind.value in fields.values), None)
    if kind is None:
        raise fields.fault("text", f"is missing, and so are {FrameKind.BINARY.value} and {FrameKind.CLOSE.value}")
    return Frame(
        sender=sender, data=_frame_data(fields, kind), kind=kind, at=_arrival(fields), json=fields.text("json", "")
    )


def _frame_data(fields: Fields, kind: FrameKind) -> bytes:
    written = fields.text(kind.value)
    if kind is not FrameKind.BINARY:
        return written.encode("utf-8", "surrogateescape")
    try:
        return decode_base64(written)
    except ValueError:
        raise fields.fault(kind.value, f"is no base64: {shown(written)}") from None


def _arrival(fields: Fields) -> float:
    written = fields.text("at", "0")
    try:
        at = float(written)
    except ValueError:
        at = math.nan
    if not math.isfinite(at):
        raise fields.fault("at", f"is no number of milliseconds: {shown(written)}")
    return at


def _boolean(fields: Fields, name: str) -> bool:
    value = fields.get(name)
    if value is None or (isinstance(value, str) and value in _NO):
        return False
    if isinstance(value, str) and value in _YES:
        return True
    raise fields.fault(name, f"is neither true nor false: {shown(value)}")


def _duration(fields: Fields, name: str) -> int:
    text = fields.text(name, "0s")
    try:
        return parse_duration(text)
    except ValueError:
        raise fields.fault(name, f"is no duration such as 1.5s or 412.5ms: {shown(text)}") from None


def _texts(fields: Fields, name: str) -> list[str]:
    return [fields.as_text(name, item) for item in fields.listed(name)]


def _multimap(fields: Fields, name: str) -> Headers:
    value = fields.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise fields.fault(name, "is no mapping of names to lists")
    found: Headers = {}
    for key, items in value.items():
        if not isinstance(items, list):
            raise fields.fault(name, f"has {shown(key)} with a value that is no list")
        found[key] = [fields.as_text(name, item) for item in items]
    return found
