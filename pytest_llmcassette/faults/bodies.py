"""A recorded body as faults take it, and an answer with another body in its place: lengths and encodings stay right."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus

from pytest_llmcassette.cassette.encoding import is_still_encoded
from pytest_llmcassette.cassette.model import Interaction, Outcome
from pytest_llmcassette.protocols.base import Exchange
from pytest_llmcassette.replay.head import Head
from pytest_llmcassette.replay.pieces import Piece
from pytest_llmcassette.replay.plan import Delivery, End

CUT = End(
    "RemoteProtocolError", "peer closed connection without sending complete message body (incomplete chunked read)"
)
"""A connection that was closed in the middle of a body."""
RESET = End("ReadError", "[Errno 104] Connection reset by peer")


def is_answered(interaction: Interaction) -> str:
    """`misfit` of a fault that needs a good answer, whole."""
    if Exchange(interaction).is_conversation:
        return "it is a conversation (a WebSocket, a gRPC call), of which no fault can be made"
    code = interaction.response.code
    if interaction.outcome is not Outcome.COMPLETE:
        return "its recording is not whole itself"
    if not 200 <= code < 300:
        return f"it was answered with {code}"
    # Of tokens, of OAuth and STS: nobody's model has a bad day there.
    if "urlencoded" in "".join(interaction.request.headers.get("Content-Type", ())):
        return "it is no call of a provider's API"
    return ""


def body_of(interaction: Interaction) -> bytes:
    """The body, decoded unless it cannot be."""
    return Exchange(interaction).body


def is_readable(interaction: Interaction) -> bool:
    """Whether the body is plain, or can be made so."""
    return not is_still_encoded(interaction.response) or body_of(interaction) is not interaction.response.body


def with_body(delivery: Delivery, body: bytes, end: End | None = None) -> Delivery:
    """The same answer with another body, cut where the old one was for as long as they agree.

    A body that is whole has the length that its head says; where `end` cuts it the head says that of the recording.
    """
    head = delivery.head
    assert head is not None
    if body is not delivery.interaction.response.body:
        head.headers = [line for line in head.headers if line[0].lower() != b"content-encoding"]
    if end is None:
        lengths = [name for name, _ in head.headers if name.lower() == b"content-length"]
        if lengths:
            head.headers = [line for line in head.headers if line[0] not in lengths]
            head.headers.append((lengths[0], b"%d" % len(body)))
    delivery.pieces = list(_pieces(list(delivery.pieces), body))
    delivery.end = end
    return delivery


def _pieces(old: list[Piece], body: bytes) -> Iterator[Piece]:
    start = 0
    for seconds, piece in old[:-1]:
        if start + len(piece) >= len(body):
            break
        yield seconds, body[start : start + len(piece)]
        start += len(piece)
    else:
        seconds = old[-1][0] if old else 0.0
    if start < len(body):
        yield seconds, body[start:]


def answer(
    delivery: Delivery, status: int, body: bytes, content_type: str, headers: Iterable[tuple[bytes, bytes]] = ()
) -> Delivery:
    """Another answer altogether."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Site Overloaded"
    lines = [(b"Content-Type", content_type.encode()), (b"Content-Length", b"%d" % len(body)), *headers]
    delivery.head = Head(status, phrase.encode(), b"HTTP/1.1", lines if body else lines[1:])
    delivery.pieces = [(0.0, body)] if body else []
    delivery.end = None
    return delivery


def no_answer(delivery: Delivery, kind: str, message: str) -> Delivery:
    """An error of the network in place of an answer."""
    delivery.head, delivery.pieces, delivery.end = None, (), End(kind, message)
    return delivery
