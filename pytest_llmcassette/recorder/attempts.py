"""Several attempts at one answer: a failure that was served again, and an answer that a change has made another."""

from __future__ import annotations

from pytest_llmcassette.cassette.model import Interaction
from pytest_llmcassette.recorder.requests import SentRequest
from pytest_llmcassette.recorder.slot import is_transient


class Attempts:
    """What of a replay's requests counts, as in a recording: of several attempts at an answer the last one."""

    def __init__(self, sent: list[SentRequest]) -> None:
        self._sent = sent
        self._again: dict[int, list[SentRequest]] = {}
        self.are_altered = False
        """Whether an answer was another than its recording's, so that what was not asked for says nothing."""

    def mark(self, sent: SentRequest, interaction: Interaction, *, keeps_errors: bool) -> None:
        """`interaction` answers `sent`: earlier attempts at it are dropped, failures unless `keeps_errors`."""
        sent.interaction = interaction
        for earlier in self._again.get(id(interaction), ()):
            earlier.dropped = True
        if keeps_errors or len(self._sent) == 1 or not is_transient(interaction):
            return
        for earlier in self._sent[:-1]:
            if earlier.interaction is interaction:
                earlier.dropped = True

    def was_altered(self, recorded: Interaction, delivered: Interaction) -> None:
        """A change has made another answer of a recording. What was delivered is what this run has seen."""
        self.are_altered = True
        for sent in reversed(self._sent):
            if sent.interaction is recorded:
                sent.interaction = delivered
                return

    def come_again(self, recorded: Interaction, delivered: Interaction) -> None:
        """Whoever was answered with `delivered` may ask again for the recording: then that attempt is dropped."""
        for sent in reversed(self._sent):
            if sent.interaction is delivered:
                self._again.setdefault(id(recorded), []).append(sent)
                return
