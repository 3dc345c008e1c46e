"""Bodies as they are compared: by structure where they have one, else byte for byte."""

from __future__ import annotations

from collections.abc import Hashable

from pytest_llmcassette.cassette.form import is_form, unescape
from pytest_llmcassette.cassette.multipart import find_parts, is_multipart
from pytest_llmcassette.matching.json_paths import JsonPaths
from pytest_llmcassette.matching.json_values import Json, canonical, canonical_value, on_deep_stack, parse

FormFields = list[tuple[str, str]]


def body_key(body: bytes, content_type: str, ignored: JsonPaths) -> Hashable:
    """Equal for bodies that say the same: JSON by structure, a form by its fields, multipart by its parts.

    Everything else is compared as bytes, CRLF taken as LF as the Go side does. A recording may lack the content type,
    so that the kind is read from the body where the content type names neither form nor multipart.
    """
    if not body:
        return None
    if is_multipart(body, content_type):
        parts = multipart_parts(body, content_type)
        if parts is not None:
            return tuple((headers, body_key(content, "text/plain", ignored)) for headers, content in parts)
    key = json_key(body, ignored)
    if key is not None:
        return key
    if is_form(body, content_type):
        return ("form", *form_fields(body))
    return body.replace(b"\r\n", b"\n")


def json_key(body: bytes, ignored: JsonPaths) -> Hashable:
    """Equal for two JSON bodies that differ in nothing but what is ignored; None for no JSON, or one too deep."""
    try:
        if not ignored:
            return "json", on_deep_stack(lambda: canonical(body))
        return "json", on_deep_stack(lambda: canonical_value(json_value(body, ignored)))
    except (ValueError, RecursionError):
        return None


def json_value(body: bytes, ignored: JsonPaths) -> Json:
    """The JSON body without what is ignored; raises `ValueError` when it is none, or nested too deeply."""
    try:
        value = on_deep_stack(lambda: parse(body))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    ignored.remove_from(value)
    return value


def multipart_parts(body: bytes, content_type: str) -> list[tuple[tuple[tuple[str, str], ...], bytes]] | None:
    """Headers (in alphabetical order) and content of each part, whatever the boundary; None when there are none."""
    parts = find_parts(body, content_type)
    if parts is None:
        return None
    return [(tuple(sorted(part.headers.items())), body[part.start : part.end]) for part in parts]


def form_fields(body: bytes) -> FormFields:
    """The fields in alphabetical order, equal names in the order they came."""
    fields = []
    for pair in body.decode("utf-8", "surrogateescape").split("&"):
        if pair:
            name, _, value = pair.partition("=")
            fields.append((unescape(name).replace("\r\n", "\n"), unescape(value).replace("\r\n", "\n")))
    fields.sort(key=lambda field: field[0])
    return fields
