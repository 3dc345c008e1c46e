"""The requests of a run that went live, and what of them its cassette is to hold."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock

from pytest_llmcassette.cassette.model import Interaction, Request
from pytest_llmcassette.config import CassetteConfig
from pytest_llmcassette.recorder.requests import RawHeaders, SentRequest
from pytest_llmcassette.recorder.retries import Key, Retries
from pytest_llmcassette.recorder.slot import RecordingSlot, is_transient
from pytest_llmcassette.redaction import KnownSecrets, Redactor


class Recording:
    """One recorder's. `key` tells which requests are equal; `lock` is held while it is asked."""

    def __init__(
        self,
        config: CassetteConfig,
        redactor: Redactor,
        known: KnownSecrets,
        *,
        key: Key,
        lock: RLock,
        is_complete: Callable[[Interaction], bool] | None,
    ) -> None:
        self._config = config
        self._redactor = redactor
        self._known = known
        self._lock = lock
        self._is_complete = is_complete
        self._slots: list[tuple[Request, RecordingSlot]] = []
        self._retries = None if config.record_errors else Retries(key)

    def reserve(self, request: Request, sent: SentRequest, headers: RawHeaders, phase: str) -> RecordingSlot:
        """The place of a request that goes live now, with these headers."""
        sent.live = True
        if self._retries is not None:
            self._retries.started(request, sent, headers)
        slot = RecordingSlot(
            request,
            sent,
            redactor=self._redactor,
            known=self._known,
            config=self._config,
            phase=phase,
            is_complete=self._is_complete,
            on_end=self._note_failure,
        )
        self._slots.append((request, slot))
        return slot

    def _note_failure(self, slot: RecordingSlot) -> None:
        answer = slot.sent.interaction
        if self._retries is not None and answer is not None and is_transient(answer):
            with self._lock:
                self._retries.failed()

    def settle(self) -> None:
        """No more is to come: see `RecordingSlot.settle`."""
        for _, slot in self._slots:
            slot.settle()

    def fresh(self) -> list[tuple[Request, Interaction]]:
        """What was recorded, without failures that were retried; each with its request, as it is compared."""
        self.sweep()
        found = (slot.sent.interaction for _, slot in self._slots if not slot.sent.dropped)
        return [(interaction.request, interaction) for interaction in found if interaction is not None]

    def sweep(self) -> None:
        """Take out of what was recorded what is known to be secret only now.

        A later request may carry what an earlier answer gave out under an unknown name; a test may set a key last.
        """
        known = self._known
        known.learn_environment()
        for _, slot in self._slots:
            if slot.sent.interaction is not None and slot.redacted_with != known.values:
                slot.sent.interaction = self._redactor.without(slot.sent.interaction, known)
                slot.sent.read = None
                slot.redacted_with = known.values
