"""The head of a recorded answer, as it is served: its status line and its header lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus

from pytest_llmcassette.cassette.encoding import is_still_encoded
from pytest_llmcassette.cassette.model import Interaction, Outcome, Response
from pytest_llmcassette.recorder.requests import RawHeaders
from pytest_llmcassette.replay.pieces import is_stream

_HOP_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "keep-alive", "trailer"})


@dataclass(slots=True)
class Head:
    """What comes before the body. `version` is as HTTP names it: `HTTP/1.1`, `HTTP/2`."""

    status: int
    reason: bytes
    version: bytes
    headers: RawHeaders


def head_of(interaction: Interaction, outcome: Outcome) -> Head:
    """The recorded head, without the headers that frame or encode a body which is stored plain."""
    response = interaction.response
    recorded = response.headers
    encoded = "Content-Encoding" in recorded and is_still_encoded(response)
    lines: RawHeaders = []
    for name, values in recorded.items():
        lower = name.lower()
        if lower in _HOP_HEADERS or (lower == "content-encoding" and not encoded):
            continue
        raw_name = name.encode("utf-8", "surrogateescape")
        for value in values:
            lines.append((raw_name, value.encode("utf-8", "surrogateescape")))
    if interaction.request.method == "HEAD" and response.content_length > 0:
        # It speaks of the body that a GET would have had.
        lines.append((b"Content-Length", b"%d" % response.content_length))
    elif outcome is Outcome.COMPLETE and _has_length(interaction):
        lines.append((b"Content-Length", b"%d" % len(response.body)))
    version = _version(response.proto_major, response.proto_minor)
    return Head(response.code, reason_phrase(response), version, lines)


@lru_cache(maxsize=16)
def _version(major: int, minor: int) -> bytes:
    return b"HTTP/2" if major == 2 else b"HTTP/%d.%d" % (major, minor)


def _has_length(interaction: Interaction) -> bool:
    """Whether a server would say how long this body is: recordings do without the header, since bodies are decoded."""
    response = interaction.response
    if "Content-Length" not in response.headers and is_stream(response):
        return False
    no_body = response.code in (204, 304) or interaction.request.method == "HEAD"
    return not no_body and "chunked" not in response.transfer_encoding


def reason_phrase(response: Response) -> bytes:
    """The words behind the status code, as recorded, else HTTP's own."""
    words = response.status.partition(" ")[2] or standard_phrase(response.code)
    return words.encode("latin-1", "replace")


def standard_phrase(code: int) -> str:
    """HTTP's own words for a status code, which HTTP/2 does not send; `""` for a code without any."""
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return ""
