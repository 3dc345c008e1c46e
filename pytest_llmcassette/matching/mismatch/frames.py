"""The miss within a conversation: which message of the client no recording has there, or which one it owes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.model import Frame, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestNotRecorded
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.frames import as_body
from pytest_llmcassette.matching.mismatch import Cause, cause_between
from pytest_llmcassette.matching.mismatch.shown import WIDTH, value
from pytest_llmcassette.modes import RecordMode


def not_said(
    request: Request,
    frame: Frame | None,
    recorded: Sequence[Frame],
    config: CassetteConfig,
    *,
    said: int,
    recording: int,
    owner: str,
    path: Path,
    command: str,
) -> RequestNotRecorded:
    """The miss of `frame`, behind `said` messages of the client that were right; None: its client waits, and sent none.

    All frames are redacted. `recording` is the id of the interaction that `recorded` are the client's frames of.
    """
    asked = f"{request.method} {request.url}"
    number, count = said + 1, f"{len(recorded)} message{'' if len(recorded) == 1 else 's'}"
    if frame is None:
        doing = f"waits for an answer in {asked}, but has not sent what comes first in the recording"
        cause = _owed(recorded[said], number, recording)
    elif said < len(recorded):
        doing = f"sent a message in {asked} that {path} does not have there"
        cause = _changed(frame, recorded, config, said, recording)
    else:
        doing = f"sent a message in {asked} that {path} does not have"
        shown = value(_text(frame), WIDTH - len("  sent: "))
        cause = Cause(
            f"message {number} is not recorded",
            f"It is the client's message {number}, recording id {recording} has {count}.\n  sent: {shown}",
            "request",
        )
    return RequestNotRecorded(
        f"{owner} {doing} (record mode {config.record_mode}).\n{cause.text}\nRecord it: {command}",
        summary=f"{cause.brief}: {request.method} {urlsplit(request.url).path or '/'}",
        remedy=RecordMode.REWRITE,
        kind=cause.kind,
        differs=cause.differs,
    )


def _owed(frame: Frame, number: int, recording: int) -> Cause:
    shown = value(_text(frame), WIDTH - len("  recorded: "))
    text = f"It is the client's message {number} of recording id {recording}:\n  recorded: {shown}"
    return Cause(f"message {number} was not sent", text, "request")


def _changed(frame: Frame, recorded: Sequence[Frame], config: CassetteConfig, said: int, recording: int) -> Cause:
    number = said + 1
    where = f"The client's message {number} of recording id {recording}"
    matcher = Matcher(config)
    key = matcher.body(as_body(frame))
    later = [place for place in range(number, len(recorded)) if matcher.body(as_body(recorded[place])) == key]
    if later:
        skipped = value(_text(recorded[said]), WIDTH - len("  recorded: "))
        text = f"{where} comes first; this is message {later[0] + 1}.\n  recorded: {skipped}"
        return Cause(f"message {number} was not sent", text, "request")
    if frame.kind is not recorded[said].kind:
        kinds = {"text": "a text", "base64": "binary"}
        text = f"{where} is {kinds[recorded[said].kind.value]}, the one sent {kinds[frame.kind.value]}."
        return Cause(f"the kind of message {number} differs", text, "request")
    cause = cause_between(as_body(frame), as_body(recorded[said]), config, where)
    return cause._replace(brief=f"message {number}: {cause.brief}")


def _text(frame: Frame) -> str:
    return as_body(frame).body.decode("utf-8", "backslashreplace")
