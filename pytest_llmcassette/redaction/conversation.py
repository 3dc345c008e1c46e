"""What may be kept of the frames of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from pytest_llmcassette.cassette.model import CLIENT, SERVER, Frame, FrameKind
from pytest_llmcassette.redaction.known_secrets import KnownSecrets, replace_in_request
from pytest_llmcassette.redaction.names import REDACTED
from pytest_llmcassette.redaction.protobuf import in_message


class FrameRedactor:
    """Redacts frames: of the client by the rules of a request, else of an answer.

    `body` redacts one message, `without_split` lines of which a secret may begin in one and end in a later one.
    """

    def __init__(
        self,
        body: Callable[[bytes, str, set[str]], bytes],
        without_split: Callable[[bytes, KnownSecrets], bytes],
    ) -> None:
        self._body = body
        self._without_split = without_split

    def __call__(self, frames: Iterable[Frame], known: KnownSecrets) -> tuple[Frame, ...]:
        """The frames without secrets. What one gives away is known in those behind it."""
        redacted = [self.one(frame, known) for frame in frames]
        # One line each, as of a stream's events: what the server gives out bit by bit stands in several.
        said = [place for place, one in enumerate(redacted) if one.sender == SERVER and _is_line(one)]
        lines = b"\n".join([redacted[place].data for place in said])
        whole = self._without_split(lines, known)
        if whole is not lines:
            for place, line in zip(said, whole.split(b"\n"), strict=True):
                redacted[place] = replace(redacted[place], data=line)
        return tuple(redacted)

    def one(self, frame: Frame, known: KnownSecrets) -> Frame:
        """One of them; the same object where nothing is secret. Messages of protobuf stay such messages."""
        found: set[str] = set()
        if frame.kind is FrameKind.CLOSE:
            data, shown = known.without(frame.data), ""
        elif frame.kind is FrameKind.TEXT:
            data, shown = self._said(frame, frame.data, known, found), ""
        else:
            said = self._said(frame, frame.json.encode("utf-8", "surrogateescape"), known, found)
            shown = said.decode("utf-8", "surrogateescape")

            def without(text: bytes) -> bytes:
                is_found = text.decode("utf-8", "surrogateescape") in found
                return REDACTED.encode() if is_found else self._said(frame, text, known, found)

            # What is left over, should a text have been taken for a message, goes where it stands.
            data = known.without(in_message(frame.data, without))
        return frame if data == frame.data and shown == frame.json else replace(frame, data=data, json=shown)

    def _said(self, frame: Frame, text: bytes, known: KnownSecrets, found: set[str]) -> bytes:
        text = self._body(text, "", found)
        if frame.sender == CLIENT:
            known.learn_fields(found)
            return replace_in_request(text, known.values, thorough=True)
        known.learn_answer(found)
        return known.without(text)


def _is_line(frame: Frame) -> bool:
    return frame.kind is FrameKind.TEXT and b"\n" not in frame.data
