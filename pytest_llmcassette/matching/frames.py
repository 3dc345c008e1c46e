"""Messages of a conversation as they are compared: a text by its structure where it is JSON, data byte for byte."""

from __future__ import annotations

from dataclasses import replace

from pytest_llmcassette.cassette.model import Frame, FrameKind, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.stand_ins import as_recorded
from pytest_llmcassette.redaction import KnownSecrets, Redactor


class FrameMatcher:
    """Compares what a client says now with what it said: both redacted, without what `ignore_json` names."""

    def __init__(self, config: CassetteConfig, redactor: Redactor) -> None:
        self._compares = "body" in config.match_on
        self._matcher = Matcher(config)
        self._redactor = redactor

    def redacted(self, frame: Frame, known: KnownSecrets) -> Frame:
        """A frame in which nothing is secret that is known to be by now."""
        known.learn_environment()
        return self._redactor.frames.one(frame, known)

    def equal(self, sent: Frame, recorded: Frame, known: KnownSecrets) -> Frame | None:
        """`sent`, as a cassette may hold it, where the recording says the same; else None."""
        if sent.kind is not recorded.kind:
            return None
        if sent.data == recorded.data:
            return sent
        sent, recorded = self.redacted(sent, known), self._redactor.frames.one(recorded, KnownSecrets())
        if not self._compares or sent.data == recorded.data:
            return sent
        if sent.kind is FrameKind.BINARY and not (sent.json and recorded.json):
            return None
        live, old = as_body(sent), as_body(recorded)
        key = self._matcher.body(old)
        if self._matcher.body(live) == key:
            return sent
        shown = as_recorded(live, old)
        return with_body(sent, shown.body) if shown is not None and self._matcher.body(shown) == key else None


def as_body(frame: Frame) -> Request:
    """A frame as a request that has it as its body: what compares and explains bodies does so for frames."""
    return Request(body=frame.json.encode("utf-8", "surrogateescape") if frame.json else frame.data)


def with_body(frame: Frame, body: bytes) -> Frame:
    """The frame that says this."""
    return replace(frame, json=body.decode("utf-8", "surrogateescape")) if frame.json else replace(frame, data=body)
