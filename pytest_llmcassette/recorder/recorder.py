"""Decides for each request: replay, record or refuse. Knows no HTTP client and no provider."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Any

from pytest_llmcassette.cassette.encoding import InflatesTooMuch
from pytest_llmcassette.cassette.files import found_at, save, state_of
from pytest_llmcassette.cassette.loaded import load_shared
from pytest_llmcassette.cassette.model import Interaction, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteFileError, CassetteStop, RequestNotRecorded, RequestRefused
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder.asked_headers import AskedHeaders
from pytest_llmcassette.recorder.playlist import Playlist, merge
from pytest_llmcassette.recorder.recording import Recording
from pytest_llmcassette.recorder.requests import (
    PROTOCOL_HEADERS,
    LiveRequest,
    SentRequest,
    canonical_name,
    is_host,
    read_again,
    read_request,
    refuse_placeholder,
)
from pytest_llmcassette.recorder.slot import RecordingSlot, is_transient
from pytest_llmcassette.redaction import KnownSecrets, Redactor

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.known_drift import KnownDrift


_MISS = "pytest_llmcassette.matching.mismatch.miss"


class Recorder:
    """One cassette in force: opened for one test or one `use_cassette`.

    `how_to_record` is the command that records the cassette (anew), `how_to_add` the one that adds a request to what is
    there, `owner` the test (or file) that a refusal names.
    `is_complete` tells whether a stream that the client closed had in fact reached its protocol's end. `after` has
    recorded this cassette and is not saved yet: its recording takes the place of the file's. The file is read
    by `prepare`, else at the first request; `exists_at_start` says whether it was there when the cassette was opened.
    """

    def __init__(
        self,
        path: Path,
        config: CassetteConfig,
        *,
        how_to_record: str,
        owner: str,
        how_to_add: str = "",
        is_complete: Callable[[Interaction], bool] | None = None,
        after: Recorder | None = None,
    ) -> None:
        self.path = path
        self.config = config
        self.mode = config.record_mode
        self.owner = owner
        self.how_to_record = how_to_record
        self.how_to_add = how_to_add
        self.phase = ""
        self.sent: list[SentRequest] = []
        self.misses: list[CassetteStop] = []
        self.closed = False
        self.known_drift: KnownDrift | None = None
        """What requests may differ in all the same; asked where there is no recording, on replay alone."""
        self.changes: tuple[Callable[[Any], Any], ...] = ()
        """What is done to each answer's delivery before it is replayed: `replay.deliver.Change`s, in order."""
        self.is_altered = False
        """Whether one of them has made another answer of a recording, so that what was not asked for says nothing."""
        self._altered: dict[int, list[SentRequest]] = {}
        self.cut_deliveries: list[Any] = []
        """Of the answers that were cut elsewhere than behind their events: how far each was delivered."""
        self.left_over = 0
        """After `save` in mode all: how many of the file's interactions this run did not replace."""
        self._after = after
        self._file = found_at(path)
        self.exists_at_start = after is not None or self._file is not None
        self.will_record = self.mode is not RecordMode.NONE and (
            self.mode in (RecordMode.ALL, RecordMode.REWRITE) or not self.exists_at_start
        )
        """Whether the first request is certain to go live."""
        self.may_record = self.will_record or self.mode is RecordMode.NEW_EPISODES
        """Whether any request can go live; False means replay only."""
        self.lock = RLock()
        """Held while a request is decided on, for which only memory is touched."""
        self._redactor = _redactor(config)
        self.asked_headers = AskedHeaders(self._redactor)
        self._snapshot_headers = PROTOCOL_HEADERS
        if config.snapshot_headers:
            self._snapshot_headers |= {canonical_name(name.encode()) for name in config.snapshot_headers}
        self._known = KnownSecrets()
        self._playlist: Playlist | None = None
        self._unreadable: CassetteFileError | None = None
        self._is_complete = is_complete
        self._recording: Recording | None = None
        """Made for the first request that goes live: it knows this recorder, and only a collector frees such a pair."""

    @property
    def calls(self) -> int:
        """How many requests were intercepted, misses included."""
        return len(self.sent)

    @property
    def interactions(self) -> list[Interaction]:
        """What was played or recorded in this run, in the order of the requests, without dropped retries."""
        return [sent.interaction for sent in self.sent if sent.interaction is not None and not sent.dropped]

    @property
    def has_recorded(self) -> bool:
        """Whether anything went live that the recording is to hold."""
        return any(sent.live and not sent.dropped for sent in self.sent)

    @property
    def left_out(self) -> int:
        """How many failed attempts the recording does without, since they were tried again."""
        return sum(sent.live and sent.dropped for sent in self.sent)

    def ignores(self, host: str, port: int | None) -> bool:
        """Whether `ignore_hosts` lets this host's traffic through unrecorded; `port` None is the scheme's own."""
        return any(is_host(pattern, host, port) for pattern in self.config.ignore_hosts)

    def request(self, live: LiveRequest) -> Interaction | RecordingSlot:
        """Decide for one request; raises `RequestNotRecorded` or `RequestRefused`, which `misses` keeps."""
        with self.lock:
            try:
                return self._decide(live)
            except CassetteStop as stop:
                raise self.note(stop) from None

    def note(self, stop: CassetteStop) -> CassetteStop:
        """Keep in `misses` what is about to be raised, so that the owner can repeat it when user code swallows it."""
        self.misses.append(stop)
        return stop

    def _decide(self, live: LiveRequest) -> Interaction | RecordingSlot:
        if self.closed:
            raise RequestRefused(
                f"{self.owner} is over and its cassette {self.path} closed, but its code has just sent "
                f"{live.method} {live.url.partition('?')[0]}.\n"
                "Wait for background tasks and threads before the test ends."
            )
        request, sent = read_request(self._redactor, self._snapshot_headers, live, self._known)
        self.sent.append(sent)
        try:
            playlist = self._playlist or self._load()
        except CassetteFileError as error:
            # As an Exception an SDK would turn it into a connection error, and retry.
            raise RequestRefused(str(error)) from None
        replays = self.mode not in (RecordMode.ALL, RecordMode.REWRITE)
        interaction = playlist.take(request) if replays else None
        # Looked up only now: nearly every request of a replay has been answered before.
        if interaction is None and self._known.learn_environment():
            request = read_again(self._redactor, request, sent, self._known)
            interaction = playlist.take(request) if replays else None
        if interaction is None and self.known_drift is not None and not self.may_record:
            interaction = playlist.take_drifted(request, self.known_drift)
        if interaction is not None:
            self._mark_repeats(sent, interaction)
            return interaction
        if not self.may_record:
            raise self._miss(request, playlist)
        refuse_placeholder(live, self.owner)
        self._recording = self._recording or Recording(
            self.config,
            self._redactor,
            self._known,
            key=lambda request: self._load().key(request),
            lock=self.lock,
            is_complete=self._is_complete,
        )
        return self._recording.reserve(request, sent, live.headers, self.phase)

    def replay_only(self) -> None:
        """Whatever the switches say nothing goes live: an answer is to be another than the network's."""
        self.mode = RecordMode.NONE
        self.config = replace(self.config, record_mode=self.mode)
        self.will_record = self.may_record = False

    def recorded(self) -> Sequence[Interaction]:
        """What the file holds; nothing where it cannot be read."""
        with self.lock:
            try:
                return self._load().interactions
            except CassetteFileError:
                return ()

    def was_altered(self, recorded: Interaction, delivered: Interaction, *, comes_again: bool) -> None:
        """A change has made another answer of a recording; `comes_again`: a retry is answered with the recording.

        What was delivered is what this run has seen. Of several attempts only the last one counts, as in a recording.
        """
        with self.lock:
            self.is_altered = True
            for sent in reversed(self.sent):
                if sent.interaction is recorded:
                    sent.interaction = delivered
                    if comes_again:
                        self._altered.setdefault(id(recorded), []).append(sent)
                        self._load().give_back(recorded)
                    return

    def prepare(self) -> None:
        """Do all that needs the disk, so that no request does: it may come in a running event loop.

        A file that cannot be read is told at the first request.
        """
        with self.lock:
            try:
                self._load()
            except CassetteFileError:
                """Kept for the request."""
        if not self.will_record and _MISS not in sys.modules:
            # For its words, should there be none.
            import_module(_MISS)

    def _load(self) -> Playlist:
        if self._unreadable is not None:
            raise self._unreadable
        if self._playlist is None:
            interactions: Sequence[Interaction] = ()
            if self._after is not None:
                interactions = self._after.recording()
            elif self._file is not None and self.mode is not RecordMode.REWRITE:
                try:
                    interactions = load_shared(self.path, self._file)
                except CassetteFileError as error:
                    self._unreadable = error
                    raise
            self._playlist = Playlist(interactions, self.config, self._redactor)
        return self._playlist

    def _mark_repeats(self, sent: SentRequest, interaction: Interaction) -> None:
        """A failure served again to a retrying client counts once, as it did when it was recorded."""
        sent.interaction = interaction
        for earlier in self._altered.get(id(interaction), ()):
            earlier.dropped = True
        if self.config.record_errors or not is_transient(interaction):
            return
        for earlier in self.sent[:-1]:
            if earlier.interaction is interaction:
                earlier.dropped = True

    def _miss(self, request: Request, playlist: Playlist) -> RequestNotRecorded:
        # Imported here, or rather by `prepare`: with a recording for each request nobody needs it.
        from pytest_llmcassette.matching.mismatch.miss import not_recorded

        adds = self.exists_at_start and (self.config.allow_unplayed or playlist.is_used_up(self.phase))
        return not_recorded(
            request,
            playlist.requests() if self.exists_at_start else None,
            self.config,
            owner=self.owner,
            path=self.path,
            adds=adds,
            command=self.how_to_add if adds and self.how_to_add else self.how_to_record,
        )

    def unplayed(self) -> list[Interaction]:
        """Recorded interactions that nobody asked for; empty when everything went live.

        Raises `CassetteFileError` when the file cannot be read.
        """
        if not self.exists_at_start or self.mode in (RecordMode.ALL, RecordMode.REWRITE):
            return []
        with self.lock:
            return self._load().unplayed()

    def unplayed_places(self) -> tuple[int, list[int]]:
        """How many interactions the file holds and the positions of `unplayed`; (0, []) where nothing was to be."""
        if (
            self._playlist is None
            or not self.calls
            or self.is_altered
            or self.mode in (RecordMode.ALL, RecordMode.REWRITE)
        ):
            return 0, []
        places = self._playlist.unplayed_places()
        return len(self._playlist.interactions) if places else 0, places

    def close(self) -> None:
        """No more requests: later ones raise `RequestRefused` naming the owner. Streams still open count as closed."""
        self.closed = True
        if self._recording is not None:
            with self.lock:
                try:
                    self._recording.settle()
                except InflatesTooMuch as error:
                    self.note(RequestRefused(f"An answer was not recorded: {error}.\n{error.remedy}"))

    def save(self) -> Path | None:
        """Write the recording in one atomic step; None when there is nothing to write.

        Raises `CassetteFileError`, also when something else wrote the file since this cassette was opened.
        """
        if self._recording is None:
            return None
        with self.lock:
            fresh = self._recording.fresh()
            if not fresh:
                return None
            merged = merge(fresh, self._load(), self.mode)
            self.left_over = len(merged) - len(fresh) if self.mode is RecordMode.ALL else 0
            save(self.path, merged, check=self._check_unchanged)
            self._file = found_at(self.path)
            return self.path

    def _check_unchanged(self) -> None:
        if state_of(found_at(self.path)) != state_of((self if self._after is None else self._after)._file):
            raise CassetteFileError(
                self.path,
                f"something else wrote this cassette while {self.owner} was recording it",
                remedy="Record it from one test in one process: name separate cassettes, or use one xdist worker.",
            )

    def recording(self) -> list[Interaction]:
        """What `save` writes, or has written."""
        with self.lock:
            return merge([] if self._recording is None else self._recording.fresh(), self._load(), self.mode)


@lru_cache(maxsize=64)
def _redactor(config: CassetteConfig) -> Redactor:
    """One for all cassettes with the same switches, checked with their matcher, which raises `ConfigError`."""
    Matcher(config)
    return Redactor(config)
