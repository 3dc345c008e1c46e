"""Decides for each request: replay, record or refuse. Knows no HTTP client and no provider."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pytest_llmcassette.cassette.model import Headers, Interaction
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteStop
from pytest_llmcassette.modes import RecordMode


@dataclass(slots=True)
class LiveRequest:
    """A request as the client sends it now, nothing redacted."""

    method: str
    url: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    http_version: str = "HTTP/1.1"


@dataclass(slots=True, eq=False)
class SentRequest:
    """A request of this run, redacted. `interaction` is what answered it, None while it is under way or after a miss.

    `headers` are the allow-listed ones and the protocol's (anthropic-version, ...). `dropped`: a transient failure that
    was retried.
    """

    method: str
    url: str
    headers: Headers
    body: bytes
    interaction: Interaction | None = None
    dropped: bool = False


class RecordingSlot:
    """The place of a live request in the recording, reserved when it started. The transport reports to it."""

    def headers(
        self, status: int, reason: str, headers: list[tuple[bytes, bytes]], http_version: str, duration_ns: int
    ) -> None:
        """The response's head has arrived; `duration_ns` since the request started."""

    def data(self, chunk: bytes) -> None:
        """A piece of the body, as it came from the wire."""

    def end(self, kind: str, message: str = "") -> None:
        """The end, by the words of `Interaction.end`. Only the first call counts."""


class Recorder:
    """One cassette in force: opened for one test or one `use_cassette`."""

    def __init__(
        self,
        path: Path,
        config: CassetteConfig,
        *,
        how_to_record: str,
        owner: str,
        is_complete: Callable[[Interaction], bool] | None = None,
    ) -> None:
        self.path = path
        self.config = config
        self.owner = owner
        self.how_to_record = how_to_record
        self.is_complete = is_complete
        self.phase = ""
        self.sent: list[SentRequest] = []
        self.misses: list[CassetteStop] = []
        self.closed = False
        self.exists_at_start = path.exists()
        self.mode: RecordMode = config.record_mode

    @property
    def will_record(self) -> bool:
        """Whether the first request is certain to go live."""
        return self.mode in (RecordMode.ALL, RecordMode.REWRITE) or (
            self.mode is not RecordMode.NONE and not self.exists_at_start
        )

    @property
    def may_record(self) -> bool:
        """Whether any request can go live; False means replay only."""
        return self.will_record or self.mode is RecordMode.NEW_EPISODES

    @property
    def calls(self) -> int:
        """How many requests were intercepted, misses included."""
        return len(self.sent)

    @property
    def interactions(self) -> list[Interaction]:
        """What was played or recorded in this run, in the order of the requests, without dropped retries."""
        return [sent.interaction for sent in self.sent if sent.interaction is not None and not sent.dropped]

    def request(self, live: LiveRequest) -> Interaction | RecordingSlot:
        """Decide for one request; raises `RequestNotRecorded` or `RequestRefused`."""
        return RecordingSlot()

    def ignores(self, host: str, port: int | None) -> bool:
        """Whether `ignore_hosts` lets this host's traffic through unrecorded."""
        return False

    def unplayed(self) -> list[Interaction]:
        """Recorded interactions that nobody asked for; empty when this run rewrites the file."""
        return []

    def close(self) -> None:
        """No more requests: later ones raise `RequestRefused` naming the owner. Streams still open count as closed."""
        self.closed = True

    def save(self) -> Path | None:
        """Write the recording in one atomic step; None when there is nothing to write. Raises `CassetteFileError`."""
        return None
