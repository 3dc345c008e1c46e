"""Decides for each request: replay, record or refuse. Knows no HTTP client and no provider."""

from __future__ import annotations

import sys
from _thread import RLock
from collections.abc import Callable, Set
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmcassette.cassette.encoding import InflatesTooMuch
from pytest_llmcassette.cassette.model import Interaction, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.errors import CassetteFileError, CassetteStop, RequestNotRecorded, RequestRefused
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder.asked_headers import AskedHeaders
from pytest_llmcassette.recorder.attempts import Attempts
from pytest_llmcassette.recorder.opened_file import OpenedFile
from pytest_llmcassette.recorder.playlist import Playlist
from pytest_llmcassette.recorder.recording import Recording
from pytest_llmcassette.recorder.requests import (
    LiveRequest,
    SentRequest,
    read_request,
    redact_late,
    redactor_for,
    refuse_placeholder,
    snapshot_names,
    sweep_sent,
)
from pytest_llmcassette.recorder.search import search
from pytest_llmcassette.recorder.slot import RecordingSlot
from pytest_llmcassette.redaction import KnownSecrets, Redact

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.known_drift import KnownDrift


_MISS = "pytest_llmcassette.matching.mismatch.miss"


class Recorder:
    """One cassette in force: opened for one test or one `use_cassette`.

    `how_to_record` is the command that records the cassette (anew), `how_to_add` the one that adds a request to what is
    there, `owner` the test (or file) that a refusal names.
    `is_complete` tells whether a stream that the client closed had in fact reached its protocol's end. `after` has
    recorded this cassette and is not saved yet: its recording takes the place of the file's. `redact` is what the
    user's hook makes of a text. The file is read by `prepare`, else at the first request; `exists_at_start` says
    whether it was there when the cassette was opened.
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
        redact: Redact | None = None,
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
        self._attempts = Attempts(self.sent)
        self.cut_deliveries: list[Any] = []
        """Of the answers that were cut elsewhere than behind their events: how far each was delivered."""
        self.redactor = redactor_for(config, redact)
        after_file, recorded = (None, None) if after is None else (after.file, after.recording)
        self.file: OpenedFile = OpenedFile(path, config, self.redactor, after_file, recorded)
        self.exists_at_start = self.file.exists_at_start
        self.will_record = self.mode is not RecordMode.NONE and (
            self.mode in (RecordMode.ALL, RecordMode.REWRITE) or not self.exists_at_start
        )
        """Whether the first request is certain to go live."""
        self.may_record = self.will_record or self.mode is RecordMode.NEW_EPISODES
        """Whether any request can go live; False means replay only."""
        self.lock = RLock()
        """Held while a request is decided on, for which only memory is touched."""
        self.asked_headers = AskedHeaders(self.redactor)
        self._snapshot_headers = snapshot_names(config)
        self._known = KnownSecrets()
        self._unread: list[SentRequest] = []
        """Answered by the bytes alone: what is secret in them is looked for before anybody sees them."""
        self._is_complete = is_complete
        self.conversations: list[Any] = []
        """Those that are replayed (`conversation.Conversation`): what their clients do not say was not asked for."""
        self._recording: Recording | None = None
        """Made for the first request that goes live: it knows this recorder, and only a collector frees such a pair."""

    @property
    def known(self) -> KnownSecrets:
        """What this run knows to be secret, by all that was sent until now."""
        self._read_late()
        return self._known

    def _read_late(self) -> None:
        if self._unread:
            with self.lock:
                redact_late(self.redactor, self._unread, self._known)

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
    def is_altered(self) -> bool:
        """Whether an answer was another than its recording's, so that what was not asked for says nothing."""
        return self._attempts.are_altered

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

    def is_late(self, doing: str) -> RequestRefused:
        """What to raise for something that comes once this is closed."""
        return RequestRefused(
            f"{self.owner} is over and its cassette {self.path} closed, but its code has just {doing}.\n"
            "Wait for background tasks and threads before the test ends, and close connections."
        )

    def _decide(self, live: LiveRequest) -> Interaction | RecordingSlot:
        if self.closed:
            raise self.is_late(f"sent {live.method} {self.shown(live.url)}")
        kept, sent = read_request(self.redactor, self._snapshot_headers, live, self._known)
        self.sent.append(sent)
        try:
            playlist = self.file.playlist or self.file.load()
        except CassetteFileError as error:
            # As an Exception an SDK would turn it into a connection error, and retry.
            raise RequestRefused(str(error)) from None
        replays = self.file.is_replayed
        # A user's own code, which redacts too, is called where its request is sent.
        interaction = playlist.take_same(sent) if replays and not self.redactor.has_own_rules else None
        if interaction is not None:
            # A secret that is in a file hides nowhere else.
            sent.redacted_with = self._known.values
            self._unread.append(sent)
        else:
            drift = None if self.may_record else self.known_drift
            request, interaction = search(kept, sent, playlist if replays else None, self.redactor, self.known, drift)
        if interaction is not None:
            self._attempts.mark(sent, interaction, keeps_errors=self.config.record_errors)
            return interaction
        if not self.may_record:
            raise self._miss(request, playlist)
        refuse_placeholder(live, self.owner, self.shown)
        self._recording = self._recording or Recording(
            self.config,
            self.redactor,
            self._known,
            key=lambda request: self.file.load().key(request),
            lock=self.lock,
            is_complete=self._is_complete,
        )
        return self._recording.reserve(request, sent, live.headers, self.phase)

    def replay_only(self) -> None:
        """Whatever the switches say nothing goes live: an answer is to be another than the network's."""
        self.mode = RecordMode.NONE
        self.config = self.file.config = replace(self.config, record_mode=self.mode)
        self.file.is_replayed = True
        self.will_record = self.may_record = False

    def was_altered(self, recorded: Interaction, delivered: Interaction, *, comes_again: bool) -> None:
        """See `Attempts.was_altered`; `comes_again`: see there."""
        with self.lock:
            self._attempts.was_altered(recorded, delivered)
            if comes_again:
                self.comes_again(recorded, delivered)

    def comes_again(self, recorded: Interaction, delivered: Interaction) -> None:
        """A retry of what was answered with `delivered` is answered with the recording."""
        with self.lock:
            self._attempts.come_again(recorded, delivered)
            self.file.load().give_back(recorded)

    def prepare(self) -> None:
        """Do all that needs the disk, so that no request does: it may come in a running event loop.

        A file that cannot be read is told at the first request.
        """
        with self.lock:
            try:
                self.file.load()
            except CassetteFileError:
                """Kept for the request."""
        if not self.will_record and _MISS not in sys.modules:
            # For its words, should there be none.
            import_module(_MISS)

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
        """See `OpenedFile.unplayed`; and the conversations in which the client has not said all."""
        with self.lock:
            unplayed = self.file.unplayed()
            if self.conversations:
                unplayed = unplayed + [one.interaction for one in self.conversations if one.is_unfinished]
            return unplayed

    def shown(self, url: str) -> str:
        """A URL for an error's text: no more of it than a miss shows, and without the query."""
        return self.redactor.shown(url, self.known)

    def sweep(self, further: Set[str] = frozenset()) -> None:
        """Take out of all that this recorder holds what is known to be secret by now, `further` secrets included."""
        known = self.known
        known.learn(further)
        with self.lock:
            if self._recording is not None:
                self._recording.sweep()
            if any(sent.redacted_with is not known.values for sent in self.sent):
                sweep_sent(self.sent, self.redactor, known)

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
            fresh = self._fresh()
            if not fresh:
                return None
            self.file.save(fresh, self.owner)
            return self.path

    def recording(self) -> list[Interaction]:
        """What `save` writes, or has written."""
        with self.lock:
            return self.file.merged(self._fresh())

    def _fresh(self) -> list[tuple[Request, Interaction]]:
        if self._recording is None:
            return []
        # What was answered from the file may have shown what is secret in an answer that was recorded.
        self._read_late()
        return self._recording.fresh()
