"""What one request leaves behind: how it was sent and, when it went live, the interaction put together from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Event, Lock

from pytest_llmcassette.cassette.clock import Clock
from pytest_llmcassette.cassette.encoding import decode_body, decode_pieces
from pytest_llmcassette.cassette.model import CLOSED, Frame, FrameKind, Interaction, Outcome, Request, Response
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.recorder.requests import RawHeaders, SentRequest, canonical_headers
from pytest_llmcassette.redaction import KnownSecrets, Redactor

_TRANSIENT = frozenset({408, 409, 429})
_TRANSIENT_CALLS = frozenset({"2", "4", "8", "10", "13", "14"})
"""The same of gRPC: UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE."""


def is_transient(interaction: Interaction) -> bool:
    """A failure that clients retry: 408, 409, 429, 5xx, or no answer at all; of gRPC what is like these."""
    code = interaction.response.code
    trailer = interaction.response.trailer
    if trailer and "Grpc-Status" in trailer:
        return trailer["Grpc-Status"][0] in _TRANSIENT_CALLS
    return code in _TRANSIENT or code >= 500 or (not code and interaction.outcome is Outcome.FAILED)


class RecordingSlot:
    """The place of a live request in the recording, reserved when it started. The transport reports to it.

    Bound to its recorder: once that has settled the slot (`settle`), later reports change nothing.
    """

    def __init__(
        self,
        request: Request,
        sent: SentRequest,
        *,
        redactor: Redactor,
        known: KnownSecrets,
        config: CassetteConfig,
        phase: str,
        is_complete: Callable[[Interaction], bool] | None,
        on_end: Callable[[RecordingSlot], None],
    ) -> None:
        self.sent = sent
        self._request = request
        self._redactor = redactor
        self._known = known
        self.redacted_with = known.values
        """What was known to be secret when the request was: what came to be known since is taken out afterwards."""
        self._timed = config.record_timing
        self._phase = phase
        self._is_complete = is_complete
        self._on_end = on_end
        self._first_end = Lock()
        self._is_over = Event()
        self._ended = False
        self._response: Response | None = None
        self._raw_headers: RawHeaders = []
        self._pieces: list[bytes] = []
        self._arrivals: list[tuple[float, int]] = []
        self._frames: list[Frame] = []
        self._head_at = 0.0

    def headers(self, status: int, reason: str, headers: RawHeaders, http_version: str, duration_ns: int) -> None:
        """The response's head has arrived; `http_version` as in `HTTP/1.1`, `duration_ns` since the request started."""
        major, _, minor = http_version.rpartition("/")[2].partition(".")
        self._raw_headers = headers
        self._head_at = Clock.perf_counter()
        self._response = Response(
            code=status,
            status=f"{status} {reason}".rstrip(),
            proto=f"HTTP/{major or 1}.{minor or 0}",
            proto_major=int(major or 1),
            proto_minor=int(minor or 0),
            duration_ns=duration_ns,
        )

    def data(self, chunk: bytes) -> None:
        """A piece of the body, as it came from the wire (HTTP/2 ends with an empty one, which says nothing)."""
        if chunk and not self._ended:
            if self._timed:
                self._arrivals.append(((Clock.perf_counter() - self._head_at) * 1000, len(chunk)))
            self._pieces.append(chunk)

    def frame(self, sender: str, data: bytes, kind: FrameKind = FrameKind.TEXT, json: str = "") -> None:
        """A message of a conversation, as `Frame` has it: before it is sent, or when it has arrived."""
        if not self._ended:
            # What a client says before the head is said at once.
            at = round((Clock.perf_counter() - self._head_at) * 1000, 3) if self._response is not None else 0.0
            self._frames.append(Frame(sender=sender, data=data, kind=kind, at=at, json=json))

    def trailer(self, headers: RawHeaders) -> None:
        """What has come behind the body; after the head."""
        if self._response is not None and not self._ended:
            self._response.trailer = canonical_headers(headers)

    def end(self, kind: str, message: str = "") -> None:
        """The end, by the words of `Interaction.end`. Only the first call counts.

        A request that the client gave up before its answer began is kept with code 0.
        """
        # Taken for good, and never waited for: this may be an event loop's thread.
        if not self._first_end.acquire(blocking=False):
            return
        self._ended = True
        try:
            self.sent.interaction = self._interaction(kind, message)
        finally:
            self._is_over.set()
        self._on_end(self)

    def settle(self) -> None:
        """The recorder closes: a body that still streams counts as closed, a request without an answer is forgotten."""
        if self._response is not None:
            self.end(CLOSED)
            # Another thread may be at it.
            self._is_over.wait()
        if self._first_end.acquire(blocking=False):
            self._is_over.set()
        self._ended = True

    def _interaction(self, kind: str, message: str) -> Interaction:
        pieces, self._pieces = self._pieces, []
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        response = self._response or Response(code=0, status="", content_length=0)
        response.headers = canonical_headers(self._raw_headers)
        length = response.headers.get("Content-Length", [""])[0]
        response.content_length = int(length) if length.isdecimal() else -1
        response.body = body
        whole = len(body) == response.content_length
        if body and "Content-Encoding" in response.headers:
            self._store_decoded(response, pieces, cut=bool(kind))
        # A session that an answer opens: the client may send its token on under any name.
        self._known.learn_headers(response.headers)
        interaction = Interaction(
            request=self._request,
            response=self._redactor.response(response, self._known),
            phase=self._phase,
            end=kind,
            end_message=self._redactor.words(message, self._known),
            chunks=tuple(self._arrivals),
            frames=self._redactor.frames(self._frames, self._known) if self._frames else (),
        )
        if kind == CLOSED and (whole or self._reached_its_end(interaction)):
            interaction.end = ""
        return interaction

    def _reached_its_end(self, interaction: Interaction) -> bool:
        return self._is_complete is not None and self._is_complete(replace(interaction, end=""))

    def _store_decoded(self, response: Response, pieces: list[bytes], *, cut: bool) -> None:
        """Decode the body, and the sizes of its arrivals; it stays as it came where that is not possible."""
        encoding = ", ".join(response.headers["Content-Encoding"])
        body, decoded = decode_body(response.body, encoding)
        parts = decode_pieces(pieces, encoding) if self._timed or not decoded else None
        if not decoded and cut and parts is not None:
            body, decoded = b"".join(parts), True
        if not decoded:
            return
        response.body = body
        response.uncompressed = True
        response.content_length = -1
        del response.headers["Content-Encoding"]
        response.headers.pop("Content-Length", None)
        arrived = zip(self._arrivals, parts or (), strict=False)
        self._arrivals = [(at, len(part)) for (at, _), part in arrived if part]
