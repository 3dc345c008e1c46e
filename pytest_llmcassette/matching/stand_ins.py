"""`REDACTED` in a recording stands for a secret, which may be known for one only later: live it is there in clear.

A token that one request sends in its body and the next one in a header was replaced in both when they were written.
On replay the first of them comes when nobody knows yet what its value is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.form import is_form
from pytest_llmcassette.cassette.headers import content_type_of
from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.cassette.multipart import find_parts, is_multipart
from pytest_llmcassette.matching.json_values import Json, on_deep_stack, parse, written
from pytest_llmcassette.redaction.names import REDACTED

_PLACEHOLDER = REDACTED.encode()


def as_recorded(sent: Request, recorded: Request) -> Request | None:
    """`sent` with `REDACTED` in the places where `recorded` has it; None where that changes nothing.

    Both are redacted by what is known now. A place is a text as a whole, or a part of one between what both say.
    """
    in_url, in_body = REDACTED in recorded.url, _PLACEHOLDER in recorded.body
    in_headers = {name: values for name, values in recorded.headers.items() if REDACTED in str(values)}
    if not (in_url or in_body or in_headers):
        return None
    shown = replace(
        sent,
        url=_url(recorded.url, sent.url) if in_url else sent.url,
        body=_body(recorded.body, sent.body, content_type_of(sent.headers)) if in_body else sent.body,
        headers={
            name: _texts(in_headers[name], values) if name in in_headers else values
            for name, values in sent.headers.items()
        },
    )
    return None if shown == sent else shown


def _text(recorded: str, sent: str) -> str:
    """`recorded` where each `REDACTED` in it stands for something in `sent`, else `sent`."""
    first, *others = recorded.split(REDACTED)
    if not others or not sent.startswith(first):
        return sent
    place = len(first)
    for number, known in enumerate(others, 1):
        # Of the last the end counts, of those before it the first place: a secret holds what is around it but seldom.
        found = len(sent) - len(known) if number == len(others) else sent.find(known, place + 1)
        if found <= place or not sent.endswith(known, found, found + len(known)):
            return sent
        place = found + len(known)
    return recorded


def _texts(recorded: Sequence[str], sent: Sequence[str]) -> list[str]:
    return [*map(_text, recorded, sent), *sent[len(recorded) :]]


def _url(recorded: str, sent: str) -> str:
    """Path and query; of the rest nothing that is secret is compared."""
    old, new = urlsplit(recorded), urlsplit(sent)
    return new._replace(path=_text(old.path, new.path), query=_pairs(old.query, new.query)).geturl()


def _pairs(recorded: str, sent: str) -> str:
    """The pairs of a query or form, of one name in their order."""
    values: dict[str, list[str]] = {}
    for pair in recorded.split("&"):
        name, _, value = pair.partition("=")
        values.setdefault(name, []).append(value)
    shown = []
    for pair in sent.split("&"):
        name, equals, value = pair.partition("=")
        of_name = values.get(name)
        shown.append(name + equals + _text(of_name.pop(0), value) if of_name else pair)
    return "&".join(shown)


def _body(recorded: bytes, sent: bytes, content_type: str) -> bytes:
    if is_multipart(sent, content_type):
        return _multipart(recorded, sent, content_type)
    try:
        old, new = on_deep_stack(lambda: (parse(recorded), parse(sent)))
        value = on_deep_stack(lambda: _json(old, new))
        # Written anew only where it has changed: otherwise its bytes say more than its value.
        return sent if value == new else written(value, like=sent)
    except (ValueError, RecursionError, IndexError):
        """No JSON, or one of them is empty."""
    old_text, new_text = recorded.decode("utf-8", "surrogateescape"), sent.decode("utf-8", "surrogateescape")
    shown = _pairs(old_text, new_text) if is_form(sent, content_type) else _text(old_text, new_text)
    return shown.encode("utf-8", "surrogateescape")


def _json(recorded: Json, sent: Json) -> Json:
    if isinstance(recorded, str) and isinstance(sent, str):
        return _text(recorded, sent)
    if isinstance(recorded, dict) and isinstance(sent, dict):
        return {name: _json(recorded[name], value) if name in recorded else value for name, value in sent.items()}
    if isinstance(recorded, list) and isinstance(sent, list):
        return [*map(_json, recorded, sent), *sent[len(recorded) :]]
    return sent


def _multipart(recorded: bytes, sent: bytes, content_type: str) -> bytes:
    # A recording has a boundary of its own, by its first line.
    old_parts, new_parts = find_parts(recorded, ""), find_parts(sent, content_type)
    pieces, written_to = [], 0
    for old, new in zip(old_parts or (), new_parts or (), strict=False):
        content = recorded[old.start : old.end]
        if _PLACEHOLDER in content:
            pieces += [sent[written_to : new.start], _body(content, sent[new.start : new.end], "text/plain")]
            written_to = new.end
    return b"".join([*pieces, sent[written_to:]])
