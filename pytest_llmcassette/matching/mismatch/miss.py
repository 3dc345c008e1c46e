"""The error for a request without a recording: request, cause, remedy; and the same in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from pytest_llmcassette.cassette.model import Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import RequestNotRecorded
from pytest_llmcassette.matching import fingerprint
from pytest_llmcassette.matching.mismatch import cause_of
from pytest_llmcassette.modes import RecordMode


def not_recorded(
    sent: Request,
    recorded: Sequence[tuple[Request, bool]] | None,
    config: CassetteConfig,
    *,
    owner: str,
    path: Path,
    adds: bool,
    command: str,
) -> RequestNotRecorded:
    """The miss of `sent`; `recorded` as for `cause_of`, None when there is no cassette.

    `command` records it; `adds`: to what is there, else anew.
    """
    asked, mode = f"{sent.method} {sent.url}", config.record_mode
    # The cause first: in a suite the requests are much the same, and a line is cut at its end.
    request = f": {sent.method} {urlsplit(sent.url).path or '/'}"
    if recorded is None:
        return RequestNotRecorded(
            f"{owner} sent {asked}, but there is no cassette {path} (record mode {mode}).\nRecord it: {command}",
            summary="no cassette" + request,
            remedy=RecordMode.ONCE,
            kind="no cassette",
            fingerprint=fingerprint(sent),
        )
    cause = cause_of(sent, recorded, config)
    return RequestNotRecorded(
        f"{owner} sent {asked}, which {path} has no recording for (record mode {mode}).\n{cause.text}\n"
        f"Record it: {command}",
        summary=cause.brief + request,
        remedy=RecordMode.NEW_EPISODES if adds else RecordMode.REWRITE,
        kind=cause.kind,
        differs=cause.differs,
    )
