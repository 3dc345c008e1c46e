"""A recorded conversation, replayed: what its client says is compared, message by message; what its server said comes.

Only each side's own order counts, and for a frame of the server's that all was said which the client had said before it
when it was recorded: a client may send a little earlier or later than it did.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from threading import Lock
from time import process_time
from typing import NamedTuple

from pytest_llmcassette.cassette.model import CLIENT, SERVER, Frame, FrameKind, Interaction, Outcome, Request
from pytest_llmcassette.errors import CassetteStop, RecordingTruncated
from pytest_llmcassette.matching.frames import FrameMatcher, as_body
from pytest_llmcassette.recorder.recorder import Recorder
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.redaction import KnownSecrets

PATIENCE_SECONDS = 2.0
"""How long a client may wait for what is not due, at least: the code that is to send first may be in another task."""
_IS_BUSY = 0.05
"""Of one processor, from which on a process computes: perhaps what is to be sent. Such a wait counts a tenth."""


class Heard(NamedTuple):
    """A frame of the server's that is due. `gap` is the time in seconds that it came after the frame before it, whoever
    sent that; `is_first` says that this was the client, or that there was none."""

    frame: Frame
    gap: float
    is_first: bool


class _Script:
    """One recording: the client's frames, and the server's, each with how many of those come before it."""

    def __init__(self, interaction: Interaction) -> None:
        self.interaction = interaction
        self.client: list[Frame] = []
        self.gaps: list[float] = []
        """Before each frame of the client, the time in seconds since the frame before it."""
        self.server: list[tuple[int, Heard]] = []
        self.left_after = 0.0
        """Seconds between the last frame and the client's leaving, where that is recorded."""
        before: Frame | None = None
        for frame in interaction.frames:
            gap = max(0.0, frame.at - (before.at if before is not None else 0.0)) / 1000
            if frame.sender == SERVER:
                self.server.append((len(self.client), Heard(frame, gap, before is None or before.sender == CLIENT)))
            elif frame.kind is FrameKind.CLOSE:
                self.left_after = gap
            else:
                self.client.append(frame)
                self.gaps.append(gap)
            before = frame


