"""The recorded interactions of one cassette and which of them have been played."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence

from pytest_llmcassette.cassette.model import Interaction, Outcome, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.recorder.slot import is_transient
from pytest_llmcassette.redaction import Redactor


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
        self._next = 0
        self._bytes_decide = not any(name.startswith("header:") for name in config.match_on)
        self._matcher: Matcher | None = None
        self._requests: list[Request] = []
        self._waiting: dict[Hashable, deque[int]] = {}
        self._last: dict[Hashable, int] = {}

    def take(self, request: Request) -> Interaction | None:
        """The next interaction that answers this redacted request; None when there is none (left)."""
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
        return self._take_by_key(self.key(request))

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
        if last is None:
            return None
        interaction = self.interactions[last]
        # Of a failure that a client retried to the end only the last attempt is recorded (see `Recorder`).
        if self._config.allow_repeats or (is_transient(interaction) and not self._config.record_errors):
            return interaction
        return None

    def key(self, request: Request) -> Hashable:
        """Equal for two redacted requests when one's recording answers the other."""
        if self._matcher is None:
            self._matcher = Matcher(self._config)
        return self._matcher.key(request)

    def _make_index(self) -> None:
        if self._last or not self.interactions:
            return
        for index, request in enumerate(self._redacted()):
            key = self.key(request)
            self._waiting.setdefault(key, deque()).append(index)
            self._last[key] = index

    def _redacted(self) -> list[Request]:
        """Redacted like the live side, so that a secret in a file that something else wrote never decides a match."""
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

    def unplayed(self) -> list[Interaction]:
        """What nobody asked for, without requests that the recording client itself gave up before an answer."""
        if 0 not in self._played:
            return []
        return [
            interaction
            for interaction, played in zip(self.interactions, self._played, strict=True)
            if not played and interaction.outcome is not Outcome.GIVEN_UP
        ]

    def is_used_up(self, phase: str) -> bool:
        """Whether a request that is missing in this phase came on top of all that is recorded for it.

        A changed request leaves the recording of the one before unplayed, so that adding the new one is not enough.
        """
        return not any(phase or not one.phase for one in self.unplayed())
