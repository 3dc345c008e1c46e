"""The recorded interactions of one cassette and which of them have been played."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator, Sequence
from typing import TYPE_CHECKING

from pytest_llmcassette.cassette.model import Interaction, Outcome, Request
from pytest_llmcassette.config import MATCHERS, CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.matching.stand_ins import as_recorded
from pytest_llmcassette.modes import RecordMode
from pytest_llmcassette.recorder.slot import is_transient
from pytest_llmcassette.redaction import Redactor

if TYPE_CHECKING:
    from pytest_llmcassette.recorder.known_drift import KnownDrift
    from pytest_llmcassette.recorder.requests import SentRequest

_IN_THE_BYTES = frozenset(MATCHERS)
"""What requests have in common whose method, URL and body are the same, byte for byte: all but headers."""


class Playlist:
    """Plays each interaction once, in recorded order among equals; a look-up costs the same however many there are.

    Code under test mostly asks what it asked when it was recorded, in the same order: then the next interaction is
    compared byte for byte, and the index by keys (which parses every recorded body) is never made.
    """

    def __init__(self, interactions: Sequence[Interaction], config: CassetteConfig, redactor: Redactor) -> None:
        self.interactions = interactions
        self._redactor = redactor
        self._config = config
        self._played = bytearray(len(interactions))
        self._given_back: set[int] = set()
        self._next = 0
        self._bytes_decide = _IN_THE_BYTES.issuperset(config.match_on)
        self._matcher: Matcher | None = None
        self._requests: list[Request] = []
        """Redacted in every way, which is needed only for a request that nothing else answers."""
        self._waiting: dict[Hashable, deque[int]] = {}
        self._last: dict[Hashable, int] = {}

    def take(self, request: Request) -> Interaction | None:
        """The next interaction that answers this redacted request; None when there is none (left)."""
        return self.take_same(request) or self._take_by_key(self.key(request))

    def take_same(self, request: Request | SentRequest) -> Interaction | None:
        """The next interaction in order, if it was recorded with the same bytes; secrets cannot tell those apart."""
        while self._next < len(self._played) and self._played[self._next]:
            self._next += 1
        if self._next < len(self._played) and self._bytes_decide:
            # Of all that wait it is the first, so it is the first of its equals.
            first = self.interactions[self._next].request
            if (
                first.body == request.body
                and first.url == request.url
                and first.method == request.method
                and first.headers.get("Content-Type") == request.headers.get("Content-Type")
            ):
                self._played[self._next] = True
                return self.interactions[self._next]
        return None

    def give_back(self, interaction: Interaction) -> None:
        """Let an interaction that was taken be the next one for its request again; nobody has to ask for it."""
        place = self._place(interaction)
        self._played[place] = False
        self._given_back.add(place)
        self._next = min(self._next, place)
        if self._last:
            waiting = self._waiting[self.key(self._redacted()[place])]
            if place not in waiting:
                waiting.appendleft(place)

    def like(self, interaction: Interaction) -> Iterator[tuple[Interaction, bool]]:
        """The others whose requests are equal to this one's, and whether each was played."""
        key = self.key(self._redacted()[self._place(interaction)])
        for place, (one, request) in enumerate(zip(self.interactions, self._redacted(), strict=True)):
            if one is not interaction and self.key(request) == key:
                yield one, bool(self._played[place])

    def swap(self, taken: Interaction, other: Interaction) -> None:
        """What was taken waits again, and `other` is taken in its place."""
        place = self._place(taken)
        self._played[place] = False
        self._played[self._place(other)] = True
        self._next = min(self._next, place)
        if self._last:
            waiting = self._waiting[self.key(self._redacted()[place])]
            self._waiting[self.key(self._redacted()[place])] = deque(sorted({*waiting, place}))

    def _place(self, interaction: Interaction) -> int:
        return next(index for index, one in enumerate(self.interactions) if one is interaction)

    def _take_by_key(self, key: Hashable) -> Interaction | None:
        self._make_index()
        waiting = self._waiting.get(key)
        while waiting and self._played[waiting[0]]:
            waiting.popleft()
        if waiting:
            index = waiting.popleft()
            self._played[index] = True
            return self.interactions[index]
        last = self._last.get(key)
        return self.interactions[last] if last is not None and self._may_repeat(last) else None

    def take_redacted(self, request: Request) -> tuple[Interaction, Request] | tuple[None, None]:
        """The next interaction that answers this request but for what it has `REDACTED`, and the request as it has it.

        Asked only where there is no other: then a value may be a secret that was known for one only later, or the file
        one that something else wrote.
        """
        waiting = [place for place, played in enumerate(self._played) if not played]
        again = [place for place, played in enumerate(self._played) if played and self._may_repeat(place)]
        for place in waiting + again[::-1]:
            recorded = self._redacted()[place]
            shown = as_recorded(request, recorded) or request
            if self.key(shown) == self.key(recorded):
                self._played[place] = True
                return self.interactions[place], shown
        return None, None

    def _may_repeat(self, place: int) -> bool:
        # Of a failure that a client retried to the end only the last attempt is recorded (see `Recorder`).
        is_retried = is_transient(self.interactions[place]) and not self._config.record_errors
        return self._config.allow_repeats or is_retried

    def key(self, request: Request) -> Hashable:
        """Equal for two redacted requests when one's recording answers the other."""
        if self._matcher is None:
            self._matcher = Matcher(self._config)
        return self._matcher.key(request)

    def _make_index(self) -> None:
        if self._last or not self.interactions:
            return
        # Redacted like the live side, so that a secret in a file that something else wrote never decides a match.
        for index, interaction in enumerate(self.interactions):
            key = self.key(self._redactor.recorded_request(interaction.request, thorough=False))
            self._waiting.setdefault(key, deque()).append(index)
            self._last[key] = index

    def _redacted(self) -> list[Request]:
        if not self._requests:
            self._requests = [self._redactor.recorded_request(one.request) for one in self.interactions]
        return self._requests

    def places(self, key: Hashable) -> list[int]:
        """The positions of the interactions with this key, in order; for a run that plays none."""
        self._make_index()
        return list(self._waiting.get(key, ()))

    def requests(self) -> list[tuple[Request, bool]]:
        """Every recorded request, redacted, and whether it was played."""
        return [(request, bool(played)) for request, played in zip(self._redacted(), self._played, strict=True)]

    def take_drifted(self, request: Request, known: KnownDrift) -> Interaction | None:
        """The interaction that answers this request but for differences that are known; None where they are not."""
        waiting = [place for place, played in enumerate(self._played) if not played]
        found = known.answer(request, [self._redacted()[place] for place in waiting], self._config)
        if found is None:
            return None
        self._played[waiting[found]] = True
        return self.interactions[waiting[found]]

    def unplayed(self) -> list[Interaction]:
        """What nobody asked for, without requests that the recording client itself gave up before an answer."""
        return [self.interactions[place] for place in self.unplayed_places()] if 0 in self._played else []

    def unplayed_places(self) -> list[int]:
        """The positions of `unplayed`."""
        if 0 not in self._played:
            return []
        return [
            place
            for place, (interaction, played) in enumerate(zip(self.interactions, self._played, strict=True))
            if not played and interaction.outcome is not Outcome.GIVEN_UP and place not in self._given_back
        ]

    def is_used_up(self, phase: str) -> bool:
        """Whether a request that is missing in this phase came on top of all that is recorded for it.

        A changed request leaves the recording of the one before unplayed, so that adding the new one is not enough.
        """
        return not any(phase or not one.phase for one in self.unplayed())


def merge(fresh: Sequence[tuple[Request, Interaction]], old: Playlist, mode: RecordMode) -> list[Interaction]:
    """What a cassette holds after a run: its old interactions and those just recorded, as the mode has it."""
    if mode is RecordMode.REWRITE:
        return [interaction for _, interaction in fresh]
    merged = list(old.interactions)
    if mode is not RecordMode.ALL:
        return merged + [interaction for _, interaction in fresh]
    places: dict[Hashable, list[int]] = {}
    for request, interaction in fresh:
        key = old.key(request)
        same = places.setdefault(key, old.places(key))
        if same:
            merged[same.pop(0)] = interaction
        else:
            merged.append(interaction)
    return merged