class Conversation:
    """One that is replayed. It is told what its client says (`say`) and asked for what the server does (`hear`).

    Knows no client and waits for nothing: its user calls `hear` again when something was said, and tells `has_waited`
    how long its client waits for a frame that is not due; then `give_up`. May be used from any thread.
    """

    def __init__(self, recorder: Recorder, sent: SentRequest, interaction: Interaction) -> None:
        self._recorder = recorder
        self.sent = sent
        """The request that began it."""
        self._script = _Script(interaction)
        self._matcher = FrameMatcher(recorder.config, recorder.redactor)
        self._known = recorder.known
        """To be asked for under the lock below: the recorder's may take its own first."""
        self._said: list[Frame] = []
        sent.said = self._said
        self._heard = 0
        self._waited = 0.0
        self._computed = process_time()
        self._lock = Lock()
        self.stop: CassetteStop | None = None
        """What ended it, once something has: nothing else is said to the client from then on."""

    @property
    def interaction(self) -> Interaction:
        """The recording that is played; another one, perhaps, once the client has said more."""
        return self._script.interaction

    @property
    def unsaid(self) -> tuple[int, int]:
        """Of the client's recorded frames those not sent: the number of the first, from 1, and how many there are."""
        return len(self._said) + 1, len(self._script.client) - len(self._said)

    @property
    def unsaid_words(self) -> str:
        """The same in words."""
        first, count = self.unsaid
        numbers = f"message {first}" if count == 1 else f"messages {first} to {first + count - 1}"
        return f"{numbers} of its client {'was' if count == 1 else 'were'} not sent"

    @property
    def is_unfinished(self) -> bool:
        """Whether the client has left recorded messages unsaid, and nobody has told it so yet."""
        return self.stop is None and self.unsaid[1] > 0

    @property
    def is_over(self) -> bool:
        """Whether all was said that is recorded: what comes now is the end that the recording has."""
        return self._heard == len(self._script.server) and len(self._said) >= len(self._script.client)

    @property
    def patience(self) -> float:
        """How long a client may wait now, in seconds, before it waits in vain: longer than it did when recorded."""
        script, said = self._script, len(self._said)
        gap = script.gaps[said] if said < len(script.gaps) else script.left_after
        return PATIENCE_SECONDS + 2 * gap

    def has_waited(self, seconds: float) -> bool:
        """The client has waited so long again, and nothing was due; whether it does so in vain by now.

        Counted and not timed, so that a stopped process loses no patience; one that computes loses little.
        """
        before, self._computed = self._computed, process_time()
        is_busy = self._computed - before > _IS_BUSY * seconds
        self._waited += seconds / 10 if is_busy else seconds
        return self._waited > self.patience

    def say(self, data: bytes, kind: FrameKind = FrameKind.TEXT, json: str = "") -> None:
        """The client sends this message; `json` is what binary data says.

        Raises `RequestNotRecorded` where no recording of an equal request has it in this place.
        """
        recorder = self._recorder
        if recorder.closed:
            raise self.late()
        self._waited = 0.0
        frame = Frame(sender=CLIENT, data=data, kind=kind, json=json)
        with self._lock:
            self._check()
            if self._is_next(frame):
                return
        self._swap_or_miss(self._matcher.redacted(frame, recorder.known))

    def late(self) -> CassetteStop:
        """What to raise in a client that still uses it when its cassette is closed."""
        sent = self.sent
        return self._recorder.is_late(f"used the connection of {sent.method} {self._recorder.shown(sent.url)}")

    def _is_next(self, frame: Frame) -> bool:
        place, recorded = len(self._said), self._script.client
        shown = self._matcher.equal(frame, recorded[place], self._known) if place < len(recorded) else None
        if shown is not None:
            self._said.append(shown)
        return shown is not None

    def _swap_or_miss(self, frame: Frame) -> None:
        recorder = self._recorder
        with recorder.lock, self._lock:
            self._check()
            if self._is_next(frame):
                # Another one has swapped its recording for this one's meanwhile.
                return
            for other, script in self._others():
                # Who holds two of these locks holds the recorder's, too.
                with nullcontext() if other is None else other._lock:
                    if self._fits([*self._said, frame], script) and (
                        other is None or self._fits(other._said, self._script)
                    ):
                        self._take(script, other)
                        self._said.append(frame)
                        return
            if not self._has_drifted(frame):
                self._fail(self._miss(frame))
            self._said.append(frame)

    def _has_drifted(self, frame: Frame) -> bool:
        """Whether the test's baseline lets it differ so from what is recorded."""
        recorder, place = self._recorder, len(self._said)
        if recorder.known_drift is None or recorder.may_record or place >= len(self._script.client):
            return False
        recorded = self._matcher.redacted(self._script.client[place], KnownSecrets())
        is_known = recorder.known_drift.answer(as_body(frame), [as_body(recorded)], recorder.config)
        return frame.kind is recorded.kind and is_known is not None

    def _others(self) -> Iterator[tuple[Conversation | None, _Script]]:
        """Recordings of equal requests: those that nobody plays, then those whose client can play this one as well."""
        playlist = self._recorder.file.load()
        playing = {id(one.interaction): one for one in self._recorder.conversations}
        taken = []
        for one, is_played in playlist.like(self.interaction):
            if not is_played:
                yield None, _Script(one)
            elif id(one) in playing:
                taken.append(playing[id(one)])
        for other in taken:
            if other.stop is None:
                yield other, other._script

    def _fits(self, said: list[Frame], script: _Script) -> bool:
        known = self._recorder.known
        return len(said) <= len(script.client) and all(
            self._matcher.equal(frame, recorded, known) is not None
            for frame, recorded in zip(said, script.client, strict=False)
        )

    def _take(self, script: _Script, other: Conversation | None) -> None:
        mine = self._script
        self._play(script)
        if other is None:
            self._recorder.file.load().swap(mine.interaction, script.interaction)
        else:
            other._play(mine)

    def _play(self, script: _Script) -> None:
        self._script, self.sent.interaction = script, script.interaction
        # What was made of the one before says nothing of this one.
        self.sent.read = None

    def hear(self) -> Heard | None:
        """The server's next message; None where none is due. Raises what has stopped the conversation."""
        with self._lock:
            self._check()
            server = self._script.server
            if self._heard >= len(server) or server[self._heard][0] > len(self._said):
                return None
            self._heard += 1
            self._waited = 0.0
            return server[self._heard - 1][1]

    def give_up(self) -> CassetteStop:
        """What to raise in a client that has waited in vain; from now on everything raises that."""
        with self._recorder.lock, self._lock:
            if self.stop is None:
                try:
                    self._fail(self._truncated() if self.is_over else self._miss(None))
                except CassetteStop as stop:
                    return stop
            assert self.stop is not None
            return self.stop

    def _check(self) -> None:
        if self.stop is not None:
            raise self.stop

    def _fail(self, stop: CassetteStop) -> None:
        self.stop = self._recorder.note(stop)
        raise stop

    def _request(self) -> Request:
        sent = self.sent
        return Request(method=sent.method, url=sent.url)

    def _miss(self, frame: Frame | None) -> CassetteStop:
        from pytest_llmcassette.matching.mismatch.frames import not_said

        recorder, script = self._recorder, self._script
        place = next(index for index, one in enumerate(recorder.file.recorded()) if one is script.interaction)
        return not_said(
            self._request(),
            frame,
            [self._matcher.redacted(one, recorder.known) for one in script.client],
            recorder.config,
            said=len(self._said),
            recording=place,
            owner=recorder.owner,
            path=recorder.path,
            command=recorder.how_to_record,
        )

    def _truncated(self) -> CassetteStop:
        sent = self.sent
        if self.interaction.outcome is Outcome.FAILED:
            how = f"it broke off ({self.interaction.end})"
        else:
            how = "its client left"
        return RecordingTruncated(
            f"The recording of {sent.method} {sent.url} ends after {len(self.interaction.frames)} frames, where {how}; "
            "this run waits for more.\nRecord this cassette again, with the code as it is now."
        )


def converse(recorder: Recorder, interaction: Interaction) -> Conversation:
    """Play the frames of an interaction that has just answered a request."""
    with recorder.lock:
        talking = {id(one.sent) for one in recorder.conversations}
        sent = next(one for one in reversed(recorder.sent) if one.interaction is interaction and id(one) not in talking)
        conversation = Conversation(recorder, sent, interaction)
        recorder.conversations.append(conversation)
        return conversation


def in_words(recorder: Recorder, unplayed: Interaction) -> str:
    """What was not asked for: a request, or of a conversation what its client has not sent."""
    asked = f"{unplayed.request.method} {unplayed.request.url}"
    one = next((one for one in recorder.conversations if one.interaction is unplayed), None)
    return asked if one is None else f"{asked}: {one.unsaid_words}"
