"""The recorded interactions of one cassette and which of them have been played."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence

from pytest_llmcassette.cassette.model import Interaction, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.matching import Matcher
from pytest_llmcassette.recording import CLOSED, is_transient
from pytest_llmcassette.redaction import Redactor


class Playlist:
    """Plays each interaction once, in recorded order among equals; a look-up costs the same however many there are."""

    def __init__(
        self, interactions: Sequence[Interaction], config: CassetteConfig, redactor: Redactor, matcher: Matcher
    ) -> None:
        self.interactions = interactions
        self._config = config
        self._played = bytearray(len(interactions))
        self._requests: list[Request] = []
        self._waiting: dict[Hashable, deque[int]] = {}
        self._last: dict[Hashable, int] = {}
        for index, interaction in enumerate(interactions):
            # Redacted like the live side, so that a secret in a file that something else wrote never decides a match.
            request = redactor.recorded_request(interaction.request)
            self._requests.append(request)
            self._waiting.setdefault(matcher.key(request), deque()).append(index)

    def take(self, key: Hashable) -> Interaction | None:
        """The next interaction that answers a request with this key; None when there is none (left)."""
        waiting = self._waiting.get(key)
        if waiting:
            index = waiting.popleft()
            self._last[key] = index
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

    def peek_all(self, key: Hashable) -> list[int]:
        """The positions of the interactions with this key which have not been played, in order."""
        return list(self._waiting.get(key, ()))

    def requests(self) -> list[tuple[Request, bool]]:
        """Every recorded request, redacted, and whether it was played."""
        return [(request, bool(played)) for request, played in zip(self._requests, self._played, strict=True)]

    def unplayed(self) -> list[Interaction]:
        """What nobody asked for, without requests that the recording client itself gave up before an answer."""
        return [
            interaction
            for interaction, played in zip(self.interactions, self._played, strict=True)
            if not played and not (interaction.response.code == 0 and interaction.end == CLOSED)
        ]
